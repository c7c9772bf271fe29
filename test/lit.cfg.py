"""lit's configuration for everything under test/ but the Python tests."""

import glob
import os

import lit.formats
from lit.llvm import llvm_config
from lit.llvm.subst import FindTool, ToolSubst

config.name = "spattn"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "python", "Unit"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.spattn_obj_root, "test")

# Stop a test that hangs. lit needs Python's psutil for that.
if lit_config.maxIndividualTestTimeIsSupported[0]:
    lit_config.maxIndividualTestTime = 900

bin_dir = os.path.join(config.spattn_obj_root, "bin")
lib_dir = os.path.join(config.spattn_obj_root, "lib")
shared_lib_suffix = ".dylib" if os.uname().sysname == "Darwin" else ".so"

# Programs. The tests name them without a folder; a missing one that the build
# makes is reported as such.
llvm_config.add_tool_substitutions(
    [
        ToolSubst("spattn-bench", unresolved="fatal"),
        ToolSubst("spattn-opt", unresolved="fatal"),
        ToolSubst("spattn-reduce", unresolved="fatal"),
        ToolSubst("spattn-run", unresolved="fatal"),
        ToolSubst("spattn-translate", unresolved="fatal"),
        ToolSubst("spattn-viz", unresolved="fatal"),
        ToolSubst("spattn-lsp-server", unresolved="ignore"),
    ],
    [bin_dir],
)
llvm_config.add_tool_substitutions(
    [
        ToolSubst("FileCheck", unresolved="fatal"),
        ToolSubst("split-file", unresolved="fatal"),
        ToolSubst("mlir-opt", unresolved="fatal"),
        ToolSubst("mlir-runner", unresolved="ignore"),
        ToolSubst("mlir-translate", unresolved="ignore"),
        # The words in a pipe only: elsewhere they may be part of a test's text.
        ToolSubst(r"\| \bnot\b", command=FindTool("not"), verbatim=True),
        ToolSubst(r"\| \bcount\b", command=FindTool("count"), verbatim=True),
    ],
    [config.llvm_tools_dir],
)
# For commands that start with `not`, and tools not named above.
llvm_config.with_environment("PATH", config.llvm_tools_dir, append_path=True)

config.substitutions += [
    ("%python", f'"{config.python}"'),
    ("%examples", os.path.join(config.spattn_src_root, "examples")),
    ("%spattn_root", config.spattn_src_root),
    ("%spattn_build", config.spattn_obj_root),
    ("%cmake", config.cmake),
    ("%cc", config.cc),
    ("%cxx", config.cxx),
    ("%mlir_tblgen", config.mlir_tblgen),
    ("%mlir_include_dir", config.mlir_include_dir),
    # Loaded by the stock mlir-opt: --load-dialect-plugin=, --load-pass-plugin=.
    ("%spattn_plugin", os.path.join(lib_dir, "SpattnPlugin" + shared_lib_suffix)),
    ("%mlir_lib_dir", config.llvm_lib_dir),
    ("%llvm_tools", config.llvm_tools_dir),
    ("%shlibext", shared_lib_suffix),
]

# A variable of one CHECK-LABEL block must not be seen in the next by accident.
config.environment["FILECHECK_OPTS"] = (
    "--enable-var-scope --allow-unused-prefixes=false"
)

# The C API, which needs static libraries of MLIR.
if os.path.exists(os.path.join(lib_dir, "libspattn_c" + shared_lib_suffix)):
    config.available_features.add("capi")

# mkdocs with its theme, from the Python packages.
packages = os.path.join(
    os.path.dirname(os.path.dirname(config.python)), "lib/python3*/site-packages"
)
if glob.glob(os.path.join(packages, "mkdocs_material-*")):
    config.available_features.add("mkdocs")

# NVIDIA's assembler and disassembler, likewise.
nvidia = os.path.join(packages, "nvidia/*/bin")
for folder in sorted(glob.glob(nvidia)):
    ptxas, cuobjdump = (os.path.join(folder, name) for name in ("ptxas", "cuobjdump"))
    if os.path.exists(ptxas) and os.path.exists(cuobjdump):
        config.available_features.add("ptxas")
        config.environment["SPATTN_PTXAS"] = ptxas
        config.substitutions.append(("%cuobjdump", cuobjdump))
        break
# Tests leave the user's cache alone.
config.environment["SPATTN_CACHE_DIR"] = ""
config.substitutions.append(
    ("%fake_cuda", os.path.join(lib_dir, "libSpattnFakeCuda" + shared_lib_suffix))
)

# Sanitizers. scripts/check.sh sets the run-time options; these are for lit run
# by hand.
if "address" in config.sanitize:
    config.available_features.add("asan")
    config.environment["ASAN_OPTIONS"] = os.environ.get(
        "ASAN_OPTIONS", "allow_user_poisoning=0:detect_stack_use_after_return=1"
    )
    config.environment["LSAN_OPTIONS"] = os.environ.get(
        "LSAN_OPTIONS",
        "print_suppressions=0:suppressions="
        + os.path.join(config.test_source_root, "lsan.supp"),
    )
if "undefined" in config.sanitize:
    config.available_features.add("ubsan")
    config.environment["UBSAN_OPTIONS"] = os.environ.get(
        "UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1"
    )

# A plugin built with ASan cannot be loaded into an mlir-opt that is not.
if config.has_plugin and "asan" not in config.available_features:
    config.available_features.add("plugin")

# Tests that need an NVIDIA GPU say `REQUIRES: gpu` and run only when asked for.
if os.environ.get("SPATTN_TEST_CUDA") == "1":
    config.available_features.add("gpu")
    llvm_config.with_system_environment(
        ["CUDA_HOME", "CUDA_PATH", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH"]
    )

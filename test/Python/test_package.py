# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The package as a whole: versions, names, the command, what it imports."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import definition
import pytest
import spattn
from spattn import __main__ as command
from spattn import _capi

PACKAGE = Path(spattn.__file__).parent


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path), **environment},
    )


def test_version():
    cmake = (definition.ROOT / "CMakeLists.txt").read_text()
    assert re.search(r"project\(spattn VERSION (\S+)", cmake)[1] == spattn.__version__


def test_all_is_there():
    assert sorted(spattn.__all__, key=lambda x: (x.islower(), x)) and all(
        getattr(spattn, name).__doc__ or name == "__version__"
        for name in spattn.__all__
    )
    assert (PACKAGE / "py.typed").exists()


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda p: p.name)
def test_syntax_is_of_python_3_10(path):
    ast.parse(path.read_text(), feature_version=(3, 10))


def test_types():
    """Users' type checkers see the annotations, so they have to be right."""
    pytest.importorskip("mypy")
    names = {f"spattn.{path.stem}" for path in PACKAGE.glob("*.py")}
    modules = [f"--module={name.removesuffix('.__init__')}" for name in sorted(names)]
    answer = run("-m", "mypy", "--strict", "--python-version=3.10", *modules)
    assert answer.returncode == 0, answer.stdout


def test_imports():
    """The package itself brings in nothing, and loads the library when asked."""
    code = "import sys, spattn; print({'numpy', 'torch', 'jax'} & set(sys.modules))"
    assert run("-c", code).stdout.strip() == "set()"
    code = "import spattn._capi; print(spattn._capi._library)"
    assert run("-c", code).stdout.strip() == "None"


BARE = """
import array, pickle, sys
import spattn
x = memoryview(array.array("f", range(24))).cast("B").cast("f", (1, 2, 3, 4))
assert spattn.attention(x, x, x, spattn.window(1)).tolist() == x.tolist()
structure = spattn.sink(4) | spattn.local_band()
problem = spattn.Problem(structure, 4, 8)
assert pickle.loads(pickle.dumps(problem)) == problem
assert "<svg" in str(structure.plot(64)) and structure.stats(64).pairs > 0
print(sys.version_info[:2])
"""


@pytest.mark.parametrize("minor", range(10, 16))
def test_other_pythons(minor):
    """One package for all of them, without anything else installed."""
    python = shutil.which(f"python3.{minor}")
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    answer = python and subprocess.run(
        [python, "-I", "-c", "0"], capture_output=True, env=environment
    )
    if not answer or answer.returncode:
        pytest.skip(f"no python3.{minor}")
    answer = subprocess.run(
        [python, "-S", "-c", BARE], capture_output=True, text=True, env=environment
    )
    assert answer.stdout.strip() == f"(3, {minor})", answer.stderr


def test_missing_library(tmp_path):
    answer = run(
        "-c", "import spattn; spattn.causal()", SPATTN_LIBRARY_DIR=str(tmp_path)
    )
    assert f"no libspattn_c.so in {tmp_path}; install spattn" in answer.stderr
    answer = run("-m", "spattn", "info", SPATTN_LIBRARY_DIR=str(tmp_path))
    assert answer.returncode == 1 and "MISSING" in answer.stdout


@pytest.mark.parametrize("module, name", [("torch", "PyTorch"), ("jax", "JAX")])
def test_built_without_a_framework(tmp_path, module, name):
    pytest.importorskip(module)
    (tmp_path / "libspattn_c.so").symlink_to(_capi.library_path("libspattn_c.so"))
    code = f"import spattn.{module}; spattn.{module}._ffi._register()"
    answer = run("-c", code, SPATTN_LIBRARY_DIR=str(tmp_path))
    assert f"spattn was built without {name}; install spattn again" in answer.stderr


def test_info(capsys):
    assert command.main(["info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines]
    for name in (
        "spattn",
        "library",
        "CPU",
        "driver",
        "ptxas",
        "cache",
        "torch",
        "jax",
    ):
        assert name in names
    assert spattn.__version__ in lines[0]


def test_info_without_a_driver():
    answer = run("-m", "spattn", "info", SPATTN_CUDA_DRIVER="libnone.so")
    assert answer.returncode == 0
    assert re.search(r"driver +MISSING: .*libnone.so", answer.stdout)
    code = "import spattn; spattn.compile(spattn.Problem('#spattn.full', 1, 8), 'cuda')"
    answer = run("-c", code, SPATTN_CUDA_DRIVER="libnone.so")
    assert "DeviceError" in answer.stderr and "libnone.so" in answer.stderr


def test_stats_and_plot(capsys):
    assert command.main(["stats", "#spattn.causal", "1024", "--heads", "2"]) == 0
    assert "1,049,600, 50.05% of all" in capsys.readouterr().out
    assert command.main(["plot", "#spattn.causal", "64", "--heads", "1"]) == 0
    assert capsys.readouterr().out.startswith("<svg")
    assert command.main(["stats", "#spattn.casual", "64"]) == 1
    assert "casual" in capsys.readouterr().err

"""A whole model, exported by torch-mlir, whose attention runs on a GPU.

    model.py build FOLDER [--model MODEL.mlir] [options of program.py]
    model.py run FOLDER

`build` raises the model's attention, lowers the whole to a shared library, and has
spattn-run compute the result of random inputs on the CPU. `run` needs only NumPy: it
calls the library, and compares.
"""

import ctypes
import re
import sys
from pathlib import Path

from program import ROOT, link, lower, make_parser, run_tool

DTYPES = {"f16": "float16", "f32": "float32", "i64": "int64"}
FUNCTION = re.compile(r"^  func\.func @(\w+)\((.*)\) -> tensor<.*> \{$", re.MULTILINE)


def build(args) -> None:
    import numpy as np

    folder, tools = Path(args.folder).resolve(), Path(args.bin)
    folder.mkdir(parents=True, exist_ok=True)
    raised = folder / "raised.mlir"
    passes = "-inline", "-spattn-raise-attention=remarks"
    run_tool(tools / "spattn-opt", args.model, *passes, "-o", raised)
    text = raised.read_text()
    (function,) = FUNCTION.finditer(text)
    rng = np.random.default_rng(5)
    files = []
    for shape, element in re.findall(r"tensor<((?:\d+x)*)(\w+)>", function[2]):
        sizes = [int(size) for size in shape.split("x")[:-1]]
        # Weights of a model are small.
        x = 0.2 * rng.standard_normal(sizes)
        files.append(folder / f"input{len(files):02}.npy")
        np.save(files[-1], x.astype(DTYPES[element]))
    inputs = [f"--input={file}" for file in files]
    output = f"--output={folder / 'expected.npy'}"
    run_tool(tools / "spattn-run", raised, "--device=cpu", *inputs, output)
    # For C to call.
    named = function[0][:-1] + "attributes {llvm.emit_c_interface} {"
    (folder / "named.mlir").write_text(text.replace(function[0], named))
    compiled = lower(args, folder / "named.mlir", folder / "model")
    link(args, folder / "model.so", "-shared", compiled)
    (folder / "name").write_text(function[1])


def memref(address: int, sizes, strides) -> ctypes.Array:
    """A memref as MLIR passes it to C."""
    words = [address, address, 0, *sizes, *strides]
    return (ctypes.c_int64 * len(words))(*words)


def run(args) -> None:
    import numpy as np

    folder = Path(args.folder).resolve()
    want = np.load(folder / "expected.npy")
    inputs = [np.load(file) for file in sorted(folder.glob("input*.npy"))]
    arrays = [
        memref(x.ctypes.data, x.shape, [step // x.itemsize for step in x.strides])
        for x in inputs
    ]
    result = memref(0, [0] * want.ndim, [0] * want.ndim)
    name = (folder / "name").read_text()
    library = ctypes.CDLL(folder / "model.so")
    getattr(library, f"_mlir_ciface_{name}")(*map(ctypes.byref, [result, *arrays]))
    _, aligned, offset, *rest = result
    assert tuple(rest[: want.ndim]) == want.shape, rest
    start = aligned + offset * want.itemsize
    memory = (ctypes.c_byte * want.nbytes).from_address(start)
    got = np.frombuffer(memory, want.dtype).reshape(want.shape)
    got, want = got.astype(np.float64), want.astype(np.float64)
    error = np.linalg.norm(got - want) / np.linalg.norm(want)
    print(f"{name}: relative error {error:.2e}")
    # Not a NaN either.
    sys.exit(not error <= 2e-3)


def main() -> None:
    parser = make_parser()
    default = ROOT / "test/Integration/Raising/llama.mlir"
    parser.add_argument("--model", type=Path, default=default)
    args = parser.parse_args()
    (build if args.what == "build" else run)(args)


if __name__ == "__main__":
    main()

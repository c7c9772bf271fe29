"""Runs small kernels of tile operations, and compares them with NumPy.

    tile_ops.py build FOLDER [--targets sm_80,sm_90,sm_90a]
    tile_ops.py run FOLDER       # on a GPU: needs numpy and cuda-bindings only
    tile_ops.py emulate FOLDER   # the PTX of sm_80, without a GPU

`build` writes PTX, and cubins where ptxas is found. A kernel loads tiles of
queries, keys and values, and does one thing with the product of the first two;
every operation that computes is in one of them.
"""

import argparse
import ctypes
import itertools
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import ptx_emulator
from ptx_emulator import narrow, widen


@dataclass(frozen=True)
class Shape:
    """Element type, columns of queries, keys, columns of values."""

    element: str
    depth: int
    keys: int
    columns: int

    @property
    def name(self) -> str:
        return f"{self.element}_{self.depth}_{self.keys}_{self.columns}"


SHAPES = (
    Shape("bf16", 64, 64, 64),
    Shape("bf16", 128, 128, 128),
    Shape("f16", 128, 48, 64),
    Shape("f16", 64, 16, 128),
)
ROOT = Path(__file__).parents[3]
# Numbers that each of the four warps takes.
FETCHES = 2
QUERY_ROWS = 128


def kernel(shape: Shape, what: str) -> str:
    """A kernel of 128 threads for the 64 queries of a row block."""
    element, depth, keys, columns = (
        shape.element,
        shape.depth,
        shape.keys,
        shape.columns,
    )
    q = f"!tile.shared<{QUERY_ROWS}x{depth}x{element}>"
    k = f"!tile.shared<{keys}x{depth}x{element}>"
    v = f"!tile.shared<{keys}x{columns}x{element}>"
    s, o = f"!tile.acc<64x{keys}xf32>", f"!tile.acc<64x{columns}xf32>"
    p = f"!tile.operand<64x{keys}x{element}>"

    def aligned(size):
        return -(-size // 1024) * 1024

    key_at = QUERY_ROWS * depth * 2
    value_at = aligned(key_at + keys * depth * 2)
    barrier_at = aligned(value_at + keys * columns * 2)
    mask = f"""
  %m = tile.mask %s {{
  ^bb0(%r: index):
    %i = arith.index_cast %r : index to i32
    %c5 = arith.constant 5 : i32
    %lo = arith.subi %i, %c5 : i32
    %c2 = arith.constant 2 : i32
    %near = arith.addi %i, %c2 : i32
    %far = arith.addi %near, %c5 : i32
    %end = arith.constant {keys} : i32
    tile.yield %lo, %near, %far, %end : i32, i32, i32, i32
  }} : {s}"""
    maximum = f"""
  %inf = arith.constant 0xFF800000 : f32
  %none = tile.fill %inf : !tile.rows
  %m0 = tile.reduce max %s, %none : {s}
  %m = tile.combine max %m0"""
    bodies = {
        "scores": f"""
  tile.store %s to %out stride %n rows %count as f32 : {s}""",
        "narrow": f"""
  tile.store %s to %out stride %n rows %count as {element} : {s}""",
        "mask": f"""{mask}
  tile.store %m to %out stride %n rows %count as f32 : {s}""",
        "max": f"""{maximum}
  tile.store_rows %m to %out stride %n rows %count""",
        "sum": f"""
  %half = arith.constant 0.5 : f32
  %some = tile.fill %half : !tile.rows
  %m0 = tile.reduce add %s, %some : {s}
  %m = tile.combine add %m0
  tile.store_rows %m to %out stride %n rows %count""",
        "map": f"""{maximum}
  %e = tile.map(%s, %m) {{
  ^bb0(%a: f32, %c: f32):
    %d = arith.subf %a, %c : f32
    %x = math.exp2 %d : f32
    tile.yield %x : f32
  }} : ({s}, !tile.rows) -> {s}
  tile.store %e to %out stride %n rows %count as f32 : {s}""",
        # Each warp takes two numbers, and all its lanes write each to a place of
        # its own. The counter is the first word: poison, which is -1.
        "fetch": "".join(
            f"""
  %t{i} = tile.fetch %out
  %n{i} = tile.broadcast %t{i}
  %at{i} = arith.addi %n{i}, %one : i32
  %words{i} = arith.muli %at{i}, %warp : i32
  %word{i} = arith.addi %words{i}, %thread_of_warp : i32
  %to{i} = llvm.getelementptr %numbers[%word{i}] : (!llvm.ptr, i32) -> !llvm.ptr, i32
  llvm.store %n{i}, %to{i} : i32, !llvm.ptr"""
            for i in range(FETCHES)
        ),
        # The second product adds to the first.
        "output": f"""
  %p = tile.to_operand %s : {s} to {p}
  tile.mma_fence
  %o0 = tile.mma %p, %vt : {p}, {v} -> {o}
  tile.mma_commit
  %o1:2 = tile.mma_wait 0, %o0, %p : {o}, {p}
  tile.mma_fence
  %o2 = tile.mma %o1#1, %vt acc %o1#0 : {p}, {v}, {o} -> {o}
  tile.mma_commit
  %o3:2 = tile.mma_wait 0, %o2, %o1#1 : {o}, {p}
  tile.store %o3#0 to %out stride %n rows %count as f32 : {o}""",
    }
    map_type = (
        "!llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<16 x i64>, "
        "nvvm.grid_constant}"
    )
    return f"""
llvm.func @{what}_{shape.name}(%mq: {map_type}, %mk: {map_type}, %mv: {map_type},
    %out: !llvm.ptr, %stride: i32, %rows: i32, %query: i32, %key: i32, %h: i32,
    %b: i32, %group: i32)
    attributes {{nvvm.kernel, nvvm.maxntid = array<i32: 128, 1, 1>}} {{
  %n = arith.index_cast %stride : i32 to index
  %count = arith.index_cast %rows : i32 to index
  %qrow = arith.index_cast %query : i32 to index
  %krow = arith.index_cast %key : i32 to index
  %head = arith.index_cast %h : i32 to index
  %batch = arith.index_cast %b : i32 to index
  %g = arith.index_cast %group : i32 to index
  %zero = arith.constant 0 : i32
  %warp = arith.constant 32 : i32
  %thread = nvvm.read.ptx.sreg.tid.x : i32
  %thread_of_warp = arith.remui %thread, %warp : i32
  %one = arith.constant 1 : i32
  %numbers = llvm.getelementptr %out[8] : (!llvm.ptr) -> !llvm.ptr, i32
  %is_thread = arith.cmpi eq, %thread, %zero : i32
  %is_warp = arith.cmpi ult, %thread, %warp : i32
  %qt = tile.shared at 0 : {q}
  %kt = tile.shared at {key_at} : {k}
  %vt = tile.shared at {value_at} : {v}
  %full = tile.barrier at {barrier_at}
  scf.if %is_thread {{
    tile.barrier_init %full, 3 loads
    tile.barrier_fence
  }}
  tile.sync 0, 128
  scf.if %is_warp {{
    tile.load %mq[%qrow, %head, %batch] to %qt, %full : {q}
    tile.load %mk[%krow, %head, %batch] to %kt, %full : {k}
    tile.load %mv[%krow, %head, %batch] to %vt, %full : {v}
  }}
  tile.barrier_wait %full parity %zero
  tile.mma_fence
  %s0 = tile.mma %qt rows %g, %kt {{transposed}} : {q}, {k} -> {s}
  tile.mma_commit
  %s = tile.mma_wait 0, %s0 : {s}{bodies[what]}
  llvm.return
}}
"""


KINDS = ("scores", "narrow", "mask", "max", "sum", "map", "output", "fetch")
SHARED_BYTES = 2 * 128 * (128 + 128 + 128) + 1024 + 64


def names():
    return [
        (shape, what, f"{what}_{shape.name}")
        for shape, what in itertools.product(SHAPES, KINDS)
    ]


# What the kernels are given, and what they should give.

BATCHES, HEADS, QUERIES, KEYS = 2, 3, 150, 100
BATCH, HEAD = 1, 2
# First rows, such that the last ones are past the ends; the row block.
CASES = ((0, 0, 0, 64), (64, 48, 1, 37), (64, 0, 0, 64))
POISON = 0xFF


class Arrays:
    """Operands laid out as (batch, length, head, dimension)."""

    def __init__(self, shape: Shape):
        random = np.random.default_rng(1)
        self.values = [
            random.integers(-2, 3, (BATCHES, length, HEADS, dim)).astype(np.float32)
            for length, dim in (
                (QUERIES, shape.depth),
                (KEYS, shape.depth),
                (KEYS, shape.columns),
            )
        ]
        self.bits = [narrow(x, shape.element) for x in self.values]

    @staticmethod
    def strides(bits):
        """Bytes, by dimensions from the innermost one out, as tensor maps."""
        batch, row, head, one = bits.strides
        return one, row, head, batch

    @staticmethod
    def sizes(bits):
        batch, length, heads, dim = bits.shape
        return dim, length, heads, batch

    def software_map(self, i, address) -> bytes:
        bits = self.bits[i]
        words = [address, *self.strides(bits)[1:], 0, *self.sizes(bits), 0]
        return np.array(words + [0] * (16 - len(words)), np.int64).tobytes()


def expected(shape: Shape, what: str, arrays: Arrays, case):
    query, key, block, count = case
    if what == "fetch":
        words = np.full((count, stride_of(shape, what)), 0xFFFFFFFF, np.uint32)
        numbers = np.arange(4 * FETCHES, dtype=np.uint32) - np.uint32(1)
        words.ravel()[0] = numbers[-1] + 1
        words.ravel()[8 : 8 + 32 * len(numbers)] = numbers.repeat(32)
        return words

    def rows(i, first, count):
        found = arrays.values[i][BATCH, first : first + count, HEAD]
        return np.pad(found, ((0, count - len(found)), (0, 0)))

    q = rows(0, query + 64 * block, 64)
    if block:
        q[max(0, 128 - 64 * block) :] = 0
    k, v = rows(1, key, shape.keys), rows(2, key, shape.keys)
    s = q @ k.T
    if what == "mask":
        i, j = np.arange(64)[:, None], np.arange(shape.keys)
        allowed = ((j >= i - 5) & (j < i + 2)) | (j >= i + 7)
        return np.where(allowed, s, -np.inf)
    maximum = s.max(1, keepdims=True)
    return {
        "scores": lambda: s,
        "narrow": lambda: widen(narrow(s, shape.element), shape.element),
        "max": lambda: maximum,
        "sum": lambda: s.sum(1, keepdims=True) + 4 * np.float32(0.5),
        "map": lambda: np.exp2(s - maximum),
        "output": lambda: 2 * (widen(narrow(s, shape.element), shape.element) @ v),
    }[what]()


def check(name, shape, what, case, raw, want):
    """`raw` are the bytes that the kernel left in a buffer of 64 rows."""
    rows, columns, stride = case[3], want.shape[1], stride_of(shape, what)
    bits = np.frombuffer(raw, np.uint16 if what == "narrow" else np.uint32)
    bits = bits.reshape(64, stride)
    poison = np.full(1, POISON, np.uint8).repeat(bits.itemsize).view(bits.dtype)[0]
    if (bits[rows:] != poison).any() or (bits[:, columns:] != poison).any():
        raise AssertionError(f"{name} {case}: wrote past the rows or columns")
    got = bits[:rows, :columns]
    if want.dtype == np.uint32:
        np.testing.assert_array_equal(got, want, err_msg=f"{name} {case}")
        return
    got = widen(got, shape.element) if what == "narrow" else got.view(np.float32)
    np.testing.assert_allclose(
        got,
        want[:rows],
        rtol=1e-5 if what == "map" else 0,
        atol=1e-30,
        err_msg=f"{name} {case}",
    )


def stride_of(shape, what) -> int:
    if what == "fetch":
        return 8
    if what in ("max", "sum"):
        return 3
    return (shape.columns if what == "output" else shape.keys) + 8


def scalars(shape, what, case):
    query, key, block, rows = case
    return (stride_of(shape, what), rows, query, key, HEAD, BATCH, block)


# Running.


def emulate(folder: Path) -> None:
    ptx = (folder / "sm_80.ptx").read_text()
    for shape, what, name in names():
        arrays = Arrays(shape)
        compiled = ptx_emulator.Kernel(ptx, name)
        for case in CASES:
            memory = ptx_emulator.Memory(ptx_emulator.MEMORY_BASE, 1 << 20)
            arguments, at = [], 0
            for i, bits in enumerate(arrays.bits):
                memory.bytes[at : at + bits.nbytes] = bits.view(np.uint8).ravel()
                arguments.append(arrays.software_map(i, memory.base + at))
                at += -(-bits.nbytes // 256) * 256 + 256
            arguments.append(np.uint64(memory.base + at).tobytes())
            arguments += [np.int32(x).tobytes() for x in scalars(shape, what, case)]
            ptx_emulator.Block(compiled, arguments, memory, SHARED_BYTES).run()
            size = 64 * stride_of(shape, what) * (2 if what == "narrow" else 4)
            raw = memory.bytes[at : at + size].tobytes()
            check(name, shape, what, case, raw, expected(shape, what, arrays, case))
    print(f"{len(names())} kernels agree")


class Gpu:
    """A device through the driver, and what the kernels need of it."""

    def __init__(self):
        from cuda.bindings import driver

        self.cuda = driver
        self(driver.cuInit(0))
        device = self(driver.cuDeviceGet(0))
        self.context = self(driver.cuDevicePrimaryCtxRetain(device))
        self(driver.cuCtxSetCurrent(self.context))
        attribute = driver.CUdevice_attribute
        self.capability = tuple(
            self(driver.cuDeviceGetAttribute(a, device))
            for a in (
                attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
            )
        )

    def __call__(self, result):
        error, *values = result
        if error != self.cuda.CUresult.CUDA_SUCCESS:
            raise RuntimeError(str(error))
        return values[0] if values else None

    def upload(self, array):
        data = np.ascontiguousarray(array)
        pointer = self(self.cuda.cuMemAlloc(data.nbytes))
        self(self.cuda.cuMemcpyHtoD(pointer, data.ctypes.data, data.nbytes))
        return pointer

    def tensor_map(self, arrays, i, address, rows, element) -> bytes:
        cuda, bits = self.cuda, arrays.bits[i]
        kind = cuda.CUtensorMapDataType
        encoded = self(
            cuda.cuTensorMapEncodeTiled(
                kind.CU_TENSOR_MAP_DATA_TYPE_BFLOAT16
                if element == "bf16"
                else kind.CU_TENSOR_MAP_DATA_TYPE_FLOAT16,
                4,
                address,
                [cuda.cuuint64_t(v) for v in arrays.sizes(bits)],
                [cuda.cuuint64_t(v) for v in arrays.strides(bits)[1:]],
                [cuda.cuuint32_t(v) for v in (64, rows, 1, 1)],
                [cuda.cuuint32_t(1)] * 4,
                cuda.CUtensorMapInterleave.CU_TENSOR_MAP_INTERLEAVE_NONE,
                cuda.CUtensorMapSwizzle.CU_TENSOR_MAP_SWIZZLE_128B,
                cuda.CUtensorMapL2promotion.CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                cuda.CUtensorMapFloatOOBfill.CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE,
            )
        )
        return ctypes.string_at(encoded.getPtr(), 128)

    def launch(self, function, arguments):
        storage = []
        for value in arguments:
            buffer = (ctypes.c_byte * (len(value) + 64))()
            start = (ctypes.addressof(buffer) + 63) & ~63
            ctypes.memmove(start, value, len(value))
            storage.append((buffer, start))
        pointers = (ctypes.c_void_p * len(storage))(*(start for _, start in storage))
        grid = (1, 1, 1, 128, 1, 1)
        self(
            self.cuda.cuLaunchKernel(
                function, *grid, SHARED_BYTES, 0, ctypes.addressof(pointers), 0
            )
        )
        self(self.cuda.cuCtxSynchronize())


def run(folder: Path) -> None:
    gpu = Gpu()
    limit = gpu.cuda.CUfunction_attribute
    limit = limit.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    ran = 0
    for path in sorted([*folder.glob("*.cubin"), *folder.glob("*.ptx")]):
        is_sm90 = path.stem == "sm_90a"
        if is_sm90 and gpu.capability != (9, 0):
            continue
        data = np.frombuffer(path.read_bytes() + b"\0", np.uint8)
        error, module = gpu.cuda.cuModuleLoadData(data.ctypes.data)
        if error == gpu.cuda.CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU:
            print(f"{path.name}: not for this GPU")
            continue
        gpu((error,))
        for shape, what, name in names():
            arrays = Arrays(shape)
            function = gpu(gpu.cuda.cuModuleGetFunction(module, name.encode()))
            gpu(gpu.cuda.cuFuncSetAttribute(function, limit, SHARED_BYTES))
            pointers = [gpu.upload(bits) for bits in arrays.bits]
            for case in CASES:
                maps = [
                    gpu.tensor_map(arrays, i, int(p), rows, shape.element)
                    if is_sm90
                    else arrays.software_map(i, int(p))
                    for i, (p, rows) in enumerate(
                        zip(
                            pointers,
                            (QUERY_ROWS, shape.keys, shape.keys),
                            strict=True,
                        )
                    )
                ]
                size = 64 * stride_of(shape, what) * (2 if what == "narrow" else 4)
                raw = np.full(size, POISON, np.uint8)
                out = gpu.upload(raw)
                arguments = [*maps, np.uint64(int(out)).tobytes()]
                arguments += [np.int32(x).tobytes() for x in scalars(shape, what, case)]
                gpu.launch(function, arguments)
                gpu(gpu.cuda.cuMemcpyDtoH(raw.ctypes.data, out, size))
                want = expected(shape, what, arrays, case)
                check(name, shape, what, case, raw.tobytes(), want)
                gpu(gpu.cuda.cuMemFree(out))
            for pointer in pointers:
                gpu(gpu.cuda.cuMemFree(pointer))
        print(f"{path.name}: {len(names())} kernels agree")
        ran += 1
    if not ran:
        sys.exit("nothing to run on this GPU")


def compile_ptx(source: Path, target: str, translate, options="") -> Path:
    """`options` are those of spattn-gpu, for attention."""
    ptx = source.with_name(f"{target}.ptx")
    translate = translate or ROOT / "build/bin/spattn-translate"
    arguments = "--spattn-to-ptx", f"--chip={target}", f"--gpu-options={options}"
    subprocess.run([translate, *arguments, source, "-o", ptx], check=True)
    return ptx


def build(folder: Path, targets, translate) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "kernels.mlir"
    source.write_text("".join(kernel(shape, what) for shape, what, _ in names()))
    ptxas = next(ROOT.glob(".venv/lib/*/site-packages/nvidia/*/bin/ptxas"), None)
    ptxas = os.environ.get("PTXAS") or ptxas or shutil.which("ptxas")
    for target in targets:
        ptx = compile_ptx(source, target, translate)
        if ptxas:
            cubin = folder / f"{target}.cubin"
            command = [ptxas, f"-arch={target}", "-O3", ptx, "-o", cubin]
            subprocess.run(command, check=True)
            if target == "sm_90a":
                ptx.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("step", choices=("build", "run", "emulate"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--targets", default="sm_80,sm_90,sm_90a")
    parser.add_argument(
        "--translate", help="spattn-translate, by default that of build/"
    )
    arguments = parser.parse_args()
    if arguments.step == "build":
        build(arguments.folder, arguments.targets.split(","), arguments.translate)
    else:
        {"run": run, "emulate": emulate}[arguments.step](arguments.folder)


if __name__ == "__main__":
    main()

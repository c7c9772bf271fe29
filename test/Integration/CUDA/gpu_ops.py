"""Runs small kernels of spattn_gpu operations, and compares them with NumPy.

    gpu_ops.py build FOLDER [--targets sm_80,sm_90,sm_90a]
    gpu_ops.py run FOLDER       # on a GPU: needs numpy and cuda-bindings only
    gpu_ops.py emulate FOLDER [--targets sm_80,sm_90a]   # the PTX, without a GPU

`build` writes PTX, and cubins where ptxas is found. The kernels are those of
gpu_kernels.py.
"""

import argparse
import ctypes
import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import ptx_emulator
from gpu_kernels import (
    CASES,
    POISON,
    QUERY_ROWS,
    SHARED_BYTES,
    Arrays,
    check,
    expected,
    kernel,
    names,
    scalars,
    stride_of,
)
from ptx_async import TensorMap
from ptx_memory import Memory

ROOT = Path(__file__).parents[3]


def emulate(folder: Path, target: str) -> None:
    ptx = (folder / f"{target}.ptx").read_text()
    seeds = itertools.cycle((None, 1, 2))
    for shape, what, name in names():
        arrays = Arrays(shape)
        compiled = ptx_emulator.Kernel(ptx, name)
        for case in CASES:
            memory = Memory(ptx_emulator.MEMORY_BASE, 1 << 20)
            arguments, at = [], 0
            for i, bits in enumerate(arrays.bits):
                memory.bytes[at : at + bits.nbytes] = bits.view(np.uint8).ravel()
                if target == "sm_90a":
                    arguments.append(hardware_map(arrays, i, shape, memory.base + at))
                else:
                    arguments.append(arrays.software_map(i, memory.base + at))
                at += -(-bits.nbytes // 256) * 256 + 256
            numbers = arrays.numbers.view(np.uint8)
            memory.bytes[at : at + numbers.size] = numbers
            numbers_at, at = at, at + -(-numbers.size // 256) * 256 + 256
            for address in (at, numbers_at):
                arguments.append(np.uint64(memory.base + address).tobytes())
            arguments += [np.int32(x).tobytes() for x in scalars(shape, what, case)]
            ptx_emulator.Block(
                compiled, arguments, memory, SHARED_BYTES, seed=next(seeds)
            ).run()
            size = 64 * stride_of(shape, what) * (2 if what == "narrow" else 4)
            raw = memory.bytes[at : at + size].tobytes()
            check(name, shape, what, case, raw, expected(shape, what, arrays, case))
    print(f"{len(names())} kernels agree")


def hardware_map(arrays, i: int, shape, address: int) -> TensorMap:
    bits, rows = arrays.bits[i], (QUERY_ROWS, shape.keys, shape.keys)[i]
    strides = [int(s) for s in arrays.strides(bits)]
    return TensorMap(address, arrays.sizes(bits), strides, [64, rows, 1, 1], 2, 128)


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
                buffers = [gpu.upload(raw), gpu.upload(arrays.numbers)]
                arguments = [*maps, *(np.uint64(int(x)).tobytes() for x in buffers)]
                arguments += [np.int32(x).tobytes() for x in scalars(shape, what, case)]
                gpu.launch(function, arguments)
                gpu(gpu.cuda.cuMemcpyDtoH(raw.ctypes.data, buffers[0], size))
                want = expected(shape, what, arrays, case)
                check(name, shape, what, case, raw.tobytes(), want)
                for buffer in buffers:
                    gpu(gpu.cuda.cuMemFree(buffer))
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


def build(folder: Path, targets, translate, wants_cubins: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "kernels.mlir"
    source.write_text("".join(kernel(shape, what) for shape, what, _ in names()))
    ptxas = next(ROOT.glob(".venv/lib/*/site-packages/nvidia/*/bin/ptxas"), None)
    ptxas = os.environ.get("PTXAS") or ptxas or shutil.which("ptxas")
    for target in targets:
        ptx = compile_ptx(source, target, translate)
        if ptxas and wants_cubins:
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
    parser.add_argument("--ptx-only", action="store_true", help="build no cubins")
    arguments = parser.parse_args()
    if arguments.step == "build":
        targets = arguments.targets.split(",")
        build(arguments.folder, targets, arguments.translate, not arguments.ptx_only)
    elif arguments.step == "run":
        run(arguments.folder)
    else:
        for target in arguments.targets.split(","):
            emulate(arguments.folder, target)


if __name__ == "__main__":
    main()

"""Launches artifacts from Python, as `spattn-translate --artifact-to-text` tells.

Needs torch and cuda-bindings only: a check of what the runtime does by other
means, and a way to time kernels where spattn itself is not installed.
"""

import ctypes
import math
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path

import torch
from cuda.bindings import driver as cuda

TYPES = {
    torch.bfloat16: "CU_TENSOR_MAP_DATA_TYPE_BFLOAT16",
    torch.float16: "CU_TENSOR_MAP_DATA_TYPE_FLOAT16",
}


def check(result):
    error, *values = result
    if error != cuda.CUresult.CUDA_SUCCESS:
        raise RuntimeError(cuda.cuGetErrorString(error)[1].decode())
    return values[0] if values else None


def evaluate(formula: str, extents: dict) -> int:
    return int(eval(formula, {"ceil": math.ceil}, extents))


@dataclass
class Map:
    buffer: str
    # By name, from the innermost dimension out.
    box: dict
    software: bool


@dataclass
class Kernel:
    name: str
    threads: int = 0
    shared: int = 0
    grid: str = ""
    arguments: list = field(default_factory=list)
    function: object = None


class Artifact:
    """The cubin and the description of an artifact."""

    def __init__(self, cubin: Path, description: Path):
        self.operands, self.maps, self.scratch = {}, [], {}
        self.kernels: list[Kernel] = []
        self.parse(description.read_text())
        module = check(cuda.cuModuleLoad(str(cubin).encode()))
        attribute = cuda.CUfunction_attribute
        limit = attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
        for kernel in self.kernels:
            name = kernel.name.encode()
            kernel.function = check(cuda.cuModuleGetFunction(module, name))
            check(cuda.cuFuncSetAttribute(kernel.function, limit, kernel.shared))

    def parse(self, text: str) -> None:
        section = None
        for line in text.splitlines():
            if not line.startswith(" "):
                section = line.split(":")[0]
                if line.startswith("kernel "):
                    section = "kernel"
                    self.kernels.append(Kernel(line.split()[1]))
                continue
            line = line.strip()
            if section == "operands":
                name, sizes = re.match(r"(\w+): \w+\[(.*?)\]", line).groups()
                self.operands[name] = [d.split(" = ") for d in sizes.split(", ")]
            elif section == "tensor maps":
                name, box = re.match(r"\d+: (\w+)\[(.*?)\]", line).groups()
                sizes = (d.split(" = ") for d in box.split(", "))
                box = {name: int(size) for name, size in sizes}
                self.maps.append(Map(name, box, "software" in line))
            elif section == "scratch":
                name, formula = re.match(r"(\w+): (.*?) bytes", line).groups()
                self.scratch[name] = formula, line.endswith("zeroed")
            elif section == "kernel":
                self.parse_kernel(self.kernels[-1], line)

    @staticmethod
    def parse_kernel(kernel: Kernel, line: str) -> None:
        key, _, value = line.partition(": ")
        if key == "threads":
            kernel.threads = int(value)
        elif key == "shared memory":
            kernel.shared = int(value.split()[0])
        elif key == "grid":
            kernel.grid = value
        elif key.isdigit():
            kernel.arguments.append(value)

    def extents(self, tensors: dict) -> dict:
        found = {}
        for name, dimensions in self.operands.items():
            if name not in tensors:
                continue
            for (_, size), actual in zip(dimensions, tensors[name].shape, strict=True):
                if size.isdigit():
                    assert actual == int(size), f"{name}: {tensors[name].shape}"
                else:
                    assert found.setdefault(size, actual) == actual, name
        return found

    def stride(self, tensors, name, dimension) -> int:
        names = [d for d, _ in self.operands[name]]
        return tensors[name].stride(names.index(dimension))

    def encode(self, recipe: Map, x: torch.Tensor) -> bytes:
        names = [d for d, _ in self.operands[recipe.buffer]]
        order = [names.index(d) for d in recipe.box]
        sizes = [x.shape[i] for i in order]
        strides = [x.element_size() * x.stride(i) for i in order]
        if recipe.software:
            # As in spattn/Runtime/TensorMap.h: address, strides, sizes.
            words = [x.data_ptr(), *strides[1:], 0, *sizes, 0]
            return struct.pack("<16q", *words, *[0] * (16 - len(words)))
        encoded = check(
            cuda.cuTensorMapEncodeTiled(
                getattr(cuda.CUtensorMapDataType, TYPES[x.dtype]),
                len(order),
                x.data_ptr(),
                [cuda.cuuint64_t(v) for v in sizes],
                [cuda.cuuint64_t(v) for v in strides[1:]],
                [cuda.cuuint32_t(v) for v in recipe.box.values()],
                [cuda.cuuint32_t(1)] * len(order),
                cuda.CUtensorMapInterleave.CU_TENSOR_MAP_INTERLEAVE_NONE,
                cuda.CUtensorMapSwizzle.CU_TENSOR_MAP_SWIZZLE_128B,
                cuda.CUtensorMapL2promotion.CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                cuda.CUtensorMapFloatOOBfill.CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE,
            )
        )
        return ctypes.string_at(encoded.getPtr(), 128)

    def bind(self, tensors: dict, scale: float, poison: int | None = None):
        """A function that launches the kernels on the current stream. Scratch is
        filled with the byte `poison`, if there is one, before it is lent."""
        extents = self.extents(tensors)
        scratch = {}
        for name, (formula, _) in self.scratch.items():
            size = evaluate(formula, extents)
            scratch[name] = torch.empty(size, dtype=torch.uint8, device="cuda")
            if poison is not None:
                scratch[name].fill_(poison)
        zeroed = [scratch[name] for name, (_, zero) in self.scratch.items() if zero]
        sms = torch.cuda.get_device_properties(0).multi_processor_count
        launches, keep = [], [tensors, scratch]
        for kernel in self.kernels:
            values = [
                self.value(text, tensors, scratch, extents, scale)
                for text in kernel.arguments
            ]
            pointers = (ctypes.c_void_p * len(values))(*(at for _, at in values))
            keep.append((values, pointers))
            persistent = re.match(r"persistent, (\d+) .*at most (.*)", kernel.grid)
            if persistent:
                blocks, most = persistent.groups()
                grid = min(sms * int(blocks), evaluate(most, extents))
            else:
                grid = evaluate(kernel.grid, extents)
            launches.append((kernel, grid, ctypes.addressof(pointers)))

        def launch(only=None):
            stream = torch.cuda.current_stream().cuda_stream
            for array in zeroed:
                size = array.numel()
                check(cuda.cuMemsetD8Async(array.data_ptr(), 0, size, stream))
            for kernel, grid, arguments in launches:
                if only not in (None, kernel.name):
                    continue
                function, threads, shared = (
                    kernel.function,
                    kernel.threads,
                    kernel.shared,
                )
                shape = (grid, 1, 1, threads, 1, 1)
                check(
                    cuda.cuLaunchKernel(function, *shape, shared, stream, arguments, 0)
                )

        launch.keep = keep
        launch.scratch = scratch
        return launch

    def value(self, text: str, tensors, scratch, extents, scale):
        """An argument, and its address."""
        kind, _, name = text.partition(" ")
        if kind == "tensor":
            recipe = self.maps[int(name.split()[1])]
            storage = (ctypes.c_byte * 192)()
            aligned = (ctypes.addressof(storage) + 63) & ~63
            data = self.encode(recipe, tensors[recipe.buffer])
            ctypes.memmove(aligned, data, 128)
            return storage, aligned
        if kind == "address":
            array = tensors.get(name.removeprefix("of "))
            number = ctypes.c_uint64(0 if array is None else array.data_ptr())
        elif kind == "scratch":
            number = ctypes.c_uint64(scratch[name].data_ptr())
        elif kind == "f32":
            number = ctypes.c_float(scale)
        else:
            if name.startswith("stride:"):
                _, buffer, dimension = name.split(":")
                known = buffer in tensors
                value = self.stride(tensors, buffer, dimension) if known else 0
            else:
                value = extents[name]
            number = (ctypes.c_int32 if kind == "i32" else ctypes.c_int64)(value)
        return number, ctypes.addressof(number)

"""Launches artifacts from Python, by the text of `spattn-translate --artifact-to-text`.

Needs only torch and cuda-bindings. This checks the runtime against an independent
launcher, and times kernels where spattn is not installed.
"""

import ctypes
from pathlib import Path

import torch
from cuda.bindings import driver as cuda
from description import Array, Description, Map


def check(result):
    error, *values = result
    if error != cuda.CUresult.CUDA_SUCCESS:
        raise RuntimeError(cuda.cuGetErrorString(error)[1].decode())
    return values[0] if values else None


def array_of(x: torch.Tensor) -> Array:
    return Array(x.data_ptr(), tuple(x.shape), x.stride(), x.element_size())


class Artifact(Description):
    """The cubin and the description of an artifact."""

    def __init__(self, cubin: Path, description: Path):
        super().__init__(description.read_text())
        module = check(cuda.cuModuleLoad(str(cubin).encode()))
        attribute = cuda.CUfunction_attribute
        limit = attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
        self.functions = {}
        for kernel in self.kernels:
            function = check(cuda.cuModuleGetFunction(module, kernel.name.encode()))
            check(cuda.cuFuncSetAttribute(function, limit, kernel.shared))
            self.functions[kernel.name] = function

    def encode(self, recipe: Map, array: Array) -> bytes:
        if recipe.software:
            return super().encode(recipe, array)
        sizes, strides = self.map_dimensions(recipe, array)
        encoded = check(
            cuda.cuTensorMapEncodeTiled(
                # TMA copies bits, so this type serves f16, too.
                cuda.CUtensorMapDataType.CU_TENSOR_MAP_DATA_TYPE_BFLOAT16,
                len(sizes),
                array.address,
                [cuda.cuuint64_t(v) for v in sizes],
                [cuda.cuuint64_t(v) for v in strides[1:]],
                [cuda.cuuint32_t(v) for v in recipe.box.values()],
                [cuda.cuuint32_t(1)] * len(sizes),
                cuda.CUtensorMapInterleave.CU_TENSOR_MAP_INTERLEAVE_NONE,
                cuda.CUtensorMapSwizzle.CU_TENSOR_MAP_SWIZZLE_128B,
                cuda.CUtensorMapL2promotion.CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                cuda.CUtensorMapFloatOOBfill.CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE,
            )
        )
        return ctypes.string_at(encoded.getPtr(), 128)

    def bind(self, tensors: dict, scale: float, poison: int | None = None):
        """A function that launches the kernels on the current stream. Scratch is first
        filled with the byte `poison`, if that is given."""
        arrays = {name: array_of(x) for name, x in tensors.items()}
        extents = self.extents(arrays)
        scratch = {}
        for name, size in self.scratch_bytes(extents).items():
            scratch[name] = torch.empty(size, dtype=torch.uint8, device="cuda")
            if poison is not None:
                scratch[name].fill_(poison)
        zeroed = [scratch[name] for name, (_, zero) in self.scratch.items() if zero]
        addresses = {name: x.data_ptr() for name, x in scratch.items()}
        sms = torch.cuda.get_device_properties(0).multi_processor_count
        launches, keep = [], [tensors, scratch]
        for kernel in self.kernels:
            values = [
                aligned(self.argument(text, arrays, addresses, extents, scale))
                for text in kernel.arguments
            ]
            pointers = (ctypes.c_void_p * len(values))(*(at for _, at in values))
            keep.append((values, pointers))
            grid = kernel.blocks(extents, sms)
            launches.append((kernel, grid, ctypes.addressof(pointers)))

        def launch(only=None):
            stream = torch.cuda.current_stream().cuda_stream
            for array in zeroed:
                size = array.numel()
                check(cuda.cuMemsetD8Async(array.data_ptr(), 0, size, stream))
            for kernel, grid, arguments in launches:
                if only not in (None, kernel.name):
                    continue
                shape = (grid, 1, 1, kernel.threads, 1, 1)
                function = self.functions[kernel.name]
                check(
                    cuda.cuLaunchKernel(
                        function, *shape, kernel.shared, stream, arguments, 0
                    )
                )

        launch.keep = keep
        launch.scratch = scratch
        return launch


def aligned(value: bytes):
    """A buffer that holds a value, and its 64-byte aligned address."""
    storage = (ctypes.c_byte * (len(value) + 64))()
    address = (ctypes.addressof(storage) + 63) & ~63
    ctypes.memmove(address, value, len(value))
    return storage, address

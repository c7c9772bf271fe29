# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Views of arrays of any library, without copies and without NumPy.

A view reads an array through DLPack, `__cuda_array_interface__`,
`__array_interface__` or the buffer protocol, whichever the array supports.
"""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass
from typing import Any

from ._dlpack import python_api, read_capsule
from .errors import ArgumentError


@dataclass(frozen=True)
class Array:
    """A view of memory: address, sizes, and strides in elements."""

    pointer: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    #: "f32", "f16", "bf16" or, of rows of sequences, "i32"; None: as the problem says.
    element: str | None = None
    #: "cpu" or "cuda", and the device number.
    device: str = "cpu"
    ordinal: int = 0
    #: The object that keeps the memory alive.
    owner: Any = None

    def transposed(self) -> Array:
        """The same array with its second and third dimensions swapped."""

        def swap(x: tuple[int, ...]) -> tuple[int, ...]:
            return x[0], x[2], x[1], *x[3:]

        return Array(
            self.pointer,
            swap(self.sizes),
            swap(self.strides),
            self.element,
            self.device,
            self.ordinal,
            self.owner,
        )


def contiguous_strides(sizes: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of a row-major array."""
    strides, stride = [], 1
    for size in reversed(sizes):
        strides.append(stride)
        stride *= size
    return tuple(reversed(strides))


def view_of(array: Any, name: str, stream: int | None = None) -> Array:
    """A view of an array of any library.

    `stream` is the stream that the data is used on, if that may differ from the
    current stream of the array's library.
    """
    if isinstance(array, Array):
        return array
    if stream is None and type(array).__module__ == "torch":
        return _from_torch(array, name)
    if hasattr(array, "__array_interface__"):
        # NumPy's DLPack export rejects read-only arrays and bfloat16.
        return _from_interface(array, array.__array_interface__, name, "cpu")
    if hasattr(array, "__dlpack__"):
        return _from_dlpack(array, name, stream)
    interface = getattr(array, "__cuda_array_interface__", None)
    if interface is not None:
        return _from_interface(array, interface, name, "cuda")
    try:
        return _from_buffer(array, name)
    except TypeError:
        raise ArgumentError(
            f"{name}: expected an array with DLPack, __cuda_array_interface__, "
            "__array_interface__ or the buffer protocol, got "
            f"{type(array).__module__}.{type(array).__qualname__}"
        ) from None


def _from_torch(tensor: Any, name: str) -> Array:
    """Reads a torch tensor's attributes, in a tenth of the time of DLPack."""
    element = _TORCH_ELEMENTS.get(str(tensor.dtype))
    if element is None:
        raise _wrong_type(tensor, name)
    if tensor.requires_grad and sys.modules["torch"].is_grad_enabled():
        raise ArgumentError(
            f"{name} requires a gradient; use spattn.torch, or pass tensor.detach()"
        )
    device = tensor.device
    if device.type not in ("cpu", "cuda"):
        raise ArgumentError(
            f"{name}: expected memory of the CPU or of a CUDA GPU, got {device}"
        )
    return Array(
        tensor.data_ptr(),
        tuple(tensor.shape),
        tensor.stride(),
        element,
        device.type,
        device.index or 0,
        tensor,
    )


def _from_dlpack(array: Any, name: str, stream: int | None) -> Array:
    kind, ordinal = array.__dlpack_device__()
    device = _DLPACK_DEVICES.get(int(kind))
    if device is None:
        raise ArgumentError(
            f"{name}: expected memory of the CPU or of a CUDA GPU, got DLPack's "
            f"device type {int(kind)}"
        )
    try:
        # DLPack makes this stream wait for pending work on the array. 1 is the
        # legacy default stream.
        capsule = (
            array.__dlpack__(stream=stream or 1)
            if device == "cuda"
            else array.__dlpack__()
        )
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise ArgumentError(f"{name}: {error}") from error
    tensor = read_capsule(capsule)
    element = _DLPACK_ELEMENTS.get((tensor.code, tensor.bits, tensor.lanes))
    if element is None:
        raise _wrong_type(array, name)
    strides = tensor.strides or contiguous_strides(tensor.sizes)
    return Array(
        tensor.pointer, tensor.sizes, strides, element, device, int(ordinal), capsule
    )


def _from_interface(
    array: Any, interface: dict[str, Any], name: str, device: str
) -> Array:
    element = _TYPESTRS.get(interface["typestr"])
    if element is None and _type_name(array) == "bfloat16":
        element = "bf16"
    if element is None:
        raise _wrong_type(array, name)
    size = 4 if element in ("f32", "i32") else 2
    sizes = tuple(interface["shape"])
    strides = interface.get("strides")
    if strides is None:
        strides = contiguous_strides(sizes)
    else:
        if any(stride % size for stride in strides):
            raise ArgumentError(
                f"{name}: expected strides that are multiples of an element's {size} "
                f"bytes, got {tuple(strides)} bytes"
            )
        strides = tuple(stride // size for stride in strides)
    pointer = interface["data"][0] or 0
    ordinal = _cuda_ordinal(array) if device == "cuda" else 0
    return Array(pointer, sizes, strides, element, device, ordinal, array)


def _cuda_ordinal(array: Any) -> int:
    """The number of the GPU that an array is on."""
    device = getattr(array, "device", None)
    for attribute in ("id", "index"):
        if isinstance(getattr(device, attribute, None), int):
            return int(getattr(device, attribute))
    return 0


class _Buffer(ctypes.Structure):
    """CPython's Py_buffer."""

    _fields_ = [
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.py_object),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.POINTER(ctypes.c_ssize_t)),
        ("strides", ctypes.POINTER(ctypes.c_ssize_t)),
        ("suboffsets", ctypes.POINTER(ctypes.c_ssize_t)),
        ("internal", ctypes.c_void_p),
    ]


def _from_buffer(array: Any, name: str) -> Array:
    view: Any = memoryview(array)
    element = _FORMATS.get(view.format)
    if element is None:
        raise _wrong_type(array, name)
    if any(stride % view.itemsize for stride in view.strides):
        raise ArgumentError(f"{name}: expected strides of whole elements")
    # A memoryview does not expose its address, and ctypes' from_buffer requires
    # writable memory.
    raw = _Buffer()
    get, release = python_api.PyObject_GetBuffer, python_api.PyBuffer_Release
    get.argtypes = [ctypes.py_object, ctypes.POINTER(_Buffer), ctypes.c_int]
    release.argtypes = [ctypes.POINTER(_Buffer)]
    release.restype = None
    get(view, ctypes.byref(raw), _PYBUF_STRIDES)
    pointer = raw.buf or 0
    release(ctypes.byref(raw))  # `view` still holds the memory.
    strides = tuple(stride // view.itemsize for stride in view.strides)
    return Array(pointer, tuple(view.shape), strides, element, owner=view)


def _type_name(array: Any) -> str:
    dtype = getattr(array, "dtype", None)
    return getattr(dtype, "name", str(dtype))


def _wrong_type(array: Any, name: str) -> ArgumentError:
    found = getattr(array, "dtype", None) or memoryview(array).format
    return ArgumentError(
        f"{name}: expected elements of f32, f16, bf16 or i32, got {found}; convert the "
        "array"
    )


_PYBUF_STRIDES = 0x0018
_FORMATS = {"f": "f32", "<f": "f32", "i": "i32", "<i": "i32"}
_TYPESTRS = {"<f4": "f32", "<f2": "f16", "<i4": "i32"}
_TORCH_ELEMENTS = {
    "torch.float32": "f32",
    "torch.float16": "f16",
    "torch.bfloat16": "bf16",
    "torch.int32": "i32",
}
_DLPACK_ELEMENTS = {
    (2, 32, 1): "f32",
    (2, 16, 1): "f16",
    (4, 16, 1): "bf16",
    (0, 32, 1): "i32",
}
# CPU memory, plain and page-locked; CUDA memory, plain and managed.
_DLPACK_DEVICES = {1: "cpu", 3: "cpu", 2: "cuda", 13: "cuda"}

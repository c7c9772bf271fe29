# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Imports and exports DLPack tensors, with its structs in ctypes."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple


class _DLTensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class _DLManagedTensor(ctypes.Structure):
    pass


_DELETER = ctypes.CFUNCTYPE(None, ctypes.POINTER(_DLManagedTensor))
_DLManagedTensor._fields_ = [
    ("tensor", _DLTensor),
    ("manager_ctx", ctypes.c_void_p),
    ("deleter", _DELETER),
]

#: CPython's C API. Other packages declare other types for the functions of
#: ctypes.pythonapi, which everybody shares.
python_api = ctypes.PyDLL(None)

_get_pointer = python_api.PyCapsule_GetPointer
_get_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
_get_pointer.restype = ctypes.c_void_p


class Tensor(NamedTuple):
    """The contents of a capsule. Strides are in elements; None means row-major."""

    pointer: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...] | None
    code: int
    bits: int
    lanes: int


def read_capsule(capsule: Any) -> Tensor:
    """Reads a capsule without consuming it."""
    address = _get_pointer(capsule, b"dltensor")
    tensor = _DLTensor.from_address(address)
    rank = tensor.ndim
    return Tensor(
        (tensor.data or 0) + tensor.byte_offset,
        tuple(tensor.shape[:rank]),
        tuple(tensor.strides[:rank]) if tensor.strides else None,
        tensor.code,
        tensor.bits,
        tensor.lanes,
    )


_CODES = {"f32": (2, 32), "f16": (2, 16), "bf16": (4, 16)}
# Keeps the memory of exported tensors alive, by the address of the tensor.
_exported: dict[int, tuple[Any, ...]] = {}


@_DELETER  # type: ignore[untyped-decorator]
def _delete(managed: Any) -> None:
    _exported.pop(ctypes.addressof(managed.contents), None)


_new_capsule = python_api.PyCapsule_New
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_new_capsule.restype = ctypes.py_object

_DESTRUCTOR = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)
_is_valid = python_api.PyCapsule_IsValid
_is_valid.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
_is_valid.restype = ctypes.c_int
_pointer_of = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", python_api)
)


@_DESTRUCTOR  # type: ignore[untyped-decorator]
def _destroy(capsule: int) -> None:
    """Frees a capsule that was never consumed; consumers rename the capsule."""
    if _is_valid(capsule, b"dltensor"):
        _exported.pop(_pointer_of(capsule, b"dltensor"), None)


class HostArray:
    """A row-major array in CPU memory that other libraries import with DLPack."""

    def __init__(self, sizes: tuple[int, ...], element: str) -> None:
        from .arrays import contiguous_strides

        self.sizes, self.element = sizes, element
        self.strides = contiguous_strides(sizes)
        count = 1
        for size in sizes:
            count *= size
        # Some libraries copy an array that is not aligned to 64 bytes.
        self._memory = ctypes.create_string_buffer(count * _CODES[element][1] // 8 + 64)
        self.pointer = (ctypes.addressof(self._memory) + 63) // 64 * 64

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0

    def __dlpack__(self, **_: Any) -> Any:
        rank = len(self.sizes)
        sizes = (ctypes.c_int64 * rank)(*self.sizes)
        strides = (ctypes.c_int64 * rank)(*self.strides)
        code, bits = _CODES[self.element]
        tensor = _DLTensor(self.pointer, 1, 0, rank, code, bits, 1, sizes, strides, 0)
        managed = _DLManagedTensor(tensor, None, _delete)
        address = ctypes.addressof(managed)
        _exported[address] = (managed, sizes, strides, self._memory)
        return _new_capsule(
            address, b"dltensor", ctypes.cast(_destroy, ctypes.c_void_p)
        )

    def memoryview(self) -> Any:
        """The same memory as a memoryview of f32, for use without an array library."""
        count = 1
        for size in self.sizes:
            count *= size
        bits = _CODES[self.element][1]
        start = self.pointer - ctypes.addressof(self._memory)
        raw: Any = memoryview(self._memory).cast("B")[start : start + count * bits // 8]
        return raw.cast("f", self.sizes)

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What differs from one array library to the next: new arrays, and streams."""

from __future__ import annotations

import sys
from typing import Any

from ._dlpack import HostArray
from .arrays import Array, view_of
from .errors import ArgumentError

_TORCH = {"f32": "float32", "f16": "float16", "bf16": "bfloat16"}


def _library(array: Any) -> str:
    return type(array).__module__.partition(".")[0]


def is_torch(array: Any) -> bool:
    """Whether an array is PyTorch's."""
    return _library(array) == "torch"


def empty_like(array: Any, sizes: tuple[int, ...], element: str) -> tuple[Any, Array]:
    """A new array of the same library and device, and how kernels see it."""
    library = _library(array)
    if library == "torch":
        torch = sys.modules["torch"]
        made = torch.empty(
            sizes, dtype=getattr(torch, _TORCH[element]), device=array.device
        )
        return made, view_of(made, "out")
    if library in ("numpy", "cupy"):
        xp = sys.modules[library]
        dtype = array.dtype if element == "bf16" else _TORCH[element]
        made = xp.empty(sizes, dtype)
        return made, view_of(made, "out")
    host = HostArray(sizes, element)
    view = Array(host.pointer, sizes, host.strides, element, owner=host)
    if library in ("memoryview", "builtins", "array"):
        return host.memoryview(), view
    if view_of(array, "q").device != "cpu":
        raise ArgumentError(
            f"cannot make an array of {library} on a GPU; pass out=, or for JAX use "
            "spattn.jax"
        )
    # Read-only libraries get the array when it has been written.
    return Late(array, host), view


class Late:
    """An array of a library that takes others' memory as it is."""

    def __init__(self, like: Any, host: HostArray) -> None:
        self.like, self.host = like, host

    def get(self) -> Any:
        """The array, once the memory holds what it is to hold."""
        namespace = getattr(self.like, "__array_namespace__", None)
        xp = namespace() if namespace else sys.modules[_library(self.like)]
        return xp.from_dlpack(self.host)


def finished(array: Any) -> Any:
    """What `empty_like` made, for the caller."""
    return array.get() if isinstance(array, Late) else array


def current_stream(array: Any) -> int:
    """The stream in which the library of a GPU's array works."""
    library = _library(array)
    if library == "torch" and array.is_cuda:
        stream = sys.modules["torch"].cuda.current_stream(array.device)
        return int(stream.cuda_stream)
    if library == "cupy":
        return int(sys.modules["cupy"].cuda.get_current_stream().ptr)
    return 0

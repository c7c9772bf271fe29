# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Code specific to an array library: allocation, and the current stream."""

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
    """A new array of the same library and device, and its `Array`."""
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
    # Arrays of other libraries may be immutable: import the memory once it is written.
    return Late(array, host), view


class Late:
    """A result in host memory, to be imported into a library with DLPack."""

    def __init__(self, like: Any, host: HostArray) -> None:
        self.like, self.host = like, host

    def get(self) -> Any:
        """Imports the memory. Call this after the kernel has written it."""
        namespace = getattr(self.like, "__array_namespace__", None)
        xp = namespace() if namespace else sys.modules[_library(self.like)]
        return xp.from_dlpack(self.host)


def finished(array: Any) -> Any:
    """The array to return to the caller, given a result of `empty_like`."""
    return array.get() if isinstance(array, Late) else array


def current_stream(array: Any) -> int:
    """The current stream of a GPU array's library; 0 if unknown."""
    library = _library(array)
    if library == "torch" and array.is_cuda:
        stream = sys.modules["torch"].cuda.current_stream(array.device)
        return int(stream.cuda_stream)
    if library == "cupy":
        return int(sys.modules["cupy"].cuda.get_current_stream().ptr)
    return 0

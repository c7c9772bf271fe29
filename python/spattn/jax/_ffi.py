# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Registers libspattn_jax's XLA custom call handlers, and compiles kernels for them.

A custom call identifies its kernel by the text of a problem, because XLA may run the
program on any platform that it compiled it for and, through its compilation cache, in
another process. On a cache miss the handler calls `_resolve` to get the kernel.
"""

from __future__ import annotations

import ctypes
import json
import threading
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

import jax
import numpy as np

from .. import _capi
from ..kernels import kernel_for
from ..problem import Problem

_TARGET = "spattn_attention"
_HANDLERS = {"cpu": "spattnJaxCpu", "CUDA": "spattnJaxCuda"}


def call(
    problem: Problem,
    layout: str,
    scale: float,
    queries: int,
    keys: int,
    operands: Sequence[Any],
    results: Sequence[Any],
) -> tuple[jax.Array, ...]:
    """Emits a custom call that runs the kernel of `problem`."""
    _register()
    # Compile now, to raise compile errors at trace time.
    target = "cuda" if jax.default_backend() == "gpu" else "cpu"
    kernel_for(problem, target, queries, keys)
    # Kernels have one sink per head for the whole batch, which vmap may map.
    vmap_method = "sequential" if problem.sinks else "broadcast_all"
    function = jax.ffi.ffi_call(_TARGET, tuple(results), vmap_method=vmap_method)
    return function(
        *operands,
        problem=_text(problem, queries, keys),
        layout=layout,
        scale=np.float32(scale),
    )


def _text(problem: Problem, queries: int, keys: int) -> str:
    fields = asdict(problem) | {"structure": problem.structure.text}
    return json.dumps({"problem": fields, "lengths": [queries, keys]})


def _kernel(text: str, is_gpu: bool, device: int) -> int:
    described = json.loads(text)
    problem = Problem(**described["problem"])
    target = "cuda" if is_gpu else "cpu"
    return kernel_for(problem, target, *described["lengths"], device=device).handle


@ctypes.CFUNCTYPE(
    ctypes.c_void_p,
    ctypes.POINTER(ctypes.c_char),
    ctypes.c_size_t,
    ctypes.c_bool,
    ctypes.c_int32,
    ctypes.POINTER(ctypes.c_char),
    ctypes.c_size_t,
)
def _resolve(text, size, is_gpu, device, error, error_size):
    """Returns a kernel's handle, or None after storing an error message."""
    try:
        return _kernel(ctypes.string_at(text, size).decode(), is_gpu, device)
    except BaseException as caught:
        message = f"{type(caught).__name__}: {caught}".encode()[: error_size - 1]
        ctypes.memmove(error, message + b"\0", len(message) + 1)
        return None


_lock = threading.Lock()


def _register() -> None:
    with _lock:
        _register_once()


@lru_cache(maxsize=1)
def _register_once() -> None:
    # libspattn_jax depends on libspattn_c.
    _capi.library()
    library = ctypes.CDLL(str(_capi.library_path("libspattn_jax.so", "JAX")))
    library.spattnJaxSetResolver.restype = None
    library.spattnJaxSetResolver(_resolve)
    for platform, handler in _HANDLERS.items():
        capsule = jax.ffi.pycapsule(getattr(library, handler))
        jax.ffi.register_ffi_target(_TARGET, capsule, platform=platform)

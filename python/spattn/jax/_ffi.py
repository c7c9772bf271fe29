# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""libspattn_jax: the handlers of XLA's custom calls, and the kernels they ask for.

A call names its kernel by a problem as text. XLA runs it on whatever platform it
compiled the program for, in this process or, through its caches, in another; the
handler asks `_resolve` for the kernel where it meets the text for the first time.
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
    """A custom call that runs the kernel of `problem`."""
    _register()
    # What cannot be compiled is an error here, and not when the program runs.
    target = "cuda" if jax.default_backend() == "gpu" else "cpu"
    kernel_for(problem, target, queries, keys)
    function = jax.ffi.ffi_call(_TARGET, tuple(results), vmap_method="broadcast_all")
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
    """The address of a kernel, or None and why there is none."""
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
    # The handlers' library is linked to this one.
    _capi.library()
    library = ctypes.CDLL(str(_capi.library_path("libspattn_jax.so", "JAX")))
    library.spattnJaxSetResolver.restype = None
    library.spattnJaxSetResolver(_resolve)
    for platform, handler in _HANDLERS.items():
        capsule = jax.ffi.pycapsule(getattr(library, handler))
        jax.ffi.register_ffi_target(_TARGET, capsule, platform=platform)

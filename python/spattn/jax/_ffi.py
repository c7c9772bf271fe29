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
from contextlib import suppress
from functools import lru_cache
from typing import Any

import jax
import numpy as np
from jax.core import Tracer

from .. import _capi
from ..errors import CompileError
from ..kernels import kernel_for
from ..merge_problem import AnyProblem, problem_of

_TARGET = "spattn_attention"
_HANDLERS = {"cpu": "spattnJaxCpu", "CUDA": "spattnJaxCuda"}


def call(
    problem: AnyProblem,
    layout: str,
    numbers: tuple[float, float | None],
    queries: int,
    keys: int,
    operands: Sequence[Any],
    results: Sequence[Any],
) -> tuple[jax.Array, ...]:
    """Emits a custom call that runs the kernel of `problem`. `numbers` are the
    scale, NaN where there is none, and the soft cap."""
    _register()
    _compile(problem, queries, keys, operands)
    # Kernels have numbers of heads and a pool of pages for the whole batch, which vmap
    # may map.
    of_batch = any(
        getattr(problem, name, False)
        for name in ("sinks", "alibi_slopes", "distance_bias", "page_size")
    )
    vmap_method = "sequential" if of_batch else "broadcast_all"
    scale, soft_cap = numbers
    function = jax.ffi.ffi_call(_TARGET, tuple(results), vmap_method=vmap_method)
    return function(
        *operands,
        problem=_text(problem, queries, keys),
        layout=layout,
        scale=np.float32(scale),
        # 0 stands for none.
        soft_cap=np.float32(soft_cap or 0),
    )


def _compile(
    problem: AnyProblem, queries: int, keys: int, operands: Sequence[Any]
) -> None:
    """Compiles the kernel now, to raise compile errors at trace time.

    The platform of traced operands is not certain. So what another platform's kernels
    support is left for the handler to refuse.
    """
    likely = likely_platform(operands)
    try:
        kernel_for(problem, "cpu" if likely == "cpu" else "cuda", queries, keys)
    except CompileError:
        if likely == "cpu" or not all(isinstance(x, Tracer) for x in operands):
            raise
        with suppress(CompileError):
            kernel_for(problem, "cpu", queries, keys)
            return
        raise


def likely_platform(operands: Sequence[Any]) -> str:
    """The platform that operands are on, or that traced ones are likely to be on."""
    for operand in operands:
        if not isinstance(operand, Tracer):
            return next(iter(operand.devices())).platform
    mesh = jax.typeof(operands[0]).sharding.mesh
    for device in (
        getattr(mesh, "abstract_device", None),
        jax.config.jax_default_device,
    ):
        if device is not None:
            return getattr(device, "platform", device)
    return jax.default_backend()


def _text(problem: AnyProblem, queries: int, keys: int) -> str:
    return json.dumps({"problem": problem.fields(), "lengths": [queries, keys]})


def _kernel(text: str, is_gpu: bool, device: int) -> int:
    described = json.loads(text)
    problem = problem_of(described["problem"])
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

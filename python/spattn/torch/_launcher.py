# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loads libspattn_torch, which implements the operators, and compiles kernels for it.

On a cache miss, for a new problem or length class, the C++ operators call `_resolve`
to get the kernel.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import threading
from contextlib import suppress
from ctypes import POINTER, c_char_p, c_double, c_int32, c_int64, c_size_t, c_void_p

import torch

from .. import _capi
from .._prototypes import ELEMENTS
from ..errors import DeviceError, SpattnError
from ..kernels import kernel_for
from ..merge_problem import MergeProblem
from ..merging import LENGTH
from ..problem import SEQUENCES, Problem
from ..rows_problem import RowsProblem

#: The prefix of the operators' error messages.
_PREFIX = "spattn: "
_ELEMENTS = {number: name for name, number in ELEMENTS.items()}


class _Request(ctypes.Structure):
    """KernelRequest of lib/Torch/Kernels.h."""

    _fields_ = [
        ("structure", c_char_p),
        ("alignment", c_char_p),
        ("bound_length", c_char_p),
        ("heads", c_int64),
        ("key_heads", c_int64),
        ("head_dim", c_int64),
        ("value_dim", c_int64),
        ("query_length", c_int64),
        ("key_length", c_int64),
        ("element", c_int32),
        ("device", c_int32),
        ("gradients", c_int32),
        ("lse_gradient", c_int32),
        ("deterministic", c_int32),
        ("sinks", c_int32),
        ("soft_cap", c_int32),
        ("slopes", c_int32),
        ("sequences", c_int32),
        ("positions", c_int32),
        ("distances", c_int64),
        ("self_score", c_double),
        ("tile_lists", c_char_p),
        ("list_heads", c_int64),
        ("list_batch", c_int32),
        ("score", c_char_p),
        ("signed_scale", c_int32),
        ("bias_gradients", c_int32),
        ("parts", c_char_p),
        ("rows", c_char_p),
        ("marks", c_char_p),
        ("terms", c_int64),
        ("page_size", c_int64),
    ]


#: Whether autograd records the call being made, whose gradients are then likely to be
#: next. Only a hint: other threads set it, too.
recording = False

#: The exception of the thread's last failed request for a kernel. C++ sees only its
#: text, which must stay alive until C++ has read it.
_failed = threading.local()


def kernel_of(request: _Request) -> int:
    """The handle of the kernel for a request."""
    if request.parts or request.rows:
        return _kernel_of_rows(request)
    problem = Problem(
        request.structure.decode(),
        request.heads,
        request.head_dim,
        _ELEMENTS[request.element],
        kv_heads=request.key_heads,
        value_dim=request.value_dim,
        gradients=bool(request.gradients),
        lse=not request.gradients,
        lse_gradient=bool(request.lse_gradient),
        sinks=bool(request.sinks),
        soft_cap=bool(request.soft_cap),
        alibi_slopes=bool(request.slopes),
        distance_bias=request.distances,
        causal_positions=bool(request.positions & 1),
        self_score=request.self_score if request.positions & 2 else None,
        score=(request.score or b"").decode(),
        signed_scale=bool(request.signed_scale),
        slopes_gradient=bool(request.bias_gradients & 1),
        bias_gradient=bool(request.bias_gradients & 2),
        # None takes the faster mode.
        deterministic=True if request.deterministic else None,
        alignment=request.alignment.decode(),
        sequences=tuple(
            name for i, name in enumerate(SEQUENCES) if request.sequences >> i & 1
        ),
        bound_length=request.bound_length.decode(),
        tile_lists=(request.tile_lists or b"").decode(),
        list_heads=request.list_heads,
        list_batch=bool(request.list_batch),
        page_size=request.page_size,
    )
    target = "cpu" if request.device < 0 else "cuda"
    lengths = request.query_length, request.key_length
    device = max(request.device, 0)
    # Attention to keys in pages has no gradients.
    has_gradients = not request.gradients and not request.page_size
    if recording and target == "cuda" and has_gradients:
        _compile_gradients(problem, target, lengths, device)
    lengths = _tuned_lengths(problem, lengths)
    return kernel_for(problem, target, *lengths, device=device).handle


def _tuned_lengths(problem: Problem, lengths: tuple[int, int]) -> tuple[int, int]:
    """The lengths that a kernel is tuned for, given the mean lengths of documents.

    The mode of gradients depends on how many keys a query sees. Most queries are of
    documents that are longer than the mean, by a factor of about two.
    """
    if problem.gradients and len(problem.sequences) == len(SEQUENCES):
        return 2 * lengths[0], 2 * lengths[1]
    return lengths


def _compile_gradients(
    problem: Problem, target: str, lengths: tuple[int, int], device: int
) -> None:
    """Compiles the gradients of a problem in the background, while its forward pass is
    compiled and runs. Calls that need the kernel wait for it."""
    deterministic = torch.are_deterministic_algorithms_enabled() or None
    gradients = problem.backward(deterministic=deterministic)

    lengths = _tuned_lengths(gradients, lengths)

    def compile() -> None:
        with suppress(SpattnError):  # The call that needs the kernel raises it.
            kernel_for(gradients, target, *lengths, device=device)

    # Not a daemon: Python must not end while a compiler runs.
    threading.Thread(target=compile, name="spattn-gradients").start()


def _kernel_of_rows(request: _Request) -> int:
    problem: MergeProblem | RowsProblem
    if request.rows:
        problem = RowsProblem(
            request.rows.decode(),
            request.heads,
            request.value_dim,
            _ELEMENTS[request.element],
            marks=tuple(mark == "1" for mark in request.marks.decode()),
            terms=request.terms,
        )
    else:
        problem = MergeProblem(
            request.heads,
            request.value_dim,
            tuple(_ELEMENTS[int(number)] for number in request.parts.decode()),
            out_dtype=_ELEMENTS[request.element],
            gradients=bool(request.gradients),
            lse=not request.gradients,
            lse_gradient=bool(request.lse_gradient),
            terms=request.terms,
        )
    return kernel_for(
        problem,
        "cpu" if request.device < 0 else "cuda",
        LENGTH,
        LENGTH,
        device=max(request.device, 0),
    ).handle


@ctypes.CFUNCTYPE(c_void_p, POINTER(_Request), POINTER(c_char_p))
def _resolve(request, error):
    try:
        return kernel_of(request.contents)
    except BaseException as exception:
        _failed.exception = exception
        _failed.text = str(exception).encode()
        error[0] = _failed.text
        return None


def exception_of(error: Exception) -> Exception:
    """Recovers the original exception of an operator: torch turns every C++ exception
    into a RuntimeError."""
    raised, _failed.exception = getattr(_failed, "exception", None), None
    kind = _capi._ERRORS.get(library.spattnTorchTakeErrorCode())
    message = str(error)
    if raised and str(raised) in message:
        return raised
    if kind and message.startswith(_PREFIX):
        return kind(message.removeprefix(_PREFIX))
    return error


def counts() -> tuple[int, int]:
    """The numbers of cached kernels and of prepared calls."""
    kernels, calls = c_size_t(), c_size_t()
    library.spattnTorchCount(ctypes.byref(kernels), ctypes.byref(calls))
    return kernels.value, calls.value


def _load() -> ctypes.CDLL:
    if tuple(map(int, torch.__version__.split(".")[:2])) < (2, 10):
        raise DeviceError(
            f"spattn.torch needs PyTorch 2.10 or later, found {torch.__version__}"
        )
    # Load its dependency libspattn_c first.
    _capi.library()
    path = _capi.library_path("libspattn_torch.so", "PyTorch")
    try:
        loaded = ctypes.CDLL(str(path))
    except OSError as error:
        raise DeviceError(f"cannot load {path}: {error}") from error
    loaded.spattnTorchTakeErrorCode.restype = c_int32
    loaded.spattnTorchSetResolver.restype = None
    loaded.spattnTorchForget.restype = None
    loaded.spattnTorchCount.restype = None
    loaded.spattnTorchSetResolver(_resolve)
    # No thread may call into Python after the interpreter has shut down.
    atexit.register(loaded.spattnTorchSetResolver, None)
    os.register_at_fork(after_in_child=loaded.spattnTorchForget)
    return loaded


library = _load()

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Eager merges of attentions on arrays of any library, without gradients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ._libraries import current_stream, empty_like, finished, is_torch
from .arrays import Array, view_of
from .attention import LAYOUTS, _operand, _stream_number, _type_of
from .errors import ArgumentError
from .kernels import kernel_for
from .merge_problem import MergeProblem
from .target import as_target

#: The lengths that kernels are asked for: one serves all.
LENGTH = 1024


def merge(
    outputs: Iterable[Any],
    lses: Iterable[Any],
    *,
    lse: bool = False,
    out: Any = None,
    layout: str = "bhnd",
    stream: Any = None,
) -> Any:
    """Merges attentions of the same queries to parts of the keys into one.

    `outputs` and `lses` are the results of `spattn.attention(..., lse=True)`, one pair
    for each part: sequences, or arrays whose first dimension is that of the parts.
    The merge is the attention to the keys of all parts, each counted as often as it is
    in one: `sum(exp(lses[p] - lse) * outputs[p])` with `lse = log(sum(exp(lses)))`. A
    part whose log-sum-exp is -inf is empty, and its output is not used.

    Arrays are those that `spattn.attention` takes, on the CPU or a GPU; outputs may be
    f32, or of one other type, and nothing is copied. Returns an array of the library
    and type of the first output or, with `lse`, a pair: the output and the
    log-sum-exp. The output is written to `out`, if that is given, whose type is then
    that of the output. For gradients see spattn.torch and spattn.jax.
    """
    outputs, lses = tuple(outputs), tuple(lses)
    if layout not in LAYOUTS:
        raise ArgumentError(f"expected layout to be 'bhnd' or 'bnhd', got {layout!r}")
    if not outputs:
        raise ArgumentError("outputs: expected one part or more, got none")
    if len(outputs) != len(lses):
        raise ArgumentError(
            f"lses: expected one for each of the {len(outputs)} outputs, got "
            f"{len(lses)}"
        )
    first = outputs[0]
    asked = None if stream is None else _stream_number(stream)
    number = current_stream(first) if asked is None else asked
    # PyTorch tensors are already ordered on PyTorch's current stream.
    wait = asked if is_torch(first) else number
    parts = [_operand(x, f"outputs[{i}]", layout, wait) for i, x in enumerate(outputs)]
    numbers = [_numbers(x, f"lses[{i}]", wait) for i, x in enumerate(lses)]
    batch, heads, length, dim = parts[0].sizes
    problem = MergeProblem(
        heads,
        dim,
        tuple(view.element or "" for view in parts),
        lse=lse,
        **_type_of(out),
    )
    views = dict(zip(problem.operands, (*parts, *numbers), strict=False))
    shape = problem.shape("o", batch, length)
    if out is None:
        outer = (shape[0], shape[2], shape[1], shape[3]) if layout == "bnhd" else shape
        out, view = empty_like(first, outer, problem.element("o"))
        views["o"] = view.transposed() if layout == "bnhd" else view
    else:
        views["o"] = _operand(out, "out", layout, wait)
    if lse:
        sums, views["lse"] = empty_like(
            first, problem.shape("lse", batch, length), "f32"
        )
    _check(problem, views, batch, length)
    device = parts[0].ordinal
    target = as_target(parts[0].device, device)
    kernel = kernel_for(problem, target, LENGTH, LENGTH)
    kernel.launch(
        [views[name] for name in problem.operands], stream=number, device=device
    )
    return (finished(out), finished(sums)) if lse else finished(out)


def _numbers(array: Any, name: str, stream: int | None) -> Array:
    """A view of a log-sum-exp."""
    view = view_of(array, name, stream)
    if len(view.sizes) != 3:
        raise ArgumentError(
            f"{name}: expected 3 dimensions (batch, heads, length), got the shape "
            f"{view.sizes}"
        )
    if view.element != "f32":
        raise ArgumentError(f"{name}: expected elements of f32, got {view.element}")
    if view.sizes[2] > 1 and view.strides[2] != 1:
        raise ArgumentError(
            f"{name}: expected the last dimension to be contiguous, got a stride of "
            f"{view.strides[2]} elements; copy the array first"
        )
    return view


def _check(
    problem: MergeProblem, views: dict[str, Array], batch: int, length: int
) -> None:
    """Checks that all arrays have the sizes and the device of the first."""
    first = views["o0"]
    for name, view in views.items():
        shape = problem.shape(name, batch, length)
        if view.sizes != shape:
            raise ArgumentError(
                f"{_named(name)}: expected the sizes {shape}, got {view.sizes}"
            )
        if (view.device, view.ordinal) != (first.device, first.ordinal):
            raise ArgumentError(
                f"{_named(name)}: expected an array on {first.device}:{first.ordinal}, "
                f"as the first output is, got {view.device}:{view.ordinal}"
            )


def _named(name: str) -> str:
    """What a caller calls an operand."""
    if name == "o":
        return "out"
    if name == "lse":
        return "lse"
    if name.startswith("lse"):
        return f"lses[{name[3:]}]"
    return f"outputs[{name[1:]}]"

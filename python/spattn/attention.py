# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention on arrays of any library, computed at once and without gradients."""

from __future__ import annotations

import math
from typing import Any

from ._libraries import current_stream, empty_like, finished, is_torch
from .arrays import Array, view_of
from .errors import ArgumentError
from .kernels import kernel_for
from .problem import Problem
from .structure import Structure, as_structure
from .target import as_target

LAYOUTS = ("bhnd", "bnhd")


def attention(
    q: Any,
    k: Any,
    v: Any,
    structure: Structure | str,
    *,
    scale: float | None = None,
    lse: bool = False,
    out: Any = None,
    layout: str = "bhnd",
    alignment: str = "end",
    stream: Any = None,
) -> Any:
    """Attention in which each head sees what `structure` allows.

    Arrays are those of NumPy, PyTorch, JAX, CuPy or whatever else has DLPack,
    `__cuda_array_interface__`, `__array_interface__` or the buffer protocol, on the
    CPU or a GPU. Their dimensions are (batch, heads, length, head dimension), or
    (batch, length, heads, head dimension) with `layout="bnhd"`; the last one is
    contiguous. Nothing is copied. Keys and values may have fewer heads, of which
    each serves a group of query heads.

    Returns an array of q's library. With `lse` it returns a pair: the output, and
    the logarithm of the sum of exponentials of each query's scores, as
    (batch, heads, length) of f32. A query that sees no key has the output 0 and the
    log-sum-exp -inf.

    `scale` is `1 / sqrt(head_dim)` if it is None. `out` is an array for the output.
    On a GPU, the call is put into `stream`, by default the current one of q's
    library, and returns without waiting for it. For gradients see spattn.torch and
    spattn.jax.
    """
    structure = as_structure(structure)
    if layout not in LAYOUTS:
        raise ArgumentError(f"expected layout to be 'bhnd' or 'bnhd', got {layout!r}")
    if scale is not None and not math.isfinite(scale):
        raise ArgumentError(f"expected a scale that is finite, got {scale}")
    asked = None if stream is None else _stream_number(stream)
    number = current_stream(q) if asked is None else asked
    # PyTorch need not be told of its own current stream; others have to be.
    wait = asked if is_torch(q) else number
    views = {
        name: _operand(array, name, layout, wait)
        for name, array in (("q", q), ("k", k), ("v", v))
    }
    sizes = _sizes(views)
    problem = Problem(
        structure,
        sizes["heads"],
        sizes["head_dim"],
        views["q"].element or "",
        kv_heads=sizes["kv_heads"],
        value_dim=sizes["value_dim"],
        **_type_of(out),
        lse=lse,
        alignment=alignment,
    )
    lengths = sizes["batch"], sizes["queries"], sizes["keys"]
    shape = problem.shape("o", *lengths)
    if out is None:
        outer = (shape[0], shape[2], shape[1], shape[3]) if layout == "bnhd" else shape
        out, view = empty_like(q, outer, problem.element("o"))
        views["o"] = view.transposed() if layout == "bnhd" else view
    else:
        views["o"] = _operand(out, "out", layout, wait)
        _check_out(views, shape)
    if lse:
        sums, views["lse"] = empty_like(q, problem.shape("lse", *lengths), "f32")
    device = views["q"].ordinal
    target = as_target(views["q"].device, device)
    kernel = kernel_for(problem, target, *lengths[1:])
    kernel.launch(
        [views[name] for name in problem.operands],
        scale=scale,
        stream=number,
        device=device,
    )
    return (finished(out), finished(sums)) if lse else finished(out)


def _type_of(out: Any) -> dict[str, Any]:
    """The type of an output that there is already."""
    return {} if out is None else {"out_dtype": view_of(out, "out").element}


def _stream_number(stream: Any) -> int:
    """A cudaStream_t: an integer, or a stream of PyTorch or CuPy."""
    for attribute in ("cuda_stream", "ptr"):
        stream = getattr(stream, attribute, stream)
    if not isinstance(stream, int):
        raise ArgumentError(
            "expected a stream that is the integer of a cudaStream_t, or a stream of "
            f"PyTorch or CuPy, got {stream!r}"
        )
    return stream


def _operand(array: Any, name: str, layout: str, stream: int | None) -> Array:
    """An operand with its dimensions in the order of kernels."""
    view = view_of(array, name, stream)
    if len(view.sizes) != 4:
        order = ", ".join(_DIMENSIONS[letter] for letter in layout)
        raise ArgumentError(
            f"{name}: expected 4 dimensions ({order}), got the shape {view.sizes}"
        )
    if layout == "bnhd":
        view = view.transposed()
    if view.sizes[3] > 1 and view.strides[3] != 1:
        raise ArgumentError(
            f"{name}: expected the last dimension to be contiguous, got a stride of "
            f"{view.strides[3]} elements; copy the array first"
        )
    return view


def _sizes(views: dict[str, Array]) -> dict[str, int]:
    """The sizes of a call, on which its operands have to agree."""
    q, k, v = (views[name] for name in "qkv")
    for name, view in (("k", k), ("v", v)):
        if view.element != q.element:
            raise ArgumentError(
                f"expected q, k and v to have the same type of elements, got "
                f"{q.element} in q and {view.element} in {name}"
            )
        if (view.device, view.ordinal) != (q.device, q.ordinal):
            raise ArgumentError(
                f"expected q, k and v on one device, got {q.device}:{q.ordinal} for q "
                f"and {view.device}:{view.ordinal} for {name}"
            )
    for dimension, a, b in _AGREE:
        index = _INDEX[dimension]
        if views[a].sizes[index] != views[b].sizes[index]:
            raise ArgumentError(
                f"expected {a} and {b} to have the same {_DIMENSIONS[dimension]}, got "
                f"{views[a].sizes[index]} and {views[b].sizes[index]}"
            )
    return {
        "batch": q.sizes[0],
        "heads": q.sizes[1],
        "kv_heads": k.sizes[1],
        "queries": q.sizes[2],
        "keys": k.sizes[2],
        "head_dim": q.sizes[3],
        "value_dim": v.sizes[3],
    }


def _check_out(views: dict[str, Array], shape: tuple[int, ...]) -> None:
    out, q = views["o"], views["q"]
    if out.sizes != shape:
        raise ArgumentError(f"out: expected the sizes {shape}, got {out.sizes}")
    if (out.device, out.ordinal) != (q.device, q.ordinal):
        raise ArgumentError(
            f"out: expected an array on {q.device}:{q.ordinal}, as q is, got "
            f"{out.device}:{out.ordinal}"
        )


_DIMENSIONS = {"b": "batch", "h": "heads", "n": "length", "d": "head dimension"}
_INDEX = {"b": 0, "h": 1, "n": 2, "d": 3}
_AGREE = (
    ("b", "q", "k"),
    ("b", "k", "v"),
    ("h", "k", "v"),
    ("n", "k", "v"),
    ("d", "q", "k"),
)

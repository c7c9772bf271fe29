# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Eager attention on arrays of any library, without gradients."""

from __future__ import annotations

import math
from typing import Any

from ._libraries import current_stream, empty_like, finished, is_torch
from ._pages import check_beside, check_page_size
from ._pages import check_shape as check_table
from ._sequences import (
    ArraySlicer,
    check_bound_length,
    check_shapes,
    operands_of,
    rows_of,
    tuned_lengths,
)
from ._tiles import check_given
from ._tiles import check_shapes as check_lists
from .arrays import Array, view_of
from .errors import ArgumentError
from .kernels import kernel_for
from .problem import Problem
from .score import ScoreMod, region_of
from .structure import Structure, as_structure
from .target import as_target
from .tiles import TileLists

LAYOUTS = ("bhnd", "bnhd")


def attention(
    q: Any,
    k: Any,
    v: Any,
    structure: Structure | str,
    *,
    scale: float | None = None,
    lse: bool = False,
    sinks: Any = None,
    soft_cap: float | None = None,
    alibi_slopes: Any = None,
    distance_bias: Any = None,
    score_mod: ScoreMod | None = None,
    query_lengths: Any = None,
    key_lengths: Any = None,
    query_starts: Any = None,
    key_starts: Any = None,
    cu_seqlens_q: Any = None,
    cu_seqlens_k: Any = None,
    bound_length: str = "sequence",
    query_positions: Any = None,
    key_positions: Any = None,
    causal_positions: bool = False,
    self_score: float | None = None,
    tiles: TileLists | None = None,
    page_table: Any = None,
    out: Any = None,
    layout: str = "bhnd",
    alignment: str = "end",
    stream: Any = None,
) -> Any:
    """Computes attention over the (query, key) pairs that `structure` allows.

    Arrays come from NumPy, PyTorch, JAX, CuPy or any library that supports DLPack,
    `__cuda_array_interface__`, `__array_interface__` or the buffer protocol, on the
    CPU or a GPU. Their dimensions are (batch, heads, length, head dimension), or
    (batch, length, heads, head dimension) with `layout="bnhd"`; the last one must be
    contiguous. Nothing is copied. Keys and values may have fewer heads than queries
    (grouped-query attention).

    Returns an array of q's library. With `lse`, returns a pair: the output, and the
    log-sum-exp of each query's scores, (batch, heads, length) in f32. A query that
    sees no key has the output 0 and the log-sum-exp -inf.

    `sinks` is an f32 array with one logit per query head. The sink takes part in the
    softmax of each of the head's queries, unscaled and without a value. The log-sum-exp
    includes it; it is the sink itself where a query sees no key.

    Scores may be modified, in this order: `soft_cap` caps them smoothly, to
    `soft_cap * tanh(score / soft_cap)`; `alibi_slopes`, an f32 array with one number
    per query head, subtracts slope times the size of the distance; `distance_bias`, an
    f32 array (heads, n), adds the number of the distance: entry `n // 2` is that of
    distance 0, later ones are towards the past, and pairs that are farther apart take
    the first or the last. Last, `score_mod` is a function of score, batch, head, query
    and key that gives the score to be used, as of FlexAttention. It is run once, on
    values that stand for those of all pairs, and compiled: it may use arithmetic,
    comparisons, `spattn.where`, and methods such as `tanh`. Queries and keys are
    counted from the start of a document.

    `query_positions`, (batch, heads, queries), and `key_positions`, (batch, key heads,
    keys), are i32 arrays that say where rows count as being, for example where they
    were before they were sorted. With `causal_positions`, a query sees no keys at later
    positions. `self_score` is the score of pairs at equal positions. Structures and
    distances count rows as they are.

    Rows of a batch may be padded, or hold packed documents. All of these are i32
    arrays on the device of q. `query_lengths` and `key_lengths`, (batch,), say how many
    queries and keys each row has, before its padding; `query_starts` and `key_starts`,
    (batch,), where they start, after padding on the left. `cu_seqlens_q` and
    `cu_seqlens_k`, (documents + 1,) for a batch of 1 or (batch, documents + 1), are the
    cumulative lengths of documents, each an attention of its own; `cu_seqlens_k`
    defaults to `cu_seqlens_q`. Padding has the output 0 and the log-sum-exp -inf, and
    nothing that it holds is seen. Bands that depend on the length take that of the
    document, or with `bound_length="pack"` the length of k.

    `tiles` lists key tiles that tiles of queries see besides what `structure` allows
    (spattn.TileLists), whatever it is: `spattn.none()` leaves lists alone. A pair that
    both allow counts once.

    With `page_table`, an i32 array (batch, pages of a row), k and v are pools of pages
    that rows of the batch share, (pages, key heads, page size, head dimension) or with
    `layout="bnhd"` (pages, page size, key heads, head dimension): key j of row b is row
    `j % page_size` of page `page_table[b, j // page_size]`. Pages have 16, 32, 64, 128
    or 256 rows. `key_lengths` says how many keys each row has, without it as many as
    its pages hold; entries of the table past them are not read. A page that the pool
    does not have is an error on a CPU, and counts as zeros on a GPU.

    `scale` defaults to `1 / sqrt(head_dim)`. The output is written to `out`, if that
    is given. On a GPU, the kernel is launched on `stream`, by default the current
    stream of q's library, and the call returns without synchronizing. For gradients
    see spattn.torch and spattn.jax.
    """
    structure = as_structure(structure)
    if layout not in LAYOUTS:
        raise ArgumentError(f"expected layout to be 'bhnd' or 'bnhd', got {layout!r}")
    if scale is not None and not math.isfinite(scale):
        raise ArgumentError(f"expected a scale that is finite, got {scale}")
    if soft_cap is not None and not (math.isfinite(soft_cap) and soft_cap > 0):
        raise ArgumentError(
            f"expected a soft_cap that is positive and finite, got {soft_cap}"
        )
    asked = None if stream is None else _stream_number(stream)
    number = current_stream(q) if asked is None else asked
    # PyTorch tensors are already ordered on PyTorch's current stream.
    wait = asked if is_torch(q) else number
    views = {
        name: _operand(array, name, layout, wait)
        for name, array in (("q", q), ("k", k), ("v", v))
    }
    sizes = _sizes(views, is_paged=page_table is not None)
    if page_table is not None:
        others = {
            "key_starts": key_starts,
            "cu_seqlens_q": cu_seqlens_q,
            "cu_seqlens_k": cu_seqlens_k,
            "key_positions": key_positions,
            "tiles": tiles,
        }
        check_beside(others)
        check_page_size(sizes["keys"], "k", layout)
    for name, array, argument, rank in (
        ("sink", sinks, "sinks", 1),
        ("slopes", alibi_slopes, "alibi_slopes", 1),
        ("bias", distance_bias, "distance_bias", 2),
    ):
        if array is not None:
            views[name] = _of_heads(array, argument, rank, views["q"], wait)
    sides = rows_of(
        query_lengths, key_lengths, query_starts, key_starts, cu_seqlens_q, cu_seqlens_k
    )
    check_bound_length(bound_length, sides)
    slicer = ArraySlicer(views["q"], lambda array, name: view_of(array, name, wait))
    sequences = operands_of(sides, slicer)
    shapes = {name: x.sizes for name, x in sequences.items()}
    check_shapes(shapes, sizes["batch"])
    views.update(sequences)
    if (query_positions is None) != (key_positions is None):
        raise ArgumentError("expected both query_positions and key_positions, or none")
    if (query_positions is None) != (not causal_positions and self_score is None):
        raise ArgumentError(
            "expected positions with causal_positions or self_score, and only then"
        )
    if query_positions is not None:
        for name, array, argument, like in (
            ("qpos", query_positions, "query_positions", views["q"]),
            ("kpos", key_positions, "key_positions", views["k"]),
        ):
            views[name] = _positions(array, argument, like, wait)
    if tiles is not None:
        check_given(tiles, bool(sides))
        for name, array, argument in (
            ("tcount", tiles.counts, "tiles.counts"),
            ("tindex", tiles.indices, "tiles.indices"),
        ):
            views[name] = _of_tiles(array, argument, views["q"], wait)
        listed = views["tcount"].sizes, views["tindex"].sizes
        check_lists(tiles, *listed, sizes["batch"], sizes["heads"], sizes["queries"])
    if page_table is not None:
        views["pages"] = _of_pages(page_table, views["q"], wait)
        sizes["keys"] *= views["pages"].sizes[1]
    problem = Problem(
        structure,
        sizes["heads"],
        sizes["head_dim"],
        views["q"].element or "",
        kv_heads=sizes["kv_heads"],
        value_dim=sizes["value_dim"],
        **_type_of(out),
        lse=lse,
        sinks=sinks is not None,
        soft_cap=soft_cap is not None,
        alibi_slopes=alibi_slopes is not None,
        distance_bias=views["bias"].sizes[1] if distance_bias is not None else 0,
        causal_positions=causal_positions,
        self_score=self_score,
        score=region_of(score_mod),
        signed_scale=views["q"].device != "cpu" and scale is not None and scale <= 0,
        alignment=alignment,
        sequences=tuple(sequences),
        bound_length=bound_length,
        page_size=0 if page_table is None else views["k"].sizes[2],
        **({} if tiles is None else _lists_of(tiles, views["tcount"])),
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
    tuned = tuned_lengths(shapes.values(), lengths[1:])
    kernel = kernel_for(problem, target, *tuned)
    kernel.launch(
        [views[name] for name in problem.operands],
        scale=scale,
        soft_cap=soft_cap,
        stream=number,
        device=device,
    )
    return (finished(out), finished(sums)) if lse else finished(out)


def _type_of(out: Any) -> dict[str, Any]:
    """The element type of the output array, if the caller gave one."""
    return {} if out is None else {"out_dtype": view_of(out, "out").element}


def _stream_number(stream: Any) -> int:
    """The cudaStream_t of an integer, or of a stream of PyTorch or CuPy."""
    for attribute in ("cuda_stream", "ptr"):
        stream = getattr(stream, attribute, stream)
    if not isinstance(stream, int):
        raise ArgumentError(
            "expected a stream that is the integer of a cudaStream_t, or a stream of "
            f"PyTorch or CuPy, got {stream!r}"
        )
    return stream


def _operand(array: Any, name: str, layout: str, stream: int | None) -> Array:
    """A view of an operand as (batch, heads, length, dim)."""
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


def _of_heads(array: Any, name: str, rank: int, q: Array, stream: int | None) -> Array:
    """A view of numbers of query heads, one for each, or a row."""
    view = view_of(array, name, stream)
    heads = q.sizes[1]
    if len(view.sizes) != rank or view.sizes[0] != heads or view.sizes[-1] == 0:
        expected = (
            f"a number for each query head, ({heads},)"
            if rank == 1
            else f"numbers for each query head, ({heads}, distances)"
        )
        raise ArgumentError(f"{name}: expected {expected}, got the shape {view.sizes}")
    if view.element != "f32":
        raise ArgumentError(f"{name}: expected elements of f32, got {view.element}")
    if (view.device, view.ordinal) != (q.device, q.ordinal):
        raise ArgumentError(
            f"{name}: expected the device of q, {q.device}, got {view.device}"
        )
    if view.sizes[-1] > 1 and view.strides[-1] != 1:
        raise ArgumentError(f"{name}: expected a contiguous array; copy it first")
    return view


def _positions(array: Any, name: str, like: Array, stream: int | None) -> Array:
    """A view of the positions of queries, or of keys."""
    view = view_of(array, name, stream)
    if view.sizes != like.sizes[:3]:
        raise ArgumentError(
            f"{name}: expected the sizes (batch, heads, length), {like.sizes[:3]}, got "
            f"{view.sizes}"
        )
    if view.element != "i32":
        raise ArgumentError(f"{name}: expected elements of i32, got {view.element}")
    if (view.device, view.ordinal) != (like.device, like.ordinal):
        raise ArgumentError(
            f"{name}: expected the device of q, {like.device}, got {view.device}"
        )
    return view


def _of_tiles(array: Any, name: str, q: Array, stream: int | None) -> Array:
    """A view of lists of tiles."""
    view = view_of(array, name, stream)
    if view.element != "i32":
        raise ArgumentError(f"{name}: expected elements of i32, got {view.element}")
    if (view.device, view.ordinal) != (q.device, q.ordinal):
        raise ArgumentError(
            f"{name}: expected the device of q, {q.device}, got {view.device}"
        )
    if view.sizes and view.sizes[-1] > 1 and view.strides[-1] != 1:
        raise ArgumentError(f"{name}: expected a contiguous array; copy it first")
    return view


def _of_pages(array: Any, q: Array, stream: int | None) -> Array:
    """A view of a page table."""
    view = view_of(array, "page_table", stream)
    if view.element != "i32":
        raise ArgumentError(f"page_table: expected elements of i32, got {view.element}")
    if (view.device, view.ordinal) != (q.device, q.ordinal):
        raise ArgumentError(
            f"page_table: expected the device of q, {q.device}, got {view.device}"
        )
    check_table(view.sizes, q.sizes[0])
    if view.sizes[1] > 1 and view.strides[1] != 1:
        raise ArgumentError("page_table: expected contiguous rows; copy it first")
    return view


def _lists_of(tiles: TileLists, counts: Array) -> dict[str, Any]:
    """What a problem knows of lists."""
    return {
        "tile_lists": tiles.attribute,
        "list_heads": counts.sizes[1],
        "list_batch": counts.sizes[0] != 1,
    }


def _sizes(views: dict[str, Array], is_paged: bool) -> dict[str, int]:
    """The sizes of a call, after checking that its operands agree on them. The batch
    of keys that are in pages is that of the pages."""
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
        if is_paged and (dimension, a) == ("b", "q"):
            continue
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

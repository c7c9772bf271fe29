# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The attention function for JAX."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from .._head_shards import structure_of_shard
from .._pages import check_beside
from .._sequences import rows_of
from ..errors import ArgumentError
from ..problem import Problem
from ..structure import Structure, as_structure
from . import _calls, _ffi
from ._checks import (
    ELEMENTS,
    checked,
    checked_of_heads,
    checked_pages,
    sequences_of,
    sizes_of,
    with_batch,
)
from ._shards import vary_alike

#: What head dimensions have to be multiples of on a GPU.
_MULTIPLE = 8


def attention(
    query: jax.Array,
    key: jax.Array,
    value: jax.Array,
    structure: Structure | str,
    *,
    scale: float | None = None,
    layout: str = "bhnd",
    alignment: str = "end",
    sinks: jax.Array | None = None,
    soft_cap: float | None = None,
    alibi_slopes: jax.Array | None = None,
    distance_bias: jax.Array | None = None,
    query_lengths: jax.Array | None = None,
    key_lengths: jax.Array | None = None,
    query_starts: jax.Array | None = None,
    key_starts: jax.Array | None = None,
    cu_seqlens_q: jax.Array | None = None,
    cu_seqlens_k: jax.Array | None = None,
    bound_length: str = "sequence",
    page_table: jax.Array | None = None,
    return_lse: bool = False,
    deterministic: bool | None = None,
    heads_axis: str | None = None,
) -> Any:
    """Computes attention over the (query, key) pairs that `structure` allows.

    Arrays have the dimensions (batch, heads, length, head dimension), or (batch,
    length, heads, head dimension) with `layout="bnhd"`; the batch may be missing if it
    is in all three, as under vmap. They are float32, float16 or bfloat16 on the CPU,
    and float16 or bfloat16 on a GPU. Key and value may have fewer heads than query
    (grouped-query attention), and value may have another head dimension. For a GPU,
    head dimensions that are no multiples of 8 are padded by a copy.

    With `return_lse`, returns a pair: the output, and the log-sum-exp of each query's
    scores, (batch, heads, length) in float32. Gradients flow through both. A query
    that sees no key has the output 0, the log-sum-exp -inf, and no gradient.

    `scale` must be known at trace time and defaults to `1 / sqrt(head dimension)`. If
    query and key have different lengths, `alignment="end"` aligns the last query to
    the last key, and `"start"` the first query to the first key. `deterministic=True`
    makes gradients on GPUs bitwise reproducible; None takes the faster mode.

    `sinks` has one learned logit per query head. It takes part in the softmax of each
    of the head's queries, unscaled and without a value, and has a gradient. The
    log-sum-exp includes it; it is the sink where a query sees no key.

    Scores may be modified, in this order. `soft_cap`, known at trace time, caps them
    smoothly, to `soft_cap * tanh(score / soft_cap)`. `alibi_slopes` has one number per
    query head, and subtracts it times the size of the distance. `distance_bias`,
    (heads, n), adds the number of the distance: entry `n // 2` is that of distance 0,
    later ones are towards the past, and pairs that are farther apart take the first or
    the last. Slopes and biases have no gradient.

    Rows of a batch may be padded, or hold packed documents. All of these are int32
    arrays. `query_lengths` and `key_lengths`, (batch,), say how many queries and keys
    each row has, before its padding; `query_starts` and `key_starts`, (batch,), where
    they start, after padding on the left; without a batch, they are numbers.
    `cu_seqlens_q` and `cu_seqlens_k`, (documents + 1,) for a batch of 1 or none, or
    (batch, documents + 1), are the cumulative lengths of documents, each an attention
    of its own; `cu_seqlens_k` defaults to `cu_seqlens_q`. Padding has the output 0, the
    log-sum-exp -inf and the gradient 0, and nothing that it holds is seen, NaN
    included. Bands that depend on the length take that of the document, or with
    `bound_length="pack"` that of `key`.

    With `page_table`, (batch, pages of a row) in int32, `key` and `value` are pools of
    pages that rows of the batch share, as of a cache for decoding: (pages, key heads,
    page size, head dimension), or with `layout="bnhd"` (pages, page size, key heads,
    head dimension). Key j of row b is row `j % page_size` of page
    `page_table[b, j // page_size]`. Pages have 16, 32, 64, 128 or 256 rows.
    `key_lengths` says how many keys each row has, without it as many as its pages hold;
    entries of the table past them are not read. A page that the pool does not have is
    an error on the CPU, and counts as zeros on a GPU. There are no gradients.

    Within `jax.shard_map`, the arrays are those of one shard. If heads are sharded,
    `heads_axis` is the mesh axis that they are sharded over, and `structure` describes
    all heads, from which each shard takes its part.
    """
    structure = as_structure(structure)
    counts = {
        "query_lengths": query_lengths,
        "key_lengths": key_lengths,
        "query_starts": query_starts,
        "key_starts": key_starts,
    }
    has_pages = page_table is not None
    if has_pages:
        others = {"key_starts": key_starts}
        others |= {"cu_seqlens_q": cu_seqlens_q, "cu_seqlens_k": cu_seqlens_k}
        check_beside(others)
    has_batch = has_pages or any(jnp.ndim(x) != 3 for x in (query, key, value))
    if not has_batch:
        query, key, value = (jnp.asarray(array)[None] for array in (query, key, value))
        counts = {name: with_batch(name, array) for name, array in counts.items()}
    arrays = {
        name: checked(name, array, layout)
        for name, array in (("q", query), ("k", key), ("v", value))
    }
    sizes = sizes_of(arrays, layout, has_pages)
    _check_numbers(scale, soft_cap)
    if scale is None:
        scale = 1 / math.sqrt(sizes["q"]["d"])
    of_heads = {"sink": sinks, "slopes": alibi_slopes, "bias": distance_bias}
    for name, array in of_heads.items():
        if array is not None:
            arrays[name] = checked_of_heads(name, array, sizes["q"]["h"])
    rows = rows_of(**counts, cu_seqlens_q=cu_seqlens_q, cu_seqlens_k=cu_seqlens_k)
    sequences = sequences_of(rows, bound_length, sizes["q"]["b"])
    value_dim = sizes["v"]["d"]
    arrays = _padded(arrays) | sequences
    if has_pages:
        arrays["pages"] = checked_pages(page_table, sizes, layout)
    arrays = vary_alike(arrays)

    def call(structure: Structure) -> tuple[jax.Array, ...]:
        problem = Problem(
            structure,
            sizes["q"]["h"],
            arrays["q"].shape[3],
            ELEMENTS[arrays["q"].dtype.name],
            kv_heads=sizes["k"]["h"],
            value_dim=arrays["v"].shape[3],
            lse=return_lse,
            sinks=sinks is not None,
            soft_cap=soft_cap is not None,
            alibi_slopes=alibi_slopes is not None,
            distance_bias=arrays["bias"].shape[1] if "bias" in arrays else 0,
            signed_scale=scale <= 0,
            alignment=alignment,
            sequences=tuple(sequences),
            bound_length=bound_length,
            page_size=sizes["k"]["n"] if has_pages else 0,
        )
        operands = tuple(arrays[name] for name in problem.operands if name in arrays)
        options = _calls.Call(problem, layout, float(scale), soft_cap)
        return _calls.run(operands, options, deterministic)

    if heads_axis is None:
        results = call(structure)
    else:
        shards = jax.lax.axis_size(heads_axis)
        heads = sizes["q"]["h"] * shards
        parts = [structure_of_shard(structure, i, shards, heads) for i in range(shards)]
        if len(set(parts)) == 1:
            results = call(parts[0])
        else:
            branches = [partial(call, part) for part in parts]
            results = jax.lax.switch(jax.lax.axis_index(heads_axis), branches)
    output, *lse = (x if has_batch else x[0] for x in results)
    output = output[..., :value_dim]
    return (output, *lse) if return_lse else output


def _check_numbers(scale: Any, soft_cap: Any) -> None:
    if scale is not None and (
        isinstance(scale, jax.core.Tracer) or not math.isfinite(scale)
    ):
        raise ArgumentError(
            f"expected a scale that is a finite number when it is traced, got {scale}; "
            "multiply the queries by one that is an array"
        )
    if soft_cap is not None and (
        isinstance(soft_cap, jax.core.Tracer) or not 0 < soft_cap < math.inf
    ):
        raise ArgumentError(
            "expected a soft_cap that is a positive, finite number when it is traced, "
            f"got {soft_cap}"
        )


def _padded(arrays: dict[str, jax.Array]) -> dict[str, jax.Array]:
    """Appends columns of zeros up to what a GPU, whose copies are of 16 bytes, needs.
    They change no score and no other output."""
    dims = {name: arrays[name].shape[3] for name in "qkv"}
    missing = {name: -dim % _MULTIPLE for name, dim in dims.items()}
    if (
        not any(missing.values())
        or _ffi.likely_platform(list(arrays.values())) == "cpu"
    ):
        return arrays
    padded = {
        name: jnp.pad(arrays[name], ((0, 0),) * 3 + ((0, columns),))
        for name, columns in missing.items()
    }
    return arrays | padded

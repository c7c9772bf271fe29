# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The attention functions for PyTorch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .._pages import check_beside
from .._sequences import rows_of
from ..errors import ArgumentError, SpattnError, UnsupportedError
from ..score import ScoreMod, region_of
from ..structure import Structure, as_structure
from ..tiles import TileLists
from . import _check, _launcher, _numbers, _operators, _padding, _transforms
from ._launcher import exception_of


class _Attention(torch.autograd.Function):
    """The operator with autograd, in half the time of torch.library's autograd, which
    goes through the dispatcher twice. Returns only the output."""

    @staticmethod
    def forward(ctx, *inputs):
        with _operators.below_autograd():
            results = _operators.run_attention(*inputs)
        _operators.save_call(ctx, inputs, results)
        return results[0]

    @staticmethod
    def backward(ctx, grad_output, grad_lse=None):
        try:
            return _operators.gradients(ctx, grad_output, grad_lse)
        except RuntimeError as error:
            raise _explain(error, ctx.saved_tensors[:3], ctx.options[2]) from error


class _AttentionAndLse(_Attention):
    """The same with the log-sum-exp as a second result, which is slower in torch."""

    @staticmethod
    def forward(ctx, *inputs):
        with _operators.below_autograd():
            results = _operators.run_attention(*inputs)
        _operators.save(ctx, inputs, results)
        return results


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    structure: Structure | str,
    *,
    scale: float | None = None,
    layout: str = "bhnd",
    alignment: str = "end",
    sinks: Tensor | None = None,
    soft_cap: float | None = None,
    alibi_slopes: Tensor | None = None,
    distance_bias: Tensor | None = None,
    score_mod: ScoreMod | None = None,
    query_lengths: Tensor | None = None,
    key_lengths: Tensor | None = None,
    query_starts: Tensor | None = None,
    key_starts: Tensor | None = None,
    cu_seqlens_q: Tensor | None = None,
    cu_seqlens_k: Tensor | None = None,
    bound_length: str = "sequence",
    query_positions: Tensor | None = None,
    key_positions: Tensor | None = None,
    causal_positions: bool = False,
    self_score: float | None = None,
    tiles: TileLists | None = None,
    page_table: Tensor | None = None,
    return_lse: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """Computes attention over the (query, key) pairs that `structure` allows.

    Tensors have the dimensions (batch, heads, length, head dimension), or (batch,
    length, heads, head dimension) with `layout="bnhd"`. They are float32, float16 or
    bfloat16 on the CPU, and float16 or bfloat16 on a GPU. All strides work; a tensor
    is copied only if its innermost stride is not 1 or, on a GPU, if its address or
    another stride is not a multiple of 16 bytes. Key and value may have fewer heads
    than query (grouped-query attention), and value may have another head dimension. On
    a GPU, head dimensions that are no multiples of 8 are padded by a copy.

    The output has the memory layout of `query`. With `return_lse`, returns a pair: the
    output, and the log-sum-exp of each query's scores, (batch, heads, length) in
    float32. Gradients flow through both. A query that sees no key has the output 0,
    the log-sum-exp -inf, and no gradient.

    `scale` defaults to `1 / sqrt(head dimension)`. If query and key have different
    lengths, `alignment="end"` aligns the last query to the last key, and `"start"` the
    first query to the first key.

    `sinks` has one learned logit per query head, as in gpt-oss. It takes part in the
    softmax of each of the head's queries, unscaled and without a value, and has a
    gradient. The log-sum-exp includes it; it is the sink where a query sees no key.

    Scores may be modified, in this order. `soft_cap` caps them smoothly, to
    `soft_cap * tanh(score / soft_cap)`, as in Gemma 2. `alibi_slopes` has one number
    per query head, and subtracts it times the size of the distance. `distance_bias`,
    (heads, n), adds the number of the distance, as in T5: entry `n // 2` is that of
    distance 0, later ones are towards the past, and pairs that are farther apart take
    the first or the last. Both have gradients. On a GPU, those by biases differ by
    rounding from run to run: with deterministic algorithms, they are an error. Last,
    `score_mod` is a function of score, batch, head, query and key that gives the score
    to be used, as of FlexAttention, and is differentiated by it. It is run once, on
    values that stand for those of all pairs, and compiled: it may use arithmetic,
    comparisons and functions such as torch.where and torch.tanh, but no tensors.
    Queries and keys are counted from the start of a document.
    Rows of a batch may be padded, or hold packed documents. All of these are int32
    tensors on the device of `query`. `query_lengths` and `key_lengths`, (batch,), say
    how many queries and keys each row has, before its padding; `query_starts` and
    `key_starts`, (batch,), where they start, after padding on the left. `cu_seqlens_q`
    and `cu_seqlens_k`, (documents + 1,) for a batch of 1 or (batch, documents + 1), are
    the cumulative lengths of documents, each an attention of its own; `cu_seqlens_k`
    defaults to `cu_seqlens_q`. Padding has the output 0, the log-sum-exp -inf and the
    gradient 0, and nothing that it holds is seen, NaN included. Bands that depend on
    the length take that of the document, or with `bound_length="pack"` that of `key`.

    `query_positions`, (batch, heads, queries), and `key_positions`, (batch, key heads,
    keys), are int32 tensors that say where rows count as being, for example where they
    were before they were sorted. With `causal_positions`, a query sees no keys at later
    positions. `self_score` is the score of pairs at equal positions, through which no
    gradient flows. Structures and distances count rows as they are.
    `tiles` lists key tiles that tiles of queries see besides what `structure` allows
    (spattn.TileLists; see also `spattn.bigbird`, `from_block_mask` and `top_tiles`):
    `spattn.none()` leaves lists alone. A pair that both allow counts once. Lists are
    (batch, heads, query tiles) in both layouts, and trusted on a GPU: they have to
    ascend. They have no gradient.

    With `page_table`, (batch, pages of a row) in int32, `key` and `value` are pools of
    pages that rows of the batch share, as of a cache for decoding: (pages, key heads,
    page size, head dimension), or with `layout="bnhd"` (pages, page size, key heads,
    head dimension), as vLLM has them. Key j of row b is row `j % page_size` of page
    `page_table[b, j // page_size]`. Pages have 16, 32, 64, 128 or 256 rows.
    `key_lengths` says how many keys each row has, without it as many as its pages hold;
    entries of the table past them are not read. A page that the pool does not have is
    an error on the CPU, and counts as zeros on a GPU. There are no gradients.

    Under torch.compile a call is one operator, for all lengths. Create structures
    outside the compiled function, because torch cannot trace their construction.
    """
    text = structure if type(structure) is str else as_structure(structure).text
    if isinstance(sinks, Tensor) and sinks.dtype != torch.float32:
        sinks = sinks.float()
    padded = _padding.needs_padding(query, key, value)
    if padded:
        value_dim, scale = value.shape[-1], _padding.scale_of(query, scale)
        query, key, value = _padding.pad(query, key, value)
    # Most calls have nothing optional, and are to be fast.
    inputs = query, key, value, text, scale, layout, alignment
    scores = soft_cap, _as_float(alibi_slopes), _as_float(distance_bias)
    score = "" if score_mod is None else _region_of(score_mod)
    rows = rows_of(
        query_lengths, key_lengths, query_starts, key_starts, cu_seqlens_q, cu_seqlens_k
    )
    if page_table is not None:
        others = {
            "key_starts": key_starts,
            "cu_seqlens_q": cu_seqlens_q,
            "cu_seqlens_k": cu_seqlens_k,
            "query_positions": query_positions,
            "key_positions": key_positions,
            "self_score": self_score,
            "causal_positions": causal_positions or None,
            "tiles": tiles,
        }
        check_beside(others)
        sequences = _check.sequences(query, rows, bound_length)
        if _numbers.enabled:
            _numbers.check(query, key, value, layout, sequences, page_table)
        results = _call_paged(
            (query, key, value, page_table, *inputs[3:], sinks, *scores, *sequences)
            + (bound_length, score)
        )
        results = _padding.narrow(results, value_dim) if padded else results
        return results if return_lse else results[0]
    has_positions = query_positions is not None or key_positions is not None
    has_positions |= bool(causal_positions) or self_score is not None
    if has_positions or tiles is not None:
        sequences = _check.sequences(query, rows, bound_length)
        inputs = (
            *(*inputs, sinks, *scores),
            *(*sequences, bound_length),
            *_check.positions(
                *(query, key, layout, query_positions, key_positions),
                *(causal_positions, self_score),
            ),
        )
        if tiles is not None:
            inputs = *inputs, *_check.lists(query, tiles, layout, bool(rows))
        elif score:
            inputs = *inputs, *_operators.NO_LISTS
        if _numbers.enabled:
            _numbers.check(query, key, value, layout, sequences, tiles=tiles)
        if score:
            inputs = *inputs, score
    elif rows or bound_length != "sequence" or score:
        sequences = _check.sequences(query, rows, bound_length)
        if _numbers.enabled:
            _numbers.check(query, key, value, layout, sequences)
        inputs = *inputs, sinks, *scores, *sequences, bound_length
        if score:
            inputs = *inputs, *_operators.NO_POSITIONS, *_operators.NO_LISTS, score
    elif not (soft_cap is None and alibi_slopes is None and distance_bias is None):
        inputs = *inputs, sinks, *scores
    elif sinks is not None:
        inputs = *inputs, sinks
    if torch.compiler.is_compiling():
        results = _operators.attention(*inputs)
        results = results if return_lse else results[0]
    else:
        results = _call(inputs, return_lse)
    return _padding.narrow(results, value_dim) if padded else results


@torch.compiler.assume_constant_result
def _region_of(score_mod: ScoreMod) -> str:
    """The region of a function, which torch.compile is not to trace."""
    return region_of(score_mod)


def _as_float(tensor: Any) -> Any:
    """Numbers of heads in float32."""
    if isinstance(tensor, Tensor) and tensor.dtype != torch.float32:
        return tensor.float()
    return tensor


_TENSORS = {Tensor, torch.nn.Parameter}
# What arguments behind the options may be.
_OPTIONAL = {*_TENSORS, type(None), float, int, bool, str}


def _is_plain(tensors: tuple, optional: tuple) -> bool:
    """Whether no tensor subclass needs to intercept the call."""
    return _TENSORS.issuperset(map(type, tensors)) and (
        not optional or _OPTIONAL.issuperset(map(type, optional))
    )


def _call(inputs: tuple, return_lse: bool) -> Tensor | tuple[Tensor, Tensor]:
    """Calls the operator on the fastest path for the active dispatch features."""
    tensors, options, optional = inputs[:3], inputs[3:7], inputs[7:]
    query, key, value = tensors
    try:
        if torch._C._are_functorch_transforms_active():
            results = _transforms.Attention.apply(*inputs)
        elif not _is_plain(tensors, optional):
            results = _operators.attention(*inputs)
        elif torch._C._is_any_autocast_enabled() and torch.is_autocast_enabled(
            query.device.type
        ):
            tensors = _operators.cast((query, key, value), query.device.type)
            with torch._C._DisableAutocast():
                return _call((*tensors, *inputs[3:]), return_lse)
        elif torch.is_grad_enabled() and (
            query.requires_grad
            or key.requires_grad
            or value.requires_grad
            or any(getattr(x, "requires_grad", False) for x in optional)
        ):
            _launcher.recording = True
            function = _AttentionAndLse if return_lse else _Attention
            return function.apply(*inputs)
        else:
            _launcher.recording = False
            with _operators.below_autograd():
                results = _operators.run_attention(*inputs)
        return results if return_lse else results[0]
    except (RuntimeError, TypeError) as error:
        raise _explain(error, (query, key, value), options[2], *optional[:4]) from error


def _call_paged(inputs: tuple) -> tuple[Tensor, Tensor]:
    """Calls the operator of attention to keys in pages."""
    if torch.compiler.is_compiling():
        return _operators.paged_attention(*inputs)
    tensors = [x for x in inputs if isinstance(x, Tensor)]
    if torch.is_grad_enabled() and any(x.requires_grad for x in tensors):
        raise UnsupportedError(
            "page_table: attention to keys in pages has no gradients; use "
            "torch.no_grad(), or detach() tensors"
        )
    query, key, value, page_table, _, _, layout, _, *scores = inputs
    try:
        return _operators.paged_attention(*inputs)
    except (RuntimeError, TypeError) as error:
        found = exception_of(error)
        if isinstance(found, SpattnError) and not isinstance(found, ArgumentError):
            raise found from error
        _check.check(*(query, key, value, layout), *scores[:4], page_table=page_table)
        raise found from error


def _explain(error: Exception, tensors: tuple, layout: str, *more: Any) -> Exception:
    """The most helpful exception for an error of an operator: the Python checks name
    arguments and sizes that C++ does not know."""
    found = exception_of(error)
    if isinstance(found, SpattnError) and not isinstance(found, ArgumentError):
        return found
    try:
        _check.check(*tensors, layout, *more)
    except SpattnError as better:
        return better
    return found


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    *,
    structure: Structure | str | None = None,
    alignment: str | None = None,
) -> Tensor:
    """torch.nn.functional.scaled_dot_product_attention with a structure.

    Without a structure, this computes what torch does: full attention, or causal
    attention with `is_causal`, with the first query aligned to the first key
    (`alignment="start"`). With a structure, the last query is aligned to the last key
    by default. Masks and dropout are not supported.
    """
    if attn_mask is not None:
        raise UnsupportedError(
            "attn_mask: spattn takes no masks; describe the allowed pairs by a "
            "structure, such as structure=spattn.window(512)"
        )
    if dropout_p:
        raise UnsupportedError(
            f"dropout_p: spattn has no dropout, got {dropout_p}; pass 0.0, as in "
            "evaluation"
        )
    if structure is None:
        structure = "#spattn.causal" if is_causal else "#spattn.full"
        alignment = alignment or "start"
    elif is_causal:
        raise ArgumentError(
            "is_causal: expected False with a structure; to make it causal, pass "
            "structure & spattn.causal()"
        )
    tensors = [
        _as_four(name, x)
        for name, x in (("query", query), ("key", key), ("value", value))
    ]
    heads, key_heads = (x.shape[1] for x in tensors[:2])
    if heads != key_heads and not enable_gqa:
        raise ArgumentError(
            f"expected as many key heads as query heads, {heads}, got {key_heads}; "
            "pass enable_gqa=True for grouped queries"
        )
    output = attention(*tensors, structure, scale=scale, alignment=alignment or "end")
    return output.reshape(*query.shape[:-1], value.shape[-1])


def _as_four(name: str, tensor: Tensor) -> Tensor:
    """Reshapes (..., heads, length, dim) to four dimensions."""
    rank = tensor.dim()
    if rank == 4:
        return tensor
    if rank < 2:
        raise ArgumentError(
            f"{name}: expected 2 dimensions or more (..., length, head dimension), got "
            f"the shape {tuple(tensor.shape)}"
        )
    if rank < 4:
        return tensor.reshape(-1, 1, *tensor.shape[-2:])
    return tensor.flatten(0, rank - 4)

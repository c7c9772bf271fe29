# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The attention of a rank and its gradients, stage by stage.

All keys of all stages are on their way before the first stage computes, and gradients
of a stage travel while the next one computes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...errors import UnsupportedError
from .. import _operators
from ._exchange import Exchange
from ._routes import Call, Part, Stage


@dataclass(frozen=True)
class Prepared:
    """What a rank does, in a call of one description."""

    exchanges: tuple[Exchange, ...]
    #: Starts and ends of documents of each call that has any, on the device.
    sequences: dict[Call, tuple[Tensor, ...]]


@dataclass(frozen=True)
class Options:
    scale: float | None
    soft_cap: float | None
    #: Whether gradients exchange keys again, rather than keep those of other ranks.
    regather: bool


def _queries(part: Call | Part, tensor: Tensor) -> Tensor:
    """What a call reads or writes of (batch, heads, rows, ...)."""
    heads = tensor[:, part.head : part.head + part.heads]
    return heads[:, :, part.row : part.row + part.rows]


def _keys(call: Call, tensor: Tensor) -> Tensor:
    heads = tensor[:, call.key_head : call.key_head + call.key_heads]
    return heads[:, :, call.key_row : call.key_row + call.key_rows]


def _more(prepared: Prepared, call: Call, options: Options, batch: int) -> tuple:
    """Arguments behind the sinks."""
    scores = options.soft_cap, None, None
    sequences = prepared.sequences.get(call)
    if sequences is None:
        return () if options.soft_cap is None else scores
    return *scores, *(x.expand(batch, -1) for x in sequences), "sequence"


def _covers(call: Call, tensor: Tensor) -> bool:
    """Whether a call has all heads and rows."""
    return (call.heads, call.rows) == tuple(tensor.shape[1:3])


def _gathered(
    prepared: Prepared, key: Tensor, value: Tensor
) -> list[tuple[Tensor, Tensor]]:
    travels = [exchange.send(key, value) for exchange in prepared.exchanges]
    return [
        exchange.gather(travel, key, value)
        for exchange, travel in zip(prepared.exchanges, travels, strict=True)
    ]


def _empty(prepared: Prepared) -> list[Part]:
    return [part for x in prepared.exchanges for part in x.stage.empty]


def _sum_type(key: Tensor, addends: int) -> torch.dtype:
    """The type of a sum that is rounded once: two numbers are added in it anyway."""
    return key.dtype if addends <= 2 else torch.float32


def _largest_first(stage: Stage) -> list[Call]:
    """The calls, that of most rows of keys first."""
    return sorted(stage.calls, key=lambda call: -call.key_heads * call.key_rows)


def _most_calls(stage: Stage) -> int:
    """How many calls a key head has at most: of several chunks, or, where no kernel
    has its whole group, of some query heads each."""
    heads = [
        key_head
        for call in stage.calls
        for key_head in range(call.key_head, call.key_head + call.key_heads)
    ]
    return max(map(heads.count, heads), default=0)


def _added(
    parts: list[Tensor] | None,
    found: Sequence[Tensor],
    call: Call,
    stage: Stage,
    gathered: tuple[Tensor, Tensor],
) -> list[Tensor]:
    """The gradients of a stage's keys and values with those of another call."""
    dtype = _sum_type(gathered[0], _most_calls(stage))
    if parts is None and all(_keys(call, x).shape == x.shape for x in gathered):
        return [x.to(dtype) for x in found]
    if parts is None:
        parts = [torch.zeros_like(x, dtype=dtype) for x in gathered]
    for part, gradient in zip(parts, found, strict=True):
        _keys(call, part).add_(gradient)
    return parts


class Attention(torch.autograd.Function):
    """Output and log-sum-exp of a rank's queries."""

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        sinks: Tensor | None,
        prepared: Prepared,
        options: Options,
    ) -> tuple[Tensor, Tensor]:
        batch, heads, rows, _ = query.shape
        output, lse = None, None
        keys: list[Tensor] = []
        exchanges = prepared.exchanges
        travels = [exchange.send(key, value) for exchange in exchanges]
        with _operators.below_autograd():
            for exchange, travel in zip(exchanges, travels, strict=True):
                gathered = exchange.gather(travel, key, value)
                if not options.regather:
                    keys += gathered
                for call in exchange.stage.calls:
                    own = slice(call.head, call.head + call.heads)
                    found = _operators.run_attention(
                        _queries(call, query),
                        *(_keys(call, x) for x in gathered),
                        *(call.structure, options.scale, "bhnd", call.alignment),
                        None if sinks is None else sinks[own],
                        *_more(prepared, call, options, batch),
                    )
                    if _covers(call, query):
                        output, lse = found
                        continue
                    if output is None:
                        shape = batch, heads, rows, value.shape[3]
                        output = query.new_empty(shape)
                        lse = query.new_empty(shape[:3], dtype=torch.float32)
                    _queries(call, output).copy_(found[0])
                    _queries(call, lse).copy_(found[1])
        if output is None or lse is None:  # No query sees any keys.
            output = query.new_empty(batch, heads, rows, value.shape[3])
            lse = query.new_empty(batch, heads, rows, dtype=torch.float32)
        for part in _empty(prepared):
            _queries(part, output).zero_()
            _queries(part, lse).fill_(-torch.inf)
            if sinks is not None:
                own = sinks[part.head : part.head + part.heads]
                _queries(part, lse).copy_(own[:, None])
        ctx.prepared, ctx.options = prepared, options
        ctx.save_for_backward(query, key, value, sinks, output, lse, *keys)
        ctx.set_materialize_grads(False)
        return output, lse

    @staticmethod
    def backward(ctx: Any, grad_output: Any, grad_lse: Any) -> tuple:
        if torch.is_grad_enabled():
            raise UnsupportedError("attention has no second derivative in spattn")
        query, key, value, sinks, output, lse, *keys = ctx.saved_tensors
        prepared, options = ctx.prepared, ctx.options
        if grad_output is None:
            grad_output = torch.zeros_like(output)
        deterministic = torch.are_deterministic_algorithms_enabled()
        exchanges = prepared.exchanges
        pairs = (
            _gathered(prepared, key, value)
            if options.regather
            else list(zip(keys[::2], keys[1::2], strict=True))
        )
        grad_query = torch.empty_like(query)
        grad_sinks = None if sinks is None else torch.zeros_like(sinks)
        for part in _empty(prepared):
            _queries(part, grad_query).zero_()
            if grad_sinks is not None and grad_lse is not None:
                own = slice(part.head, part.head + part.heads)
                grad_sinks[own] += _queries(part, grad_lse).sum((0, 2))
        # A rank's own, and what the others return.
        dtype = _sum_type(key, exchanges[0].ranks)
        sums = [torch.zeros_like(x, dtype=dtype) for x in (key, value)]
        travels = []
        for exchange, gathered in zip(exchanges, pairs, strict=True):
            parts = None
            for call in _largest_first(exchange.stage):
                own = slice(call.head, call.head + call.heads)
                arguments = (
                    _queries(call, grad_output),
                    None if grad_lse is None else _queries(call, grad_lse),
                    _queries(call, query),
                    *(_keys(call, x) for x in gathered),
                    *(_queries(call, x) for x in (output, lse)),
                )
                overload = _operators.attention_backward
                if sinks is not None:
                    arguments = *arguments, sinks[own]
                    overload = _operators.attention_backward_sinks
                with _operators.below_autograd():
                    found = overload._op(
                        *arguments,
                        *(call.structure, options.scale, "bhnd", call.alignment),
                        deterministic,
                        *_more(prepared, call, options, query.shape[0]),
                    )
                _queries(call, grad_query).copy_(found[0])
                if sinks is not None:
                    grad_sinks[own] += found[3]
                parts = _added(parts, found[1:3], call, exchange.stage, gathered)
            if parts is None:
                parts = [torch.zeros_like(x) for x in gathered]
            # In the type of keys, as those that are received.
            parts = [x.to(key.dtype) for x in parts]
            travels.append(exchange.send_back(*parts))
            exchange.add_own((sums[0], sums[1]), tuple(parts))
        for exchange, travel in zip(exchanges, travels, strict=True):
            exchange.add_returned((sums[0], sums[1]), travel)
        grad_key, grad_value = (x.to(key.dtype) for x in sums)
        return grad_query, grad_key, grad_value, grad_sinks, None, None

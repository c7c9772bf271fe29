# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reformer's shared-QK attention by locality-sensitive hashing.

"Reformer: The Efficient Transformer", arXiv 2001.04451. Tokens are sorted by the bucket
of their hash, and each chunk of the sorted list attends to itself and to the one
before, in each of several rounds of hashing, whose results are merged.

All rounds of a head are one list. `CHUNKS` chunks are a batch entry of one attention,
whose keys begin a chunk earlier than its queries: views of gathered rows that overlap.
Positions keep the order of the tokens in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import ArgumentError, SpattnError
from . import _check, _launcher, _operators
from ._launcher import exception_of
from .merging import merge

#: Chunks of a batch entry. More read fewer keys twice, and mask more pairs.
CHUNKS = 2
#: Whether dQ has a kernel of its own, which computes scores again: sums in memory cost
#: more where queries see so few keys.
DETERMINISTIC = True
#: Elements of rotated queries that are in memory at a time.
_ROTATED = 1 << 24
#: The score of a token with itself, far below all others: the definition has -5e4, of
#: which the log-sum-exp in float32 would have an error of 0.004.
SELF_SCORE = -1e3


def lsh_attention(
    qk: Tensor,
    v: Tensor,
    *,
    bucket_size: int = 64,
    rounds: int = 4,
    causal: bool = True,
    rotations: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Computes Reformer's attention, in which each token sees those that hash alike.

    `qk` and `v` are (batch, heads, length, head dimension), of the same dtype; `v` may
    have another head dimension. The length is a multiple of `2 * bucket_size`. Queries
    are `qk`, and keys are `qk` of norm 1; scores are divided by the square root of the
    head dimension. In each of `rounds` rounds, tokens are sorted by the largest of
    their products with random rotations and their negatives, so that there are
    `length / bucket_size` buckets, and cut into chunks of `bucket_size`. A chunk sees
    itself and the one before it in the list of all rounds, which is circular. With
    `causal`, a token sees none that come after it. It sees itself only where it sees
    nothing else. Rounds are merged by the log-sum-exps of their scores.

    `rotations`, (head dimension, rounds, length / bucket_size / 2), fixes the hashes,
    for example for the backward pass of reversible layers; without it they are drawn
    from a normal distribution with `generator`.

    Gradients flow through `qk` and `v`, not through hashes. The list of a head has
    `rounds * length` rows, which a call holds gathered while it runs, forward and
    backward, but not in between.
    """
    _check_inputs(qk, v, bucket_size, rounds)
    if torch.is_autocast_enabled(qk.device.type):
        qk, v = _operators.cast((qk, v), qk.device.type)
    batch, heads, length, dim = qk.shape
    buckets = length // bucket_size
    shape = dim, rounds, buckets // 2
    if rotations is None:
        rotations = torch.randn(
            shape, dtype=qk.dtype, device=qk.device, generator=generator
        )
    elif tuple(rotations.shape) != shape:
        raise ArgumentError(
            f"rotations: expected (head dimension, rounds, buckets / 2), the shape "
            f"{shape}, got {tuple(rotations.shape)}"
        )
    if qk.numel() == 0:
        return qk.new_zeros(batch, heads, length, v.shape[3]) + 0 * (qk.sum() + v.sum())
    with torch.no_grad():
        hashes = hash_tokens(qk, rotations.to(qk.dtype))
        lists = _Lists.of(hashes, buckets, bucket_size)
    # Keys of norm sqrt(dim), for which torch has kernels, and a scale that makes it 1.
    key = functional.rms_norm(qk, (dim,), eps=1e-24)
    # The gradients that would be compiled ahead are others.
    _launcher.recording = False
    try:
        return _Chunked.apply(qk, key, v, lists, causal)
    except RuntimeError as error:
        found = exception_of(error)
        if isinstance(found, SpattnError):
            raise found from error
        raise


def hash_tokens(qk: Tensor, rotations: Tensor) -> Tensor:
    """The bucket of each token in each round, (batch * heads, rounds, length): the
    largest of `qk @ rotation` and its negative."""
    batch, heads, length, dim = qk.shape
    rounds, half = rotations.shape[1:]
    shape = batch, heads, rounds, length
    largest, least = (qk.new_empty(shape) for _ in range(2))
    of_largest, of_least = (
        torch.empty(shape, dtype=torch.int64, device=qk.device) for _ in range(2)
    )
    flat = rotations.reshape(dim, rounds * half).t()
    # In blocks of heads, which stay in a GPU's cache: rotated queries are much larger
    # than queries. Tokens are the columns, so that threads find the largest of adjacent
    # ones.
    step = max(1, _ROTATED // max(length * rounds * half, 1))
    for b in range(batch):
        for first in range(0, heads, step):
            block = b, slice(first, first + step)
            rotated = (flat @ qk[block].transpose(1, 2)).unflatten(1, (rounds, half))
            torch.max(rotated, 2, out=(largest[block], of_largest[block]))
            torch.min(rotated, 2, out=(least[block], of_least[block]))
    return torch.where(largest >= -least, of_largest, of_least + half).flatten(0, 1)


@dataclass
class _Lists:
    """The sorted list of each head of each batch element, as batch entries.

    A list of `entries` has one entry more, which is computed in vain, so that all are
    equally far apart: its rows are the list's last chunk, the list, and the beginning
    of the next one.
    """

    chunk: int
    #: Chunks of a batch entry, and batch entries of a list.
    chunks: int
    entries: int
    #: The token of each row: its place in its sequence, in int32, and among all.
    tokens: Tensor
    flat: Tensor
    #: Where each round's output of each token is, (rounds, batch * heads, length).
    places: Tensor

    @classmethod
    def of(cls, hashes: Tensor, buckets: int, chunk: int) -> _Lists:
        heads, rounds, length = hashes.shape
        device = hashes.device
        size = rounds * length
        chunks = math.gcd(CHUNKS, size // chunk)
        entries = size // (chunk * chunks)
        # One stable sort of all lists: those of equal buckets stay in order.
        segment = torch.arange(heads * rounds, device=device).view(heads, rounds, 1)
        keys = hashes + segment * buckets
        if heads * rounds * buckets < 1 << 31:
            keys = keys.int()
        order = torch.sort(keys.view(-1), stable=True).indices
        inverse = torch.empty_like(order)
        inverse[order] = torch.arange(order.numel(), device=device)
        order = (order % length).view(heads, size)
        rest = order[:, : (chunks - 1) * chunk]
        rows = torch.cat([order[:, -chunk:], order, rest], dim=1)
        flat = rows + torch.arange(heads, device=device)[:, None] * length
        # Queries of the last entry, which is one in vain, end a chunk later.
        rows, flat = (
            functional.pad(x.flatten(), (0, chunk)) for x in (rows.int(), flat)
        )
        # Of batch entries, a list has one more.
        places = inverse.view(heads, rounds, length).transpose(0, 1)
        skipped = torch.arange(heads, device=device)[:, None] * (chunks * chunk)
        return cls(chunk, chunks, entries, rows, flat, places + skipped)

    @property
    def span(self) -> int:
        """Rows from one batch entry to the next: its queries."""
        return self.chunks * self.chunk

    @property
    def structure(self) -> str:
        if self.chunks == 1:
            return "#spattn.full"
        size = self.chunk
        pairs = (
            f"#spattn.intersection<#spattn.queries<{i * size} to {(i + 1) * size}>, "
            f"#spattn.keys<{i * size} to {(i + 2) * size}>>"
            for i in range(self.chunks)
        )
        return f"#spattn.union<{', '.join(pairs)}>"

    def queries(self, rows: Tensor) -> Tensor:
        """The queries of batch entries, (entries, 1, length, ...), of rows in the order
        of the lists."""
        return self._view(rows[self.chunk :], self.span)

    def keys(self, rows: Tensor) -> Tensor:
        """Their keys, which overlap."""
        return self._view(rows, self.span + self.chunk)

    def _view(self, rows: Tensor, count: int) -> Tensor:
        first, *rest = rows.stride()
        entries = (self.flat.numel() - self.chunk) // self.span
        return rows.as_strided(
            (entries, 1, count, *rows.shape[1:]),
            (self.span * first, self.span * first, first, *rest),
        )

    def add_overlaps(self, keys: Tensor) -> None:
        """Adds what the first chunk of an entry's keys has to the last chunk of those
        of the entry before it, which is the same chunk of the list."""
        heads = self.places.shape[1]
        size = self.span + self.chunk
        keys = keys.view(heads, self.entries + 1, size, keys.shape[-1])
        first, last = keys[:, :, : self.chunk], keys[:, :, self.span :]
        count = self.entries
        last[:, : count - 1] += first[:, 1:count]
        last[:, count - 1] += first[:, 0]

    def key_places(self) -> Tensor:
        """Where the keys of each round of each token are among those of entries."""
        entry, row = self.places // self.span, self.places % self.span
        return entry * (self.span + self.chunk) + row + self.chunk


def _gather(rows: Tensor, places: Tensor) -> Tensor:
    """Rows of a contiguous matrix, 16 bytes at a time where that goes."""
    size = rows.element_size()
    if rows.shape[1] * size % 16 == 0 and rows.storage_offset() * size % 16 == 0:
        wide = rows.view(torch.complex128)
        return wide.index_select(0, places).view(rows.dtype)
    return rows.index_select(0, places)


def _gather_all(tensors: tuple[Tensor, ...], places: Tensor) -> tuple[Tensor, ...]:
    """The same of the rows of (batch, heads, length, dim) tensors. They are gathered
    side by side, as torch takes as long for a short row as for a long one."""
    rows = torch.cat([x.reshape(-1, x.shape[-1]) for x in tensors], 1)
    return _gather(rows, places).split([x.shape[-1] for x in tensors], 1)


def _sum(rows: Tensor, places: Tensor) -> Tensor:
    """The sums of the rows of each round, which torch adds up in float32."""
    if places.shape[0] == 1:
        return _gather(rows, places.flatten())
    bags = places.flatten(1).t().contiguous()
    return functional.embedding_bag(bags, rows, mode="sum")


class _Chunked(torch.autograd.Function):
    """The attention of the chunks of lists, merged."""

    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, lists: _Lists, causal: bool
    ) -> Tensor:
        options = _options(lists, query.shape[3])
        inputs = _inputs(query, key, value, lists)
        more = None, *_more(lists, causal)
        results, lses = _operators.attention(*inputs, *options, *more)
        del inputs
        rounds, places = lists.places.shape[0], lists.places.flatten()
        shape = rounds, *query.shape[:3]
        outputs = _gather(results.flatten(0, 2), places).view(*shape, value.shape[3])
        lses = lses.flatten()[places].view(shape)
        if rounds == 1:
            output, lse = outputs[0], lses[0]
        else:
            output, lse = merge(outputs, lses, return_lse=True)
        ctx.save_for_backward(query, key, value, output, lse)
        ctx.lists, ctx.causal = lists, causal
        return output

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> tuple:
        query, key, value, output, lse = ctx.saved_tensors
        lists = ctx.lists
        # Merged parts are one attention to the keys of all: its log-sum-exp gives the
        # probabilities of each part's pairs.
        both = _gather_all((output, grad_output), lists.flat)
        output, grad_output = map(lists.queries, both)
        lse = lists.queries(lse.flatten()[lists.flat])
        grads = _operators.attention_backward(
            *(grad_output, None, *_inputs(query, key, value, lists), output, lse),
            *(*_options(lists, query.shape[3]), DETERMINISTIC),
            *_more(lists, ctx.causal),
        )
        del output, grad_output
        of_query, of_key, of_value = (x.flatten(0, 2) for x in grads)
        places = lists.key_places()
        for x in (of_key, of_value):
            lists.add_overlaps(x)
        return (
            _sum(of_query, lists.places).view(query.shape),
            _sum(of_key, places).view(key.shape),
            _sum(of_value, places).view(value.shape),
            None,
            None,
        )


def _inputs(query: Tensor, key: Tensor, value: Tensor, lists: _Lists) -> tuple:
    """The queries, keys and values of batch entries."""
    query, key, value = _gather_all((query, key, value), lists.flat)
    return lists.queries(query), lists.keys(key), lists.keys(value)


def _options(lists: _Lists, dim: int) -> tuple:
    """The options of operators."""
    return lists.structure, 1 / dim, "bhnd", "start"


def _more(lists: _Lists, causal: bool) -> tuple:
    """The last arguments of operators: nothing that modifies scores and no sequences,
    and positions."""
    nothing = *_operators.NO_SCORES, *_operators.NO_SEQUENCES
    positions = lists.queries(lists.tokens), lists.keys(lists.tokens)
    return *nothing, *positions, causal, SELF_SCORE


def _check_inputs(qk: Any, v: Any, bucket_size: int, rounds: int) -> None:
    _check.check_tensors("bhnd", qk=qk, v=v)
    if tuple(qk.shape[:3]) != tuple(v.shape[:3]):
        raise ArgumentError(
            "expected qk and v of the same batch size, heads and length, got "
            f"{tuple(qk.shape)} and {tuple(v.shape)}"
        )
    for name, number in (("bucket_size", bucket_size), ("rounds", rounds)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise ArgumentError(
                f"expected {name} that is a positive integer, got {number!r}"
            )
    length = qk.shape[2]
    if length % (2 * bucket_size):
        raise ArgumentError(
            "expected a length that is a multiple of 2 * bucket_size, "
            f"{2 * bucket_size}, got {length}; pad the sequence"
        )


class ReformerAttention(nn.Module):
    """Reformer's attention with projections, on (batch, length, dim) tensors."""

    def __init__(
        self,
        dim: int,
        heads: int,
        *,
        bucket_size: int = 64,
        rounds: int = 4,
        causal: bool = True,
        head_dim: int | None = None,
        bias: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if head_dim is None:
            if dim % heads:
                raise ArgumentError(
                    f"expected a dim that is a multiple of heads, got {dim} and "
                    f"{heads}; or pass head_dim"
                )
            head_dim = dim // heads
        self.heads, self.head_dim = heads, head_dim
        self.bucket_size, self.rounds, self.causal = bucket_size, rounds, causal
        options = {"bias": bias, "device": device, "dtype": dtype}
        self.qk = nn.Linear(dim, heads * head_dim, **options)
        self.value = nn.Linear(dim, heads * head_dim, **options)
        self.output = nn.Linear(heads * head_dim, dim, **options)

    def forward(
        self,
        input: Tensor,
        *,
        rotations: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """`rotations` and `generator` as of `lsh_attention`."""
        qk, value = (
            layer(input).unflatten(-1, (self.heads, self.head_dim)).transpose(1, 2)
            for layer in (self.qk, self.value)
        )
        attended = lsh_attention(
            qk,
            value,
            bucket_size=self.bucket_size,
            rounds=self.rounds,
            causal=self.causal,
            rotations=rotations,
            generator=generator,
        )
        return self.output(attended.transpose(1, 2).flatten(-2))

    def extra_repr(self) -> str:
        return (
            f"heads={self.heads}, bucket_size={self.bucket_size}, "
            f"rounds={self.rounds}, causal={self.causal}"
        )

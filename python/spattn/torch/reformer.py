# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reformer's shared-QK attention by locality-sensitive hashing.

"Reformer: The Efficient Transformer", arXiv 2001.04451. Tokens are sorted by the bucket
of their hash, and each chunk of the sorted list attends to itself and to the one
before, in each of several rounds of hashing, whose results are merged.

All rounds of a head are one list. `CHUNKS` chunks are a batch entry of one attention,
whose keys begin a chunk earlier than its queries: views of gathered rows that overlap.
Positions keep the order of the tokens in it. Results are merged, and gradients are
summed, by the numbers of their rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ArgumentError, SpattnError
from . import _check, _launcher, _operators, _rows_operators
from ._launcher import exception_of

#: Chunks of a batch entry. More read fewer keys twice, and mask more pairs.
CHUNKS = 2
#: Whether dQ has a kernel of its own, which computes scores again: sums in memory cost
#: more where queries see so few keys.
DETERMINISTIC = True
#: Vectors that a kernel finds the nearest of.
_MOST_VECTORS = 1 << 14
#: Elements of rotated queries that are in memory at a time, where none does.
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
    # The gradients that would be compiled ahead are others.
    _launcher.recording = False
    try:
        return _Chunked.apply(qk, v, lists, causal)
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
    if qk.is_cuda and qk.dtype != torch.float32 and half <= _MOST_VECTORS:
        return _hash_by_kernel(qk, rotations)
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


def _hash_by_kernel(qk: Tensor, rotations: Tensor) -> Tensor:
    """The same without rotated queries in memory: products are not rounded."""
    vectors = rotations.permute(1, 2, 0).contiguous()[None]
    hashes = _rows_operators.hash_rows(qk, vectors)
    return hashes.flatten(0, 1).transpose(1, 2)


@dataclass
class _Lists:
    """The sorted list of each head of each batch element, as batch entries.

    A list of `entries` has one entry more, which is computed in vain, so that all are
    equally far apart: its rows are the list's last chunk, the list, and the beginning
    of it again. The one of the last list is left out.
    """

    chunk: int
    #: Chunks of a batch entry, and batch entries of a list.
    chunks: int
    entries: int
    #: The token of each row of each list, (batch * heads, rows), in int32.
    tokens: Tensor
    #: The place in its list of each token in each round, (batch * heads, length,
    #: rounds), in int32.
    places: Tensor

    @classmethod
    def of(cls, hashes: Tensor, buckets: int, chunk: int) -> _Lists:
        heads, rounds, length = hashes.shape
        device = hashes.device
        size = rounds * length
        chunks = math.gcd(CHUNKS, size // chunk)
        entries = size // (chunk * chunks)
        # One stable sort of all lists: those of equal buckets stay in order.
        wide = heads * rounds * buckets >= 1 << 31
        hashes = hashes.to(torch.int64 if wide else torch.int32)
        segment = torch.arange(heads * rounds, dtype=hashes.dtype, device=device)
        keys = hashes + segment.view(heads, rounds, 1) * buckets
        order = torch.sort(keys.reshape(-1), stable=True).indices
        place = torch.arange(size, dtype=torch.int32, device=device)
        places = torch.empty(order.shape, dtype=torch.int32, device=device)
        places.scatter_(0, order, place.repeat(heads))
        places = places.view(heads, rounds, length).transpose(1, 2).contiguous()
        order = (order % length).int().view(heads, size)
        rest = order[:, : (chunks - 1) * chunk]
        tokens = torch.cat([order[:, -chunk:], order, rest], dim=1)
        return cls(chunk, chunks, entries, tokens, places)

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
        of the lists, (batch, heads, rows, dim), or a number for each row."""
        return self._view(rows, self.chunk, self.span)

    def keys(self, rows: Tensor) -> Tensor:
        """Their keys, which overlap."""
        return self._view(rows, 0, self.span + self.chunk)

    def _view(self, rows: Tensor, first: int, count: int) -> Tensor:
        dim = rows.shape[3:]
        apart = math.prod(dim)
        entries = self.tokens.numel() // self.span - 1
        return rows.as_strided(
            (entries, 1, count, *dim),
            (self.span * apart, self.span * apart, apart, *[1] * len(dim)),
            rows.storage_offset() + first * apart,
        )

    def of_lists(self, results: Tensor, like: Tensor) -> Tensor:
        """What batch entries have for each row of theirs, (entries, 1, rows, ...), as
        rows of lists, (batch, heads, rows, ...), with the batch and heads of `like`."""
        count, dim = results.shape[2], results.shape[3:]
        apart = math.prod(dim)
        batch, heads = like.shape[:2]
        list = (self.entries + 1) * count * apart
        return results.as_strided(
            (batch, heads, self.entries * count, *dim),
            (heads * list, list, apart, *[1] * len(dim)),
        )

    def key_places(self) -> Tensor:
        """Where the keys of each token are among those of entries, two for each round:
        those of a batch entry's last chunk are also in the next one. -1 for others."""
        entry = self.places // self.span
        first = self.places + (entry + 1) * self.chunk
        row = self.places - entry * self.span - (self.span - self.chunk)
        following = (entry + 1) % self.entries * (self.span + self.chunk) + row
        second = torch.where(row < 0, -1, following)
        return torch.stack([first, second], -1).flatten(2)


def _gather(tensors: tuple[Tensor, ...], lists: _Lists, unit_rms: str) -> list[Tensor]:
    """The rows of (batch, heads, length, dim) tensors in the order of lists; those of
    tensors that a "1" marks get a root mean square of 1."""
    rows = lists.tokens.view(*tensors[0].shape[:2], -1)
    results: list[Any] = [None] * len(tensors)
    # Those of one size at once.
    for dim in dict.fromkeys(x.shape[3] for x in tensors):
        numbers = [i for i, x in enumerate(tensors) if x.shape[3] == dim]
        marks = "".join(unit_rms[i] for i in numbers)
        sources = [tensors[i] for i in numbers]
        gathered = _rows_operators.gather_rows(sources, rows, marks)
        for i, result in zip(numbers, gathered, strict=True):
            results[i] = result
    return results


class _Chunked(torch.autograd.Function):
    """The attention of the chunks of lists, merged."""

    @staticmethod
    def forward(
        ctx: Any, qk: Tensor, value: Tensor, lists: _Lists, causal: bool
    ) -> Tensor:
        rows = _gather((qk, qk, value), lists, "010")
        inputs = _inputs(lists, *rows)
        del rows
        more = None, *_more(lists, causal)
        results = _operators.attention(*inputs, *_options(lists, qk.shape[3]), *more)
        del inputs
        places = lists.places.view(*qk.shape[:3], -1)
        output, lse = _rows_operators.merge_rows(
            *(lists.of_lists(x, qk) for x in results), places
        )
        ctx.save_for_backward(qk, value, output, lse)
        ctx.lists, ctx.causal = lists, causal
        return output

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> tuple:
        qk, value, output, lse = ctx.saved_tensors
        lists = ctx.lists
        # Merged parts are one attention to the keys of all: its log-sum-exp gives the
        # probabilities of each part's pairs.
        tensors = qk, qk, value, output, grad_output
        *rows, output, grad_output = _gather(tensors, lists, "01000")
        lse = lse.flatten(0, 1).gather(1, lists.tokens.long())
        grads = _operators.attention_backward(
            *(lists.queries(grad_output), None, *_inputs(lists, *rows)),
            *(lists.queries(output), lists.queries(lse)),
            *(*_options(lists, qk.shape[3]), DETERMINISTIC),
            *_more(lists, ctx.causal),
        )
        del rows, output, grad_output
        of_query, of_key, of_value = (lists.of_lists(x, qk) for x in grads)
        places = lists.places.view(*qk.shape[:3], -1)
        key_places = lists.key_places().view(*qk.shape[:3], -1)
        of_query = _rows_operators.sum_rows(of_query, places)
        return (
            _rows_operators.sum_rows(of_key, key_places, qk, of_query),
            _rows_operators.sum_rows(of_value, key_places),
            None,
            None,
        )


def _inputs(lists: _Lists, query: Tensor, key: Tensor, value: Tensor) -> tuple:
    """The queries, keys and values of batch entries."""
    return lists.queries(query), lists.keys(key), lists.keys(value)


def _options(lists: _Lists, dim: int) -> tuple:
    """The options of operators: keys have a norm of sqrt(dim), and the scale makes up
    for that."""
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

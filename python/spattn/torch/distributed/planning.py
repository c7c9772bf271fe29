# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What ways to spread a sequence over ranks cost, from the algebra alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch.distributed as dist

from ..._patterns import Pattern
from ...errors import ArgumentError
from ...stats import CARDS, Rates, heads_of
from ...structure import Structure, as_structure
from ...structures import causal, queries
from ._agreement import group_of
from ._layout import Heads, heads_of_ranks, keys_sent, layouts, pairs_of_heads
from .assignment import Assignment, contiguous, striped, zigzag

#: Bytes per second that a GPU sends, and receives at the same time, by data sheets:
#: fourth-generation NVLink, and a network adapter of 400 Gb/s.
LINKS = {"NVLink": 450e9, "400G": 50e9}
#: Of attention.
STAGES = 2

# Fitted to the times on two H200 in docs/benchmarks/distributed.json, bands of 131,072
# to 1,048,576 tokens: test_torch_distributed_plan.py compares all of them.
#: Of a card's throughput of matrix products, what attention reaches while keys are
#: exchanged: forward, and in gradients.
SHARES = 0.75, 0.65
#: Bytes per second at which what travels is gathered and put in its place on a GPU, or
#: merged in a ring. Nothing hides that.
PACKING = 300e9
#: Seconds of a pass in which a GPU waits: for the host and for the other ranks.
WAIT = 1.5e-3


@dataclass(frozen=True)
class Way:
    """What a way of computing attention costs. Bytes and pairs are those of each rank
    in a forward pass. Gradients send as many bytes, and in a ring twice as many."""

    #: "keys" is `attention`, "heads" `head_parallel_attention`, and "ring" the exchange
    #: of all keys, for comparison.
    method: str
    assignment: Assignment
    sent: tuple[int, ...]
    received: tuple[int, ...]
    pairs: tuple[int, ...]
    #: Keys and values that a rank computes with, in bytes.
    held: int
    #: Predictions for the slowest rank, of a forward pass and its gradients.
    compute_ms: float
    travel_ms: float
    #: To put what travels together, and to wait for host and ranks.
    extra_ms: float

    @property
    def step_ms(self) -> float:
        """Where computing and travelling overlap, only what cannot is added."""
        low, high = sorted((self.compute_ms, self.travel_ms))
        alone = {"keys": low / STAGES, "ring": 0.0}
        return high + alone.get(self.method, low) + self.extra_ms

    @property
    def name(self) -> str:
        return f"{self.method}, {self.assignment}"


@dataclass(frozen=True)
class Plan:
    """Ways to compute attention over a sequence, and the fastest one by prediction."""

    structure: Structure
    length: int
    ranks: int
    batch: int
    heads: int
    kv_heads: int
    card: str
    link: str
    ways: tuple[Way, ...]

    @property
    def best(self) -> Way:
        """The fastest one; ring attention is not offered."""
        return min(
            (w for w in self.ways if w.method != "ring"), key=lambda w: w.step_ms
        )

    @property
    def method(self) -> str:
        return self.best.method

    @property
    def assignment(self) -> Assignment:
        return self.best.assignment

    def way(self, method: str, assignment: str = "contiguous") -> Way:
        """A way by its name."""
        for way in self.ways:
            if (way.method, way.assignment.name) == (method, assignment):
                return way
        names = ", ".join(repr(way.name) for way in self.ways)
        raise ArgumentError(f"there is no way {method!r}, {assignment!r}, but {names}")

    def __str__(self) -> str:
        lines = [
            str(self.structure),
            f"{self.length:,} tokens over {self.ranks} ranks, {self.batch} x "
            f"{self.heads} heads, {self.kv_heads} key heads; predictions for "
            f"{self.card} and {self.link}",
            f"    {'':<20}{'MB sent':>10}{'MB held':>10}{'balance':>9}"
            f"{'compute':>10}{'travel':>9}{'extra':>9}{'step':>9}",
        ]
        for way in self.ways:
            mean = sum(way.pairs) / len(way.pairs)
            balance = mean / max(way.pairs) if mean else 1.0
            lines.append(
                f"  {'*' if way is self.best else ' '} {way.name:<20}"
                f"{max(way.sent) / 1e6:>10,.1f}{way.held / 1e6:>10,.1f}{balance:>9.2f}"
                f"{way.compute_ms:>10.3f}{way.travel_ms:>9.3f}{way.extra_ms:>9.3f}"
                f"{way.step_ms:>9.3f}"
            )
        return "\n".join(lines)


def plan(
    structure: Structure | str,
    length: int,
    ranks: Any = None,
    *,
    heads: int | None = None,
    kv_heads: int | None = None,
    head_dim: int = 128,
    value_dim: int | None = None,
    batch: int = 1,
    element_bytes: int = 2,
    card: str | Rates = "H200",
    link: str | float = "NVLink",
) -> Plan:
    """Predicts bytes and times of ways to spread a sequence over ranks.

    `ranks` is a number, or a mesh or group as of `attention`. `card` is one of
    spattn.CARDS, or a card's `Rates`; `link` one of LINKS, or bytes per second.

    Times are not measured. They are those of matrix products at the share of the card's
    rate that attention reached on two H200 (SHARES), of bytes on the link at its full
    rate, and what else these took: PACKING and WAIT.
    """
    structure = as_structure(structure)
    ranks = ranks if isinstance(ranks, int) else dist.get_world_size(group_of(ranks))
    heads = heads_of(structure, heads)
    kv_heads = kv_heads or heads
    if heads % kv_heads:
        raise ArgumentError(
            f"expected key heads that divide {heads} heads, got {kv_heads}"
        )
    if isinstance(card, str) and card not in CARDS:
        raise ArgumentError(f"expected a card of {', '.join(CARDS)}, got {card!r}")
    if isinstance(link, str) and link not in LINKS:
        raise ArgumentError(f"expected a link of {', '.join(LINKS)}, got {link!r}")
    rates = CARDS[card] if isinstance(card, str) else card
    value_dim = value_dim or head_dim
    costs = _Costs(
        structure, length, ranks, heads, kv_heads, rates,
        LINKS[link] if isinstance(link, str) else float(link),
        batch * (head_dim + value_dim) * element_bytes,
        batch * (2 * head_dim + 2 * value_dim) / SHARES[0]
        + batch * (6 * head_dim + 4 * value_dim) / SHARES[1],
    )  # fmt: skip
    kinds = [contiguous(length, ranks)]
    if ranks > 1:
        kinds += [zigzag(length, ranks), striped(length, ranks)]
    ways = [costs.of_keys(kind) for kind in kinds]
    if kv_heads % ranks == 0:
        ways.append(costs.of_heads(kinds[0]))
    ways.append(costs.of_ring(kinds[1 if _is_causal(structure, heads) else 0 :][:1]))
    names = (
        card if isinstance(card, str) else f"{rates.flops_per_s / 1e12:.0f} TFLOP/s",
        link if isinstance(link, str) else f"{link / 1e9:.0f} GB/s",
    )
    sizes = length, ranks, batch, heads, kv_heads
    return Plan(structure, *sizes, *names, tuple(ways))


def _is_causal(structure: Structure, heads: int) -> bool:
    """Whether no query sees a later key, at a length."""
    both = Pattern((structure & causal()).text, heads, 1024, 1024)
    return both.pairs() == Pattern(structure.text, heads, 1024, 1024).pairs()


@dataclass(frozen=True)
class _Costs:
    structure: Structure
    length: int
    ranks: int
    heads: int
    kv_heads: int
    rates: Rates
    link: float
    #: Of a key and a value of a key head, in all batch entries.
    row_bytes: int
    #: Operations of a pair, forward and gradients, that take as long at full rate.
    pair_flops: float

    def _way(
        self,
        method: str,
        assignment: Assignment,
        sent: list[int],
        received: list[int],
        pairs: list[int],
        held: int,
    ) -> Way:
        compute = self.pair_flops * max(pairs) / self.rates.flops_per_s
        # Gradients travel, too; in a ring, so do the keys once more.
        most = max(map(max, zip(sent, received, strict=True)))
        moved = (3 if method == "ring" else 2) * most
        extra = moved / PACKING + (2 * WAIT if self.ranks > 1 else 0)
        columns = tuple(sent), tuple(received), tuple(pairs)
        times = (1e3 * x for x in (compute, moved / self.link, extra))
        return Way(method, assignment, *columns, held, *times)

    def _pairs(self, assignment: Assignment) -> list[int]:
        def count(begin: int, end: int) -> int:
            part = self.structure & queries(begin, end)
            return Pattern(part.text, self.heads, self.length, self.length).pairs()

        return [sum(count(a, b) for a, b, _ in own) for own in assignment.chunks]

    def of_keys(self, assignment: Assignment) -> Way:
        sizes = self.heads, self.kv_heads, 0, self.heads, 0, self.kv_heads
        placed = layouts(Heads(self.structure.text, *sizes), assignment)
        keys = keys_sent(placed, assignment)
        sent = [self.row_bytes * sum(row) for row in keys]
        received = [self.row_bytes * sum(row) for row in zip(*keys, strict=True)]
        held = (
            self.row_bytes
            * self.kv_heads
            * max(x.rows(0, self.kv_heads) for x in placed)
        )
        pairs = self._pairs(assignment)
        return self._way("keys", assignment, sent, received, pairs, held)

    def of_heads(self, assignment: Assignment) -> Way:
        # Keys, values, and as much of queries and outputs for each query head.
        bytes_of_row = self.row_bytes * (self.kv_heads + self.heads) // self.ranks
        sent = [bytes_of_row * rows * (self.ranks - 1) for rows in assignment.rows]
        received = [bytes_of_row * (self.length - rows) for rows in assignment.rows]
        sizes = self.heads, self.kv_heads, self.ranks, self.length
        each = pairs_of_heads(self.structure.text, self.heads, self.length)
        group = self.heads // self.kv_heads
        pairs = [
            sum(sum(each[head * group :][:group]) for head in own)
            for own in heads_of_ranks(self.structure.text, *sizes)
        ]
        held = self.row_bytes * self.kv_heads // self.ranks * self.length
        most = [max(x) for x in zip(sent, received, strict=True)]
        return self._way("heads", assignment, most, most, pairs, held)

    def of_ring(self, assignments: list[Assignment]) -> Way:
        assignment = (assignments or [contiguous(self.length, self.ranks)])[0]
        rows = self.kv_heads * self.row_bytes
        sent = [
            rows * (self.length - assignment.rows[(i + 1) % self.ranks])
            for i in range(self.ranks)
        ]
        pairs = self._pairs(assignment)
        held = 2 * rows * max(assignment.rows)
        return self._way("ring", assignment, sent, sent, pairs, held)

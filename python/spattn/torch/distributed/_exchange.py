# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sends keys and values to the ranks that need them, and their gradients back.

A message has a row for each key of each head, with the key and the value of all batch
entries. Ranks exchange all messages of a stage in one all-to-all.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from ._agreement import travelling
from ._layout import Rows, count
from ._routes import Stage


class Travel:
    """Messages under way."""

    def __init__(self, received: Tensor, sent: Tensor, work: Any, group: Any) -> None:
        self._received, self._work, self._group = received, work, group
        self._sent = sent  # Alive until it is sent.

    def wait(self) -> Tensor:
        """The messages, (rows, batch, head dimension + value dimension)."""
        if self._work is not None:
            with travelling(self._group, "exchanging keys"):
                self._work.wait()
            self._work = None
        return self._received


#: Rows that follow each other are copied as they are from this mean number on. Below
#: it, of many short documents for instance, launches would take longer than an index.
_LONG_RUN = 128


class Index:
    """Rows of (batch, heads, length, dim), in the order of a message."""

    def __init__(self, rows: list[Rows], device: torch.device) -> None:
        self.size = count(rows)
        self.runs = rows if self.size >= _LONG_RUN * len(rows) else None
        if self.runs is None:
            sizes = torch.tensor([end - begin for _, begin, end in rows])
            heads = torch.tensor([head for head, _, _ in rows], dtype=torch.int32)
            places = [torch.arange(a, b, dtype=torch.int32) for _, a, b in rows]
            self.heads = heads.repeat_interleave(sizes).to(device)
            self.places = torch.cat(places).to(device)
            self.has_duplicates = any(
                a.head == b.head and b.begin < a.end for a, b in pairwise(sorted(rows))
            )

    def _pairs(self, tensor: Tensor, rows: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Runs of the tensor, and the rows (rows, batch, dim) that they are."""
        first = 0
        for head, begin, end in self.runs or ():
            last = first + end - begin
            yield tensor[:, head, begin:end], rows[first:last].transpose(0, 1)
            first = last

    def take(self, tensor: Tensor, rows: Tensor) -> None:
        """Copies the rows to (rows, batch, dim)."""
        if self.runs is None:
            rows.copy_(tensor.permute(1, 2, 0, 3)[self.heads, self.places])
        for run, there in self._pairs(tensor, rows):
            there.copy_(run)

    def put(self, tensor: Tensor, rows: Tensor) -> None:
        """Overwrites the rows, of which each is one place."""
        if self.runs is None:
            tensor.permute(1, 2, 0, 3)[self.heads, self.places] = rows
        for run, there in self._pairs(tensor, rows):
            run.copy_(there)

    def add(self, tensor: Tensor, rows: Tensor) -> None:
        """Adds to the rows; sums have an order."""
        for run, there in self._pairs(tensor, rows):
            run.add_(there)
        if self.runs is not None:
            return
        view, rows = tensor.permute(1, 2, 0, 3), rows.to(tensor.dtype)
        if self.has_duplicates:  # Of documents that reach into several chunks.
            view.index_put_((self.heads, self.places), rows, accumulate=True)
            return
        view[self.heads, self.places] = view[self.heads, self.places] + rows


class Places:
    """Rows of one tensor, and where they are in another: (batch, heads, length, dim)
    both, with the same runs."""

    def __init__(
        self, rows: list[Rows], places: list[Rows], device: torch.device
    ) -> None:
        self._rows, self._places = Index(rows, device), Index(places, device)

    def _pairs(self, tensor: Tensor, there: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        runs = zip(self._rows.runs or (), self._places.runs or (), strict=True)
        for (head, begin, end), (other, first, last) in runs:
            yield tensor[:, head, begin:end], there[:, other, first:last]

    def copy(self, tensor: Tensor, there: Tensor) -> None:
        """Copies the rows to their places."""
        if self._rows.runs is None:
            rows = _new_rows(self._rows, tensor)
            self._rows.take(tensor, rows)
            self._places.put(there, rows)
        for own, place in self._pairs(tensor, there):
            place.copy_(own)

    def add_back(self, tensor: Tensor, there: Tensor) -> None:
        """Adds to the rows what is in their places."""
        if self._rows.runs is None:
            rows = _new_rows(self._rows, there)
            self._places.take(there, rows)
            self._rows.add(tensor, rows)
        for own, place in self._pairs(tensor, there):
            own.add_(place)


def _new_rows(index: Index, tensor: Tensor) -> Tensor:
    return tensor.new_empty(index.size, tensor.shape[0], tensor.shape[3])


def _flat(parts: tuple[tuple[Rows, ...], ...]) -> list[Rows]:
    return [rows for part in parts for rows in part]


class Exchange:
    """What a rank exchanges in a stage. All ranks call `send`, and all `send_back`."""

    def __init__(self, stage: Stage, group: Any, device: torch.device) -> None:
        self.stage, self.group = stage, group
        self.sent_sizes = [count(rows) for rows in stage.sent]
        self.received_sizes = [count(rows) for rows in stage.received]
        self.sent = Index(_flat(stage.sent), device)
        self.received = Index(_flat(stage.received), device)
        # One for each rank that rows are sent to: a row may be sent to several.
        self.sent_to = [Index(list(rows), device) for rows in stage.sent]
        self.kept = Places(list(stage.kept), list(stage.placed), device)

    @property
    def ranks(self) -> int:
        return len(self.sent_sizes)

    def _travel(self, sent: Tensor, sizes: list[int], expected: list[int]) -> Travel:
        received = sent.new_empty(sum(expected), *sent.shape[1:])
        if not self.stage.travels:
            return Travel(received, sent, None, self.group)
        # Bytes, as not all backends know all types.
        flat = [x.flatten(1).view(torch.uint8) for x in (received, sent)]
        with travelling(self.group, "exchanging keys"):
            work = dist.all_to_all_single(
                *flat, expected, sizes, group=self.group, async_op=True
            )
        return Travel(received, sent, work, self.group)

    def send(self, key: Tensor, value: Tensor) -> Travel:
        """Starts to exchange a rank's keys and values, (batch, heads, length, dim)."""
        sent = _joined(self.sent, key, value)
        return self._travel(sent, self.sent_sizes, self.received_sizes)

    def gather(
        self, travel: Travel, key: Tensor, value: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The keys and values that a stage computes with."""
        received = travel.wait()
        gathered, first = [], 0
        for own in (key, value):
            dim = own.shape[3]
            sizes = own.shape[0], self.stage.key_heads, self.stage.rows, dim
            # Rows of no key are not seen, but may be multiplied by 0.
            make = own.new_zeros if self.stage.has_gaps else own.new_empty
            rows = make(sizes)
            self.kept.copy(own, rows)
            self.received.put(rows, received[:, :, first : first + dim])
            gathered.append(rows)
            first += dim
        return gathered[0], gathered[1]

    def send_back(self, key: Tensor, value: Tensor) -> Travel:
        """Starts to return gradients by what `gather` gives to the ranks that have
        the keys."""
        sent = _joined(self.received, key, value)
        return self._travel(sent, self.received_sizes, self.sent_sizes)

    def add_own(self, gradients: tuple[Tensor, Tensor], parts: tuple) -> None:
        """Adds those by a rank's own keys."""
        for gradient, part in zip(gradients, parts, strict=True):
            self.kept.add_back(gradient, part)

    def add_returned(self, gradients: tuple[Tensor, Tensor], travel: Travel) -> None:
        """Adds what the other ranks return, in the order of ranks."""
        returned, begin = travel.wait(), 0
        for index in self.sent_to:
            end, first = begin + index.size, 0
            for gradient in gradients if index.size else ():
                last = first + gradient.shape[3]
                index.add(gradient, returned[begin:end, :, first:last])
                first = last
            begin = end


def _joined(index: Index, key: Tensor, value: Tensor) -> Tensor:
    """Messages with those rows of keys and values."""
    dims = key.shape[3], value.shape[3]
    rows = key.new_empty(index.size, key.shape[0], sum(dims))
    index.take(key, rows[:, :, : dims[0]])
    index.take(value, rows[:, :, dims[0] :])
    return rows

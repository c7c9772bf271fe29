# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention over a sequence that is spread over the ranks of a group."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from ...errors import ArgumentError
from ...structure import Structure, as_structure
from .. import _check, _operators, _padding
from . import _agreement, _dtensors
from ._documents import document_routes
from ._exchange import Exchange
from ._layout import Heads
from ._operator import Attention, Options, Prepared
from ._routes import routes
from .assignment import Assignment, contiguous_rows

#: What ranks did in the last calls, by group, description, and rows of all ranks.
_prepared: OrderedDict[tuple, tuple[Any, Prepared]] = OrderedDict()
_CAPACITY = 16


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    structure: Structure | str,
    mesh: Any = None,
    *,
    assignment: Assignment | None = None,
    scale: float | None = None,
    layout: str = "bhnd",
    sinks: Tensor | None = None,
    soft_cap: float | None = None,
    cu_seqlens: Any = None,
    bound_length: str = "sequence",
    heads: tuple[int, int] | None = None,
    stages: int | None = None,
    regather: bool = False,
    check: str | None = None,
    return_lse: bool = False,
) -> Any:
    """Computes attention over a sequence whose tokens are spread over ranks.

    Each rank passes the queries, keys and values of its own tokens, and gets their
    outputs, and their gradients. `structure` is that of the whole sequence. The keys
    that a rank's queries see, and no others, travel to it. All ranks of the group
    call this, and all of them compute gradients, or none.

    `mesh` is a DeviceMesh of one dimension, a process group, or None for all
    processes. DTensors bring theirs: they are sharded over the sequence in one
    dimension of their mesh, and may be over batch and heads in others.

    `assignment` says which tokens each rank has; None: rank after rank, each as many
    as it passes. `heads` is (first, total) if the tensors have some of the heads of the
    structure, as with tensor parallelism. `cu_seqlens` are cumulative lengths of
    documents of the whole sequence, as integers or a tensor on the CPU, the same on
    all ranks; docs/Distributed.md says for which structures. `scale`, `layout`,
    `sinks`, `soft_cap` and `return_lse` are those of spattn.torch.attention.

    `stages` is into how many parts key heads are divided: keys of later ones travel
    while earlier ones are computed. `regather` exchanges keys once more for gradients,
    rather than keep those of other ranks. `check` says when ranks compare what they
    are about to do: in each call ("always", the default where the group has a backend
    for CPUs), when a rank has not seen its own description before ("first"), or
    "never". Ranks that differ raise an error, all of them.
    """
    if _dtensors.is_dtensor(query, key, value):
        local = _dtensors.localize(query, key, value, layout, mesh, heads)
        options = {
            "scale": scale, "layout": layout, "sinks": sinks, "soft_cap": soft_cap,
            "cu_seqlens": cu_seqlens, "bound_length": bound_length, "stages": stages,
            "regather": regather, "check": check, "assignment": assignment,
        }  # fmt: skip
        results = attention(
            *local.tensors,
            structure,
            local.group,
            heads=local.heads,
            return_lse=True,
            **options,
        )
        return local.wrap(results, return_lse)
    group = _agreement.group_of(mesh)
    device = query.device if isinstance(query, Tensor) else torch.device("cpu")
    call = _Call(
        query, key, value, structure, group, assignment, layout, sinks, soft_cap,
        scale, cu_seqlens, bound_length, heads, stages, regather,
    )  # fmt: skip
    prepared = _prepare(call, group, device, check)
    query, key, value, sinks = call.tensors
    if torch.is_autocast_enabled(query.device.type):
        query, key, value = _operators.cast((query, key, value), query.device.type)
    padded = _padding.needs_padding(query, key, value)
    if padded:
        value_dim, scale = value.shape[-1], _padding.scale_of(query, scale)
        query, key, value = _padding.pad(query, key, value)
    with torch.autocast(query.device.type, enabled=False):
        results = Attention.apply(
            query, key, value, sinks, prepared, Options(scale, soft_cap, regather)
        )
    output, lse = _padding.narrow(results, value_dim) if padded else results
    if layout == "bnhd":
        output = output.transpose(1, 2)
    return (output, lse) if return_lse else output


@dataclass
class _Call:
    """The arguments of a call, before they are checked."""

    query: Any
    key: Any
    value: Any
    structure: Any
    group: Any
    assignment: Assignment | None
    layout: str
    sinks: Any
    soft_cap: float | None
    scale: float | None
    cu_seqlens: Any
    bound_length: str
    head_range: tuple[int, int] | None = None
    stages: int | None = None
    regather: bool = False

    @property
    def tensors(self) -> tuple:
        """As (batch, heads, length, dim), and float32 sinks."""
        rows = self.query, self.key, self.value
        if self.layout == "bnhd":
            rows = tuple(x.transpose(1, 2) for x in rows)
        sinks = self.sinks
        if isinstance(sinks, Tensor) and sinks.dtype != torch.float32:
            sinks = sinks.float()
        return *rows, sinks

    def describe(self) -> tuple[str, int]:
        """What has to be the same on all ranks, and the rank's number of rows."""
        sinks = self.tensors[3] if isinstance(self.query, Tensor) else None
        _check.check(
            self.query, self.key, self.value, self.layout, sinks, self.soft_cap
        )
        query, key, value, _ = self.tensors
        if query.shape[2] != key.shape[2]:
            raise ArgumentError(
                "expected queries and keys of the same tokens, got "
                f"{query.shape[2]} and {key.shape[2]}"
            )
        rank, ranks = dist.get_rank(self.group), dist.get_world_size(self.group)
        given = self.assignment
        if given is not None and (
            given.ranks != ranks or given.rows[rank] != query.shape[2]
        ):
            raise ArgumentError(
                f"the assignment has {given.rows} tokens for {given.ranks} ranks, but "
                f"rank {rank} of {ranks} has {query.shape[2]}"
            )
        heads = self.heads
        documents = self.documents
        dtype = (
            torch.get_autocast_dtype(query.device.type)
            if torch.is_autocast_enabled(query.device.type)
            else query.dtype
        )
        lines = (
            f"the structure {heads.structure}",
            f"the dtype {dtype}",
            f"batch size {query.shape[0]}",
            f"heads {heads}",
            f"head dimensions {query.shape[3]} and {value.shape[3]}",
            f"the assignment {given.ranges if given else None}",
            f"{self.stage_count} stages",
            f"gradients {self.has_gradients}, regather {self.regather}",
            f"scale {self.scale}",
            f"soft_cap {self.soft_cap}",
            f"sinks {sinks is not None}",
            f"documents {documents and hash(documents)} {self.bound_length}",
        )
        return "\n".join(lines), query.shape[2]

    @property
    def has_gradients(self) -> bool:
        """Whether this rank has a backward pass, which exchanges, too."""
        given = (*self.tensors[:3], self.sinks)
        return torch.is_grad_enabled() and any(
            isinstance(x, Tensor) and x.requires_grad for x in given
        )

    @property
    def heads(self) -> Heads:
        query, key = self.tensors[:2]
        count, count_keys = query.shape[1], key.shape[1]
        first, total = self.head_range or (0, count)
        group = count // count_keys
        text = as_structure(self.structure)
        if text.heads not in (None, total):
            raise ArgumentError(
                f"the structure is a mixture for {text.heads} heads, and there are "
                f"{total}"
            )
        if first < 0 or first + count > total or first % group or total % group:
            raise ArgumentError(
                f"heads: expected {count} heads from {first} on to be whole groups of "
                f"{group} of {total}"
            )
        sizes = total, total // group, first, count, first // group, count_keys
        return Heads(text.text, *sizes)

    @property
    def documents(self) -> tuple[int, ...] | None:
        if self.bound_length not in ("sequence", "pack"):
            raise ArgumentError(
                "expected bound_length to be 'sequence' or 'pack', got "
                f"{self.bound_length!r}"
            )
        if self.cu_seqlens is None:
            return None
        given = self.cu_seqlens
        return tuple(given.tolist() if isinstance(given, Tensor) else given)

    @property
    def stage_count(self) -> int:
        """On a GPU, half of the keys travel while the others are computed with."""
        if self.stages is None:
            return 2 if self.query.is_cuda else 1
        return max(1, int(self.stages))

    def prepare(self, rows: tuple[int, ...]) -> Prepared:
        assignment = self.assignment or contiguous_rows(rows)
        rank, device = dist.get_rank(self.group), self.query.device
        documents = self.documents
        if documents is None:
            stages = routes(self.heads, assignment, rank, self.stage_count)
        else:
            stages = document_routes(
                *(self.heads, assignment, rank, self.stage_count, documents),
                self.bound_length,
            )
        sequences = {
            call: tuple(
                torch.tensor([x], dtype=torch.int32, device=device)
                for x in call.sequences
            )
            for stage in stages
            for call in stage.calls
            if call.sequences
        }
        exchanges = tuple(Exchange(x, self.group, device) for x in stages)
        return Prepared(exchanges, sequences)


def describe_call(*arguments: Any) -> tuple[str, int]:
    """What ranks compare of a call, and the rank's number of rows."""
    return _Call(*arguments).describe()


def _prepare(
    call: _Call, group: Any, device: torch.device, check: str | None
) -> Prepared:
    """What the rank is to do, once all ranks agree."""
    check = _agreement.check_of(check, group, device)
    given = call.assignment and call.assignment.rows
    text, rows = _agreement.compare(group, device, call.describe, given, check)
    key = id(group), device, text, rows
    if key not in _prepared:
        made = _agreement.attempt(group, device, lambda: call.prepare(rows), check)
        # The group lives as long as its number is in use.
        _prepared[key] = group, made
        if len(_prepared) > _CAPACITY:
            _prepared.popitem(last=False)
    return _prepared[key][1]

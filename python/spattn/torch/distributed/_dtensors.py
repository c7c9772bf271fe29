# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""DTensors whose sequence is sharded over one dimension of their mesh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.distributed.tensor import DTensor, Replicate, Shard
from torch.distributed.tensor._utils import compute_local_shape_and_global_offset

from ...errors import ArgumentError
from .._check import axes


def is_dtensor(*tensors: Any) -> bool:
    """Whether all are DTensors; an error where some are."""
    found = [isinstance(x, DTensor) for x in tensors]
    if any(found) and not all(found):
        raise ArgumentError(
            "expected query, key and value to be DTensors, or none of them, got "
            + ", ".join(type(x).__name__ for x in tensors)
        )
    return all(found)


@dataclass
class Local:
    """The shards of a rank, and how to make DTensors of its results."""

    tensors: tuple[Tensor, ...]
    group: Any
    heads: tuple[int, int]
    query: Any
    layout: str

    def wrap(self, results: tuple[Tensor, Tensor], with_lse: bool) -> Any:
        output, lse = results
        shape = *self.query.shape[:3], output.shape[3]
        made = self._dtensor(output, shape, self.query.placements)
        if not with_lse:
            return made
        heads, length = axes(self.layout)
        moved = {heads: 1, length: 2}
        placements = [
            Shard(moved.get(x.dim, x.dim)) if isinstance(x, Shard) else x
            for x in self.query.placements
        ]
        shape = tuple(self.query.shape[i] for i in (0, heads, length))
        return made, self._dtensor(lse, shape, placements)

    def _dtensor(self, local: Tensor, shape: tuple, placements: Any) -> DTensor:
        strides = [1]
        for size in reversed(shape[1:]):
            strides.insert(0, strides[0] * size)
        return DTensor.from_local(
            local.contiguous(),
            self.query.device_mesh,
            placements,
            run_check=False,
            shape=shape,
            stride=tuple(strides),
        )


def localize(
    query: Any, key: Any, value: Any, layout: str, mesh: Any, heads: Any
) -> Local:
    """What a rank computes with."""
    if mesh is not None or heads is not None:
        raise ArgumentError("DTensors have a mesh and heads; leave out both arguments")
    for name, tensor in (("key", key), ("value", value)):
        if (tensor.device_mesh, tensor.placements) != (
            query.device_mesh,
            query.placements,
        ):
            raise ArgumentError(
                f"{name}: expected the mesh and placements of query, "
                f"{query.placements}, got {tensor.placements}"
            )
    head_axis, length_axis = axes(layout)
    along = []
    for dim, placement in enumerate(query.placements):
        if placement == Shard(length_axis):
            along.append(dim)
        elif placement not in (Shard(0), Shard(head_axis), Replicate()):
            raise ArgumentError(
                f"expected DTensors sharded over batch, heads or length, got "
                f"{query.placements}"
            )
    if len(along) != 1:
        raise ArgumentError(
            "expected DTensors whose length is sharded in one dimension of the mesh, "
            f"got {query.placements}"
        )
    mesh = query.device_mesh
    _, offsets = compute_local_shape_and_global_offset(
        query.shape, mesh, query.placements
    )
    return Local(
        tuple(x.to_local() for x in (query, key, value)),
        mesh.get_group(along[0]),
        (offsets[head_axis], query.shape[head_axis]),
        query,
        layout,
    )

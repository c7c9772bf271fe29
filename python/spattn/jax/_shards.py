# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arrays of shards, within shard_map."""

from __future__ import annotations

from typing import Any

import jax
from jax.sharding import NamedSharding, PartitionSpec


def vary_alike(arrays: dict[str, jax.Array]) -> dict[str, jax.Array]:
    """Casts operands to vary over the same mesh axes, as shard_map requires."""
    varying = {name: _varying(array) for name, array in arrays.items()}
    union = frozenset().union(*varying.values())
    return {
        name: jax.lax.pcast(array, tuple(sorted(missing)), to="varying")
        if (missing := union - varying[name])
        else array
        for name, array in arrays.items()
    }


def _varying(array: jax.Array) -> frozenset[str]:
    manual = getattr(jax.typeof(array), "manual_axis_type", None)
    return manual.varying if manual is not None else frozenset()


def like(array: jax.Array, shape: tuple[int, ...], dtype: Any) -> Any:
    """The type of a result that varies over the same mesh axes as `array`."""
    if not _varying(array):
        return jax.ShapeDtypeStruct(shape, dtype)
    aval = jax.typeof(array)
    whole = NamedSharding(aval.sharding.mesh, PartitionSpec(*[None] * len(shape)))
    manual = aval.manual_axis_type
    return jax.ShapeDtypeStruct(shape, dtype, sharding=whole, manual_axis_type=manual)

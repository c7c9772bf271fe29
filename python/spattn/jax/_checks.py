# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the arrays of a call."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from .._pages import check_page_size, check_shape
from .._sequences import Rows, check_bound_length, check_shapes, operands_of
from ..errors import ArgumentError

ELEMENTS = {"float32": "f32", "float16": "f16", "bfloat16": "bf16"}
#: The arguments of numbers of heads.
OF_HEADS = {"sink": "sinks", "slopes": "alibi_slopes", "bias": "distance_bias"}
_DIMENSIONS = {"b": "batch", "h": "heads", "n": "length", "d": "head dimension"}
#: Dimensions that operands must agree on.
_AGREE = (("b", "k", "q"), ("b", "v", "q"), ("h", "v", "k"), ("n", "v", "k"))
#: The same where keys and values are pages.
_PAGES_AGREE = (("b", "v", "k"), *_AGREE[2:])


def checked(name: str, array: Any, layout: str) -> jax.Array:
    """Converts an operand to an array, and checks its rank and dtype."""
    if layout not in ("bhnd", "bnhd"):
        raise ArgumentError(f"expected layout to be 'bhnd' or 'bnhd', got {layout!r}")
    if not hasattr(array, "shape"):
        raise ArgumentError(f"{name}: expected an array, got {array!r}")
    array = jnp.asarray(array)
    if array.ndim != 4:
        order = ", ".join(_DIMENSIONS[letter] for letter in layout)
        raise ArgumentError(
            f"{name}: expected 4 dimensions ({order}), got the shape {array.shape}"
        )
    if array.dtype.name not in ELEMENTS:
        raise ArgumentError(
            f"{name}: expected float32, float16 or bfloat16, got {array.dtype}"
        )
    return array


def checked_of_heads(name: str, array: Any, heads: int) -> jax.Array:
    shape, rank = jnp.shape(array), 2 if name == "bias" else 1
    if len(shape) != rank or shape[0] != heads or shape[-1] == 0:
        expected = {
            "sink": f"one logit per query head, the shape ({heads},)",
            "slopes": f"one slope per query head, the shape ({heads},)",
            "bias": f"numbers per query head, the shape ({heads}, distances)",
        }
        raise ArgumentError(f"{OF_HEADS[name]}: expected {expected[name]}, got {shape}")
    return jnp.asarray(array, jnp.float32)


def checked_pages(page_table: Any, sizes: dict[str, dict[str, int]], layout: str):
    """A page table of queries and pages of these sizes."""
    if not hasattr(page_table, "shape"):
        raise ArgumentError(f"page_table: expected an array, got {page_table!r}")
    table = jnp.asarray(page_table)
    if table.dtype != jnp.int32:
        raise ArgumentError(f"page_table: expected int32, got {table.dtype}")
    check_page_size(sizes["k"]["n"], "k", layout)
    check_shape(table.shape, sizes["q"]["b"])
    return table


def sizes_of(
    arrays: dict[str, jax.Array], layout: str, has_pages: bool = False
) -> dict[str, dict[str, int]]:
    """The sizes of the operands by dimension, after checking that they agree."""
    q = arrays["q"]
    for name, array in arrays.items():
        if array.dtype != q.dtype:
            raise ArgumentError(
                f"{name}: expected the dtype of q, {q.dtype}, got {array.dtype}"
            )
    sizes = {
        name: dict(zip(layout, array.shape))  # noqa: B905
        for name, array in arrays.items()
    }
    agree = _PAGES_AGREE if has_pages else _AGREE
    for dimension, a, b in (*agree, ("d", "k", "q")):
        if sizes[a][dimension] != sizes[b][dimension]:
            is_pages = has_pages and dimension == "b"
            what = "number of pages" if is_pages else _DIMENSIONS[dimension]
            raise ArgumentError(
                f"{a}: expected the {what} of {b}, "
                f"{sizes[b][dimension]}, got {sizes[a][dimension]}"
            )
    return sizes


class _Slicer:
    """Slices arrays that say where sequences are."""

    def _read(self, array: Any, name: str, ranks: tuple[int, ...]) -> jax.Array:
        array = jnp.asarray(array)
        # An empty list is one of floats.
        if array.dtype != jnp.int32 and array.size:
            raise ArgumentError(f"{name}: expected int32, got {array.dtype}")
        if array.ndim not in ranks:
            raise ArgumentError(
                f"{name}: expected {' or '.join(map(str, ranks))} dimensions, got the "
                f"shape {array.shape}"
            )
        return array

    def column(self, array: Any, name: str) -> jax.Array:
        """(batch,) as (batch, 1)."""
        return self._read(array, name, (1,))[:, None]

    def part(self, array: Any, name: str, first: int) -> jax.Array:
        """The starts, or the ends."""
        array = jnp.atleast_2d(self._read(array, name, (1, 2)))
        if array.shape[1] < 1:
            raise ArgumentError(f"{name}: expected one number or more, got none")
        return array[:, first : array.shape[1] - 1 + first]


def sequences_of(
    rows: tuple[Rows, ...], bound_length: str, batch: int
) -> dict[str, jax.Array]:
    """The operands that say where sequences start and end, by name."""
    check_bound_length(bound_length, rows)
    operands = operands_of(rows, _Slicer())
    check_shapes({name: x.shape for name, x in operands.items()}, batch)
    return operands


def with_batch(name: str, array: Any) -> Any:
    """A number of rows of the only sequence, as that of a batch of 1."""
    if array is None:
        return None
    if jnp.ndim(array) != 0:
        raise ArgumentError(
            f"{name}: expected a number where q, k and v have no batch, got the shape "
            f"{jnp.shape(array)}"
        )
    return jnp.asarray(array)[None]

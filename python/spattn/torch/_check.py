# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the operators' arguments, for fake tensors and to explain errors."""

from __future__ import annotations

import math
from typing import Any

import torch

from .._pages import check_page_size, check_shape
from .._sequences import Rows, check_bound_length, check_shapes, operands_of
from .._tiles import check_given
from .._tiles import check_shapes as check_lists
from ..errors import ArgumentError, UnsupportedError
from ..problem import MAX_SELF_SCORE, SEQUENCES

LAYOUTS = {"bhnd": (1, 2), "bnhd": (2, 1)}
DTYPES = (torch.float32, torch.float16, torch.bfloat16)
_NAMES = {"b": "batch", "h": "heads", "n": "length", "d": "head dimension"}


def axes(layout: str) -> tuple[int, int]:
    """The dimensions of the heads and of the length."""
    if layout not in LAYOUTS:
        raise ArgumentError(f"expected layout to be 'bhnd' or 'bnhd', got {layout!r}")
    return LAYOUTS[layout]


def check_tensors(layout: str, **tensors: Any) -> None:
    """Checks each tensor, and that dtypes and devices agree."""
    axes(layout)
    first = next(iter(tensors))
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor):
            raise ArgumentError(
                f"{name}: expected a torch.Tensor, got {type(tensor).__name__}"
            )
        if tensor.dim() != 4:
            order = ", ".join(_NAMES[letter] for letter in layout)
            raise ArgumentError(
                f"{name}: expected 4 dimensions ({order}), got the shape "
                f"{tuple(tensor.shape)}"
            )
        if tensor.layout != torch.strided:
            raise UnsupportedError(
                f"{name}: expected a dense tensor, got {tensor.layout}; use to_dense()"
            )
        if tensor.dtype not in DTYPES:
            raise ArgumentError(
                f"{name}: expected float32, float16 or bfloat16, got {tensor.dtype}"
            )
        if tensor.dtype != tensors[first].dtype:
            raise ArgumentError(
                f"{name}: expected the dtype of {first}, {tensors[first].dtype}, got "
                f"{tensor.dtype}; use torch.autocast, or {name}.to({first}.dtype)"
            )
        if tensor.device != tensors[first].device:
            raise ArgumentError(
                f"{name}: expected the device of {first}, {tensors[first].device}, got "
                f"{tensor.device}"
            )
        if tensor.device.type not in ("cpu", "cuda", "meta"):
            raise ArgumentError(
                f"{name}: expected a tensor on the CPU or an NVIDIA GPU, got one on "
                f"{tensor.device}"
            )


def check(
    query: Any,
    key: Any,
    value: Any,
    layout: str,
    sinks: Any = None,
    soft_cap: float | None = None,
    alibi_slopes: Any = None,
    distance_bias: Any = None,
    page_table: Any = None,
) -> None:
    """Checks the tensors of an attention, and its soft cap. With a page table, key and
    value are pages."""
    check_tensors(layout, query=query, key=key, value=value)
    heads, length = axes(layout)

    def same(a: str, b: str, axis: int, what: str) -> None:
        tensors = {"query": query, "key": key, "value": value}
        x, y = tensors[a].shape[axis], tensors[b].shape[axis]
        if x != y:
            raise ArgumentError(
                f"{b}: expected {what} of {a}, {x}, got {y}; the shapes are "
                + ", ".join(f"{n} {tuple(t.shape)}" for n, t in tensors.items())
            )

    if page_table is None:
        same("query", "key", 0, "the batch size")
        same("query", "value", 0, "the batch size")
    else:
        same("key", "value", 0, "the number of pages")
        check_page_size(key.shape[length], "key", layout)
        _check_beside("page_table", page_table, query, torch.int32)
        check_shape(tuple(page_table.shape), query.shape[0])
    same("key", "value", heads, "the number of heads")
    same("key", "value", length, "the length")
    same("query", "key", 3, "the head dimension")
    if query.shape[heads] == 0 or key.shape[heads] == 0 or query.shape[3] == 0:
        raise ArgumentError("expected at least one head and a head dimension above 0")
    if query.shape[heads] % key.shape[heads]:
        raise ArgumentError(
            "expected a number of query heads that is a multiple of that of key heads, "
            f"got {query.shape[heads]} and {key.shape[heads]}"
        )
    count = query.shape[heads]
    for name, tensor, what in (
        ("sinks", sinks, "one logit"),
        ("alibi_slopes", alibi_slopes, "one slope"),
    ):
        if tensor is not None:
            _check_beside(name, tensor, query, torch.float32)
            if tuple(tensor.shape) != (count,):
                raise ArgumentError(
                    f"{name}: expected {what} per query head, the shape ({count},), "
                    f"got {tuple(tensor.shape)}"
                )
    if distance_bias is not None:
        _check_beside("distance_bias", distance_bias, query, torch.float32)
        shape = tuple(distance_bias.shape)
        if len(shape) != 2 or shape[0] != count or shape[1] == 0:
            raise ArgumentError(
                "distance_bias: expected numbers per query head, the shape "
                f"({count}, distances), got {shape}"
            )
    if soft_cap is not None and not 0 < soft_cap < math.inf:
        raise ArgumentError(
            f"expected a soft_cap that is positive and finite, got {soft_cap}"
        )


def _check_query(query: Any) -> None:
    if not isinstance(query, torch.Tensor):
        raise ArgumentError(
            f"query: expected a torch.Tensor, got {type(query).__name__}"
        )


def _check_beside(
    name: str, tensor: Any, query: torch.Tensor, dtype: torch.dtype, hint: str = ""
) -> None:
    """Checks a tensor of numbers beside the query, for which `hint` says what makes it
    one on a device."""
    if not isinstance(tensor, torch.Tensor):
        more = f"; use {hint.format('device')}" if hint else ""
        raise ArgumentError(
            f"{name}: expected a torch.Tensor, got {type(tensor).__name__}{more}"
        )
    if tensor.dtype != dtype:
        expected = str(dtype).removeprefix("torch.")
        raise ArgumentError(f"{name}: expected {expected}, got {tensor.dtype}")
    if tensor.device != query.device:
        more = f"; use {hint.format('query.device')}" if hint else ""
        raise ArgumentError(
            f"{name}: expected the device of query, {query.device}, got "
            f"{tensor.device}{more}"
        )


class _Slicer:
    """Slices tensors that say where sequences are."""

    def __init__(self, query: torch.Tensor):
        self.query = query

    def _check(self, tensor: Any, name: str, ranks: tuple[int, ...]) -> None:
        _check_beside(name, tensor, self.query, torch.int32)
        if tensor.dim() not in ranks:
            raise ArgumentError(
                f"{name}: expected {' or '.join(map(str, ranks))} dimensions, got the "
                f"shape {tuple(tensor.shape)}"
            )

    def column(self, tensor: Any, name: str) -> torch.Tensor:
        """(batch,) as (batch, 1)."""
        self._check(tensor, name, (1,))
        return tensor[:, None]

    def part(self, tensor: Any, name: str, first: int) -> torch.Tensor:
        """A view of the starts, or of the ends."""
        self._check(tensor, name, (1, 2))
        if tensor.dim() == 1:
            tensor = tensor[None]
        if tensor.shape[1] < 1:
            raise ArgumentError(f"{name}: expected one number or more, got none")
        return tensor[:, first : tensor.shape[1] - 1 + first]


def sequences(
    query: Any, rows: tuple[Rows, ...], bound_length: str
) -> tuple[torch.Tensor | None, ...]:
    """The operators' tensors of sequences."""
    check_bound_length(bound_length, rows)
    _check_query(query)
    operands = operands_of(rows, _Slicer(query))
    if query.dim() == 4:
        shapes = {name: tuple(x.shape) for name, x in operands.items()}
        check_shapes(shapes, query.shape[0])
    return tuple(operands.get(name) for name in SEQUENCES)


def positions(
    query: Any,
    key: Any,
    layout: str,
    query_positions: Any,
    key_positions: Any,
    causal_positions: bool,
    self_score: float | None,
) -> tuple:
    """The operators' arguments of positions."""
    if self_score is not None and not abs(self_score) <= MAX_SELF_SCORE:
        raise ArgumentError(
            f"expected self_score to be a number from -1e6 to 1e6, got {self_score!r}"
        )
    is_used = causal_positions or self_score is not None
    heads, length = axes(layout)
    for name, tensor, like in (
        ("query_positions", query_positions, query),
        ("key_positions", key_positions, key),
    ):
        if (tensor is not None) != is_used:
            raise ArgumentError(
                f"{name}: expected with causal_positions or self_score, and only with "
                "one of them"
            )
        if tensor is None:
            continue
        _check_beside(name, tensor, like, torch.int32)
        if like.dim() == 4:
            shape = like.shape[0], like.shape[heads], like.shape[length]
            if tuple(tensor.shape) != shape:
                raise ArgumentError(
                    f"{name}: expected (batch, heads, length), the shape {shape}, got "
                    f"{tuple(tensor.shape)}"
                )
    score = None if self_score is None else float(self_score)
    return query_positions, key_positions, bool(causal_positions), score


def lists(
    query: Any, tiles: Any, layout: str, has_sequences: bool
) -> tuple[torch.Tensor, torch.Tensor, str]:
    """The operators' arguments of lists of tiles."""
    tiles = check_given(tiles, has_sequences)
    _check_query(query)
    for name, tensor in (("counts", tiles.counts), ("indices", tiles.indices)):
        _check_beside(f"tiles.{name}", tensor, query, torch.int32, "tiles.to({})")
    if query.dim() == 4:
        heads, length = axes(layout)
        sizes = query.shape[0], query.shape[heads], query.shape[length]
        shapes = tuple(tiles.counts.shape), tuple(tiles.indices.shape)
        check_lists(tiles, *shapes, *sizes)
    return tiles.counts, tiles.indices, tiles.attribute


def dtype_name(dtype: Any) -> str:
    """The name of an output's dtype, such as "float32"."""
    if dtype not in DTYPES:
        raise ArgumentError(
            f"dtype: expected float32, float16 or bfloat16, got {dtype}"
        )
    return str(dtype).removeprefix("torch.")


def check_merge(outputs: Any, lses: Any, layout: str) -> None:
    """Checks the tensors of a merge."""
    heads, length = axes(layout)
    if not outputs:
        raise ArgumentError("outputs: expected one part or more, got none")
    if len(outputs) != len(lses):
        raise ArgumentError(
            f"lses: expected one for each of the {len(outputs)} outputs, got "
            f"{len(lses)}"
        )
    # Parts may differ in their dtypes.
    for i, output in enumerate(outputs):
        check_tensors(layout, **{f"outputs[{i}]": output})
    first = outputs[0]
    halves = {x.dtype for x in outputs} - {torch.float32}
    if len(halves) > 1:
        raise ArgumentError(
            "outputs: expected float32, or one other dtype, got "
            + " and ".join(sorted(map(str, halves)))
        )
    numbers = first.shape[0], first.shape[heads], first.shape[length]
    for i, lse in enumerate(lses):
        if not isinstance(lse, torch.Tensor):
            raise ArgumentError(
                f"lses[{i}]: expected a torch.Tensor, got {type(lse).__name__}"
            )
        if lse.dtype != torch.float32:
            raise ArgumentError(f"lses[{i}]: expected float32, got {lse.dtype}")
        _same(f"lses[{i}]", lse, numbers, first)
    for i, output in enumerate(outputs):
        _same(f"outputs[{i}]", output, first.shape, first)
    if first.shape[heads] == 0 or first.shape[3] == 0:
        raise ArgumentError("expected at least one head and a head dimension above 0")


def _same(name: str, tensor: Any, shape: tuple[int, ...], first: Any) -> None:
    """Checks the shape and the device of a tensor of a merge."""
    if len(tensor.shape) != len(shape) or any(
        x != y for x, y in zip(tensor.shape, shape, strict=True)
    ):
        raise ArgumentError(
            f"{name}: expected the shape {tuple(shape)}, got {tuple(tensor.shape)}"
        )
    if tensor.device != first.device:
        raise ArgumentError(
            f"{name}: expected the device of the first output, {first.device}, got "
            f"{tensor.device}"
        )

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Bounds of intervals: integers, infinities, and expressions in `N`."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass

from .errors import StructureError


@dataclass(frozen=True)
class Bound:
    """`factor * N // divisor + offset`, where `N` is the number of keys."""

    factor: int = 1
    divisor: int = 1
    offset: int = 0

    def __mul__(self, number: int) -> Bound:
        if self.divisor != 1 or self.offset != 0:
            raise StructureError(f"multiply N before dividing and adding, not {self}")
        return Bound(self.factor * operator.index(number))

    __rmul__ = __mul__

    def __floordiv__(self, number: int) -> Bound:
        number = operator.index(number)
        if self.offset != 0:
            raise StructureError(f"divide N before adding, not {self}")
        if number < 1:
            raise StructureError(f"expected a positive divisor of N, got {number}")
        return Bound(self.factor, self.divisor * number)

    def __add__(self, number: int) -> Bound:
        return Bound(self.factor, self.divisor, self.offset + operator.index(number))

    __radd__ = __add__

    def __sub__(self, number: int) -> Bound:
        return self + -operator.index(number)

    def __str__(self) -> str:
        text = "N" if self.factor == 1 else f"{self.factor} * N"
        if self.divisor != 1:
            text += f" floordiv {self.divisor}"
        if self.offset:
            text += f" {'+' if self.offset > 0 else '-'} {abs(self.offset)}"
        return text


N = Bound()
"""The number of keys, for bounds such as `N // 2 + 256`."""

BoundLike = int | float | Bound


def text_of_bound(bound: BoundLike) -> str:
    """The text of a bound in the IR."""
    if isinstance(bound, Bound):
        return str(bound) if bound.factor else str(bound.offset)
    if isinstance(bound, float) and math.isinf(bound):
        return "inf" if bound > 0 else "-inf"
    try:
        return str(index_of(bound, "a bound"))
    except StructureError:
        raise StructureError(
            "expected a bound that is an integer, math.inf, or made of spattn.N such "
            f"as N // 2 + 4, got {bound!r}"
        ) from None


def index_of(value: object, what: str) -> int:
    """Converts an integer; rejects bools and floats."""
    if isinstance(value, bool):
        raise StructureError(f"expected {what} that is an integer, got {value}")
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise StructureError(
            f"expected {what} that is an integer, got {value!r}"
        ) from None

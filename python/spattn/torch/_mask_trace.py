# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Values that stand for those of all pairs, while a function on pairs is traced.

The library's algebra finds the structure (docs/Raising.md). What is computed of tensors
is not in the program: numbers of heads are constants of it, and tensors that queries
and keys look up are read as documents, or make the function one of fixed lengths.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, NoReturn

import torch
from torch import Tensor

from .._tracing import Trace, Value, known_number, text_of_real
from ..errors import ArgumentError, UnsupportedError
from ._mask_documents import Documents, NeedsLengths, Place
from ._user_code import here

#: What users write for operations, to report them.
_SYMBOLS = {
    "addi": "+", "subi": "-", "muli": "*", "floordivsi": "//", "andi": "&", "ori": "|",
    "xori": "^", "maxsi": "maximum", "minsi": "minimum", "select": "where",
    "addf": "+", "subf": "-", "mulf": "*", "divf": "/", "sitofp": "float",
    "eq": "==", "ne": "!=", "slt": "<", "sle": "<=", "sgt": ">", "sge": ">=",
    "oeq": "==", "une": "!=", "olt": "<", "ole": "<=", "ogt": ">", "oge": ">=",
}  # fmt: skip


class MaskTrace(Trace):
    """The operations of a mask. With documents, indices count from their starts."""

    what = "mask_mod"
    instead = "tensors are indexed by them, or have no dimensions"

    def __init__(self, heads: int | None, documents: Documents | None = None) -> None:
        super().__init__()
        self.heads, self.documents = heads, documents
        self.tables: list[str] = []
        #: Constants, around which a mask may change.
        self.numbers: set[int] = set()
        self.lengths: list[int] = []
        self.device: Any = None

    def make(self, name: str, kind: str) -> Value:
        return PairValue(self, name, kind)

    def emit(self, text: str, kind: str) -> Value:
        made = super().emit(text, kind)
        operation = text.split()[0].removeprefix("arith.")
        if operation.startswith("cmp"):
            operation = text.split()[1].rstrip(",")
        name = json.dumps(_SYMBOLS.get(operation, operation))
        place = here()
        if place:
            name = f"{name}({json.dumps(place[0])}:{place[1]}:{place[2]})"
        self.lines[-1] += f" loc({name})"
        return made

    def fail(self, why: str) -> NoReturn:
        self.refuse(UnsupportedError, why)

    def refuse(self, error: type[UnsupportedError], why: str) -> NoReturn:
        """Says why, and where."""
        place = here()
        at = f"{place[0]}:{place[1]}:{place[2]}: " if place else f"{self.what}: "
        raise error(at + why)

    def constant(self, number: float | int | bool) -> Value:
        if math.isfinite(number):
            self.numbers.add(abs(math.floor(number)))
        return super().constant(number)

    @property
    def uses_head(self) -> bool:
        return any("%head" in line or "[%h]" in line for line in self.lines)

    def divide(self, x: Value, divisor: int) -> tuple[Value, Value]:
        by = self.constant(divisor)
        quotient = self.emit(f"arith.floordivsi {x._name}, {by._name} : i32", "i32")
        rest = x - quotient * divisor
        for value, compute in (
            (quotient, torch.floor_divide),
            (rest, torch.remainder),
        ):
            _derive(value, x, lambda at, compute=compute: compute(at, divisor))
        return quotient, rest

    def look_up(self, tensor: Tensor, index: Any) -> Value:
        """An element of a tensor from outside."""
        self.device = tensor.device
        indices = index if isinstance(index, tuple) else (index,)
        sides = set()
        for own in indices:
            place = getattr(own, "place", None)
            if isinstance(own, Value) and (place is None or own._kind != "i32"):
                self.refuse(
                    NeedsLengths,
                    "a tensor is looked up by something else than the number of a "
                    "query, a key or a head",
                )
            if place:
                sides.add(place.side)
            elif getattr(own, "ndim", 0) or not isinstance(own, int | Tensor):
                self.fail(f"expected numbers to index a tensor by, got {own!r}")
        if len(indices) != tensor.dim():
            self.fail(
                f"expected {tensor.dim()} numbers to index a tensor of the shape "
                f"{tuple(tensor.shape)}, got {len(indices)}"
            )
        if len(sides) > 1:
            names = " and ".join(sorted(sides))
            self.refuse(NeedsLengths, f"a tensor is looked up by {names}")

        def at(x: Tensor) -> Tensor:
            own = (i.place.at(x) if isinstance(i, PairValue) else i for i in indices)
            try:
                return tensor[tuple(own)]
            except IndexError as error:
                raise ArgumentError(f"{self.what}: {error}") from None

        place = Place(*sides, at)
        if place.side == "head":
            return self._of_heads(place)
        if len(indices) == 1 and indices[0].is_index:
            self.lengths.append(len(tensor))
        return LookUp(self, place, _kind_of(tensor))

    def _of_heads(self, place: Place) -> Value:
        numbers = place.at(torch.arange(self.heads or 1, device=self.device))
        kind = _kind_of(numbers)
        if kind == "f32":
            texts = [text_of_real(x) for x in numbers.float().tolist()]
        else:
            self.numbers.update(abs(x) for x in numbers.int().tolist())
            texts = [str(x).lower() for x in numbers.tolist()]
        table, shape = f"%t{len(self.tables)}", f"tensor<{len(texts)}x{kind}>"
        self.tables.append(
            f"{table} = arith.constant dense<[{', '.join(texts)}]> : {shape}"
        )
        value = self.emit(f"tensor.extract {table}[%h] : {shape}", kind)
        assert isinstance(value, PairValue)
        value.place = place
        return value


class PairValue(Value):
    """A number of a pair."""

    #: Indices that are made from are on a CPU.
    device = torch.device("cpu")
    place: Place | None = None
    _trace: MaskTrace

    def _binary(self, other: Any, name: str, swapped: bool = False) -> Value:
        other = known_number(other)
        result = super()._binary(other, name, swapped)
        compute = {"addf": torch.add, "subf": torch.sub, "mulf": torch.mul}.get(name)
        if compute and not isinstance(other, Value):
            _derive(
                result,
                self,
                lambda at: compute(other, at) if swapped else compute(at, other),
            )
        return result

    def _compare(self, other: Any, name: str) -> Value:
        other = known_number(other)
        if self._kind != "f32" and isinstance(other, float):
            return self._compare_real(other, name)
        theirs = getattr(other, "place", None)
        if name in ("eq", "ne") and self.place and theirs:
            sides = {self.place.side: self, theirs.side: other}
            if sides.keys() == {"query", "key"}:
                same = self._is_same_document(sides["query"], sides["key"])
                if same is not None:
                    return same if name == "eq" else ~same
        return super()._compare(other, name)

    def _is_same_document(self, query: PairValue, key: PairValue) -> Value | None:
        """Numbers of queries and keys that are equal, if these are documents."""
        assert query.place and key.place
        if query.is_index or key.is_index:
            return None
        documents = self._trace.documents
        if documents:
            documents.add(query.place, key.place)
            return self._trace.constant(True)
        if isinstance(query, LookUp) or isinstance(key, LookUp):
            self._trace.refuse(
                NeedsLengths,
                "numbers that queries look up are compared with numbers that keys look "
                "up",
            )
        return None

    def _compare_real(self, other: float, name: str) -> Value:
        """A comparison of an integer with a float that is known, of integers."""
        if math.isnan(other):
            return self._trace.constant(name == "ne")
        if math.isinf(other):
            is_below = other > 0
            return self._trace.constant(
                {"lt": is_below, "le": is_below, "ne": True}.get(
                    name, not is_below if name in ("gt", "ge") else False
                )
            )
        if name in ("eq", "ne") and other != math.floor(other):
            return self._trace.constant(name == "ne")
        rounded = math.ceil(other) if name in ("lt", "ge") else math.floor(other)
        return super()._compare(rounded, name)

    @property
    def is_index(self) -> bool:
        """Whether this is the number of the query, or of the key."""
        return self._name in ("%query", "%key")

    def new_ones(self, size: Any = (), **options: Any) -> Value:
        return self._filled(size, True)

    def new_zeros(self, size: Any = (), **options: Any) -> Value:
        return self._filled(size, False)

    def _filled(self, size: Any, number: bool) -> Value:
        if tuple(size):
            self._trace.fail(f"expected a tensor without dimensions, got {size}")
        return self._trace.constant(number)

    def bool(self) -> Value:
        return self._as_truth()

    def long(self) -> Value:
        return self._as_integer()

    def to(self, dtype: Any = None, *more: Any, **options: Any) -> Value:
        if isinstance(dtype, torch.dtype):
            return self._as_truth() if dtype == torch.bool else super().to(dtype)
        return self


class LookUp(PairValue):
    """What a query, or a key, looks up in a tensor."""

    def __init__(self, trace: MaskTrace, place: Place, kind: str) -> None:
        self._trace, self._kind, self.place = trace, kind, place
        self._zero: str | None = None

    is_index = False  # type: ignore[assignment]

    @property
    def _name(self) -> str:  # type: ignore[override]
        """Of what is no document: of numbers of all lengths there are none. Where the
        own document starts, counted from there, is 0."""
        documents, place = self._trace.documents, self.place
        assert place
        if documents and not documents.is_known:
            return self._zero or self._make_zero()
        if documents:
            numbers = place.at(documents.places[place.side == "key"])
            if torch.equal(numbers, documents.begin(place.side).to(numbers.dtype)):
                return self._zero or self._make_zero()
        self._trace.refuse(
            NeedsLengths,
            f"numbers are looked up of each {place.side}, of which there are as many "
            "as the tensor has",
        )

    def _make_zero(self) -> str:
        zero = {"f32": 0.0, "i1": False}.get(self._kind, 0)
        self._zero = self._trace.constant(zero)._name
        return self._zero


def _derive(value: Value, source: Value, compute: Callable[[Tensor], Tensor]) -> None:
    """Says that a number is one of what another one depends on."""
    place = getattr(source, "place", None)
    if place and isinstance(value, PairValue):
        value.place = Place(place.side, lambda x: compute(place.at(x)))


def _kind_of(tensor: Tensor) -> str:
    if tensor.dtype == torch.bool:
        return "i1"
    return "f32" if tensor.is_floating_point() else "i32"

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions on pairs as programs, whose masks the library reads.

The library's algebra finds the structure (docs/Raising.md). What is computed of tensors
is not in the program: numbers of heads are constants of it, and tensors that queries
and keys look up are read as documents, or make the function one of fixed lengths.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from .. import _tracing
from .._tracing import Trace, Value, known_number, text_of_real
from ..errors import UnsupportedError

_FOLDERS = tuple(
    f"{Path(file).resolve().parent}/" for file in (torch.__file__, _tracing.__file__)
)
#: What users write for operations, to report them.
_SYMBOLS = {
    "addi": "+", "subi": "-", "muli": "*", "floordivsi": "//", "andi": "&", "ori": "|",
    "xori": "^", "maxsi": "maximum", "minsi": "minimum", "select": "where",
    "addf": "+", "subf": "-", "mulf": "*", "divf": "/", "sitofp": "float",
    "eq": "==", "ne": "!=", "slt": "<", "sle": "<=", "sgt": ">", "sge": ">=",
    "oeq": "==", "une": "!=", "olt": "<", "ole": "<=", "ogt": ">", "oge": ">=",
}  # fmt: skip


class NeedsLengths(UnsupportedError):
    """A function whose pairs are not the same for all lengths."""


class Place(NamedTuple):
    """A number that depends on one thing alone: on the head, or the query, ..."""

    side: str
    #: Its values, where that thing has these.
    at: Callable[[Tensor], Tensor]


class Documents:
    """What same documents are, while a function is traced at fixed lengths."""

    def __init__(self, lengths: tuple[int, int], device: Any) -> None:
        self.places = tuple(torch.arange(n, device=device) for n in lengths)
        #: Where one starts, of all places.
        self.starts = torch.zeros(max(lengths), dtype=torch.bool, device=device)
        self.is_known = False

    def add(self, query: Place, key: Place) -> None:
        """Queries see keys of the same number."""
        ids = [side.at(x) for side, x in zip((query, key), self.places, strict=True)]
        common = min(map(len, ids))
        if not torch.equal(ids[0][:common], ids[1][:common]):
            raise NeedsLengths(
                "mask_mod: numbers of queries and of keys are compared that are not "
                "the same at the same place"
            )
        longer = max(ids, key=len)
        starts = torch.ones_like(longer, dtype=torch.bool)
        starts[1:] = longer[1:] != longer[:-1]
        if int(starts.sum()) != len(longer.unique()):
            raise NeedsLengths(
                "mask_mod: documents are expected to be contiguous, and one is not"
            )
        self.starts |= starts

    def begin(self, side: str) -> Tensor:
        """Where the document of each query, or of each key, starts."""
        numbers = torch.arange(len(self.starts), device=self.starts.device)
        first = torch.where(self.starts, numbers, 0).cummax(0).values
        return first[: len(self.places[side == "key"])]


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
        place = _here()
        self.lines[-1] += f" loc({name}({place}))" if place else f" loc({name})"
        return made

    def constant(self, number: float | int | bool) -> Value:
        if math.isfinite(number):
            self.numbers.add(abs(math.floor(number)))
        return super().constant(number)

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
                raise NeedsLengths(
                    "mask_mod: a tensor is looked up by something else than the "
                    "number of a query, a key or a head"
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
        if "batch" in sides:
            self.fail(
                "a tensor is looked up by the batch entry, and structures are the same "
                "for all entries"
            )
        if len(sides) > 1:
            raise NeedsLengths(
                "mask_mod: a tensor is looked up by " + " and ".join(sorted(sides))
            )

        def at(x: Tensor) -> Tensor:
            return tensor[
                tuple(i.place.at(x) if isinstance(i, Value) else i for i in indices)
            ]

        place = Place(*sides, at)
        if place.side == "head":
            return self._of_heads(place)
        self.lengths.append(max(tensor.shape))
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
            raise NeedsLengths(
                "mask_mod: numbers that queries look up are compared with numbers that "
                "keys look up"
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
        raise NeedsLengths(
            f"mask_mod: numbers are looked up of each {place.side}, of which there are "
            "as many as the tensor has"
        )

    def _make_zero(self) -> str:
        zero = {"f32": 0.0, "i1": False}.get(self._kind, 0)
        self._zero = self._trace.constant(zero)._name
        return self._zero


class _LookUps(TorchFunctionMode):
    """Has tensors be indexed by traced numbers."""

    def __init__(self, trace: MaskTrace) -> None:
        super().__init__()
        self.trace = trace

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if function is torch.Tensor.__getitem__:
            index = args[1] if isinstance(args[1], tuple) else (args[1],)
            if any(isinstance(x, Value) for x in index):
                return self.trace.look_up(*args)
        return function(*args, **(kwargs or {}))


def program_of(mask_mod: Callable[..., Any], trace: MaskTrace) -> str:
    """The program of a function `mask`, which returns the mask for all lengths."""
    arguments = []
    for side in ("batch", "head", "query", "key"):
        argument = PairValue(trace, f"%{side}", "i32")
        argument.place = Place(side, lambda x: x)
        arguments.append(argument)
    if trace.heads is None:
        arguments[1] = _NoHead(trace, "%head", "i32")
    with _LookUps(trace):
        result = trace.value(_called(mask_mod, arguments))._as_truth()
    shape = f"tensor<?x{trace.heads or 1}x?x?xi1>"
    own = "affine_map<(b, h, q, k) -> (b, h, q, k)>"
    kinds = ", ".join(['"parallel"'] * 4)
    lines = [f"func.func @mask(%all: {shape}) -> {shape} {{", *trace.tables]
    lines.append(
        f"%mask = linalg.generic {{indexing_maps = [{own}], iterator_types = [{kinds}]}}"
        f" outs(%all : {shape}) {{\n^bb0(%old: i1):"
    )
    for number, side in enumerate(("batch", "head", "query", "key")):
        lines.append(f'%{side[0]} = linalg.index {number} : index loc("{side}")')
        lines.append(f"%{side} = arith.index_cast %{side[0]} : index to i32")
    lines += [*trace.lines, f"linalg.yield {result._name} : i1"]
    lines += [f"}} -> {shape}", f"return %mask : {shape}", "}"]
    return "\n".join(lines)


class _NoHead(PairValue):
    """The head of a function whose heads are not known."""

    @property
    def place(self) -> Any:
        return self._name

    @property
    def _name(self) -> str:  # type: ignore[override]
        self._trace.fail("it depends on the head; pass num_heads")

    @_name.setter
    def _name(self, name: str) -> None:
        pass


def _called(mask_mod: Callable[..., Any], arguments: list[PairValue]) -> Any:
    return mask_mod(*arguments)


def _derive(value: Value, source: Value, compute: Callable[[Tensor], Tensor]) -> None:
    """Says that a number is one of what another one depends on."""
    place = getattr(source, "place", None)
    if place and isinstance(value, PairValue):
        value.place = Place(place.side, lambda x: compute(place.at(x)))


def _kind_of(tensor: Tensor) -> str:
    if tensor.dtype == torch.bool:
        return "i1"
    return "f32" if tensor.is_floating_point() else "i32"


def _here() -> str | None:
    """The place in the user's code that is run, as a location."""
    frame: FrameType | None = sys._getframe(2)
    while frame and frame.f_code is not _called.__code__:
        file = frame.f_code.co_filename
        if not file.startswith(_FOLDERS):
            return f"{json.dumps(Path(file).name)}:{frame.f_lineno}:1"
        frame = frame.f_back
    return None

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the kernel of an operation on rows by number is specialized for."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from .errors import ArgumentError
from .problem import DTYPES, _one_of, _positive

OPERATIONS = "gather_rows", "sum_rows", "hash_rows"


@dataclass(frozen=True)
class RowsProblem:
    """Everything that is known about an operation on rows at compile time."""

    #: One of `OPERATIONS`.
    operation: str
    heads: int
    #: The head dimension.
    value_dim: int
    #: The element type of all rows.
    dtype: str
    #: Of a gather, for each source whether its rows get a root mean square of 1. Of a
    #: sum, whether it is a gradient by such rows, and whether it is added to others.
    marks: tuple[bool, ...] = ()
    #: Rows of a sum, or hashes of a row.
    terms: int = 0

    function: ClassVar[str] = "rows"
    #: The names of a launch's numbers.
    scalars: ClassVar[tuple[str, ...]] = ()
    deterministic: ClassVar[None] = None

    def __post_init__(self) -> None:
        _one_of("operations", self.operation, OPERATIONS)
        _one_of("element types", self.dtype, DTYPES)
        for name in ("heads", "value_dim", *(() if self._gathers else ("terms",))):
            object.__setattr__(self, name, _positive(name, getattr(self, name)))
        object.__setattr__(self, "marks", tuple(bool(x) for x in self.marks))
        if self._sums and len(self.marks) != 2:
            raise ArgumentError(f"expected two marks of a sum, got {self.marks}")
        if self._gathers and not self.marks:
            raise ArgumentError("expected one source or more, got none")

    @property
    def _gathers(self) -> bool:
        return self.operation == "gather_rows"

    @property
    def _sums(self) -> bool:
        return self.operation == "sum_rows"

    def _named(self, letter: str) -> tuple[str, ...]:
        return tuple(f"{letter}{i}" for i in range(len(self.marks)))

    @property
    def operands(self) -> tuple[str, ...]:
        """The names of a launch's arrays, in order."""
        if self._gathers:
            return (*self._named("x"), "rows", *self.results)
        if not self._sums:
            return "x", "w", "o"
        given = zip(("of", "add"), self.marks, strict=True)
        return ("x", "rows", *(name for name, isgiven in given if isgiven), "o")

    @property
    def results(self) -> tuple[str, ...]:
        """The names of the arrays that a launch writes."""
        return self._named("o") if self._gathers else ("o",)

    def shape(self, name: str, batch: int, length: int) -> tuple[int, ...]:
        """The sizes of an operand, where all lengths are the same."""
        if name == "w":
            return 1, self.terms, length, self.value_dim
        sizes = batch, self.heads, length
        if self.element(name) != "i32":
            return *sizes, self.value_dim
        return sizes if self._gathers else (*sizes, self.terms)

    def element(self, name: str) -> str:
        """The element type of an operand: "f32", "f16", "bf16" or "i32"."""
        is_hash = self.operation == "hash_rows" and name == "o"
        return "i32" if is_hash or name == "rows" else self.dtype

    def fields(self) -> dict[str, Any]:
        """The fields as JSON holds them: `problem_of` makes the problem again."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.operation} of {self.heads} heads"

    def ir(self) -> str:
        """A module with the function `@rows`, with dynamic batch and lengths."""
        types = {name: self._type(name) for name in self.operands}

        def group(clause: str, *names: str) -> str:
            values = ", ".join(f"%{name}" for name in names)
            return f"{clause}({values} : {', '.join(types[n] for n in names)})"

        attributes = ""
        if self._sums:
            clauses = [group("ins", "x"), group("rows", "rows")]
            for name, clause in (("of", "unit_rms_of"), ("add", "add")):
                if name in types:
                    clauses.append(group(clause, name))
        elif not self._gathers:
            clauses = [group("ins", "x"), group("vectors", "w")]
        else:
            clauses = [group("ins", *self._named("x")), group("rows", "rows")]
            if any(self.marks):
                marks = ", ".join(str(mark).lower() for mark in self.marks)
                attributes = f" {{unit_rms = array<i1: {marks}>}}"
        clauses.append(group("outs", *self.results))
        arguments = ", ".join(f"%{name}: {type}" for name, type in types.items())
        results = ", ".join(types[name] for name in self.results)
        count = len(self.results)
        returned = ", ".join(f"%r#{i}" for i in range(count)) if count > 1 else "%r"
        return (
            f"func.func @rows({arguments}) -> ({results}) {{\n"
            f"  %r{f':{count}' if count > 1 else ''} = spattn.{self.operation}\n      "
            + "\n      ".join(clauses)
            + f"{attributes}\n  return {returned} : {results}\n}}\n"
        )

    def _type(self, name: str) -> str:
        batch, heads, _, *width = map(str, self.shape(name, 1, 1))
        sizes = [batch if name == "w" else "?", heads, "?", *width]
        return f"tensor<{'x'.join(sizes)}x{self.element(name)}>"

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the kernel of a merge is specialized for."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

from .errors import ArgumentError
from .problem import DTYPES, Problem, _one_of, _positive
from .rows_problem import RowsProblem


@dataclass(frozen=True)
class MergeProblem:
    """Everything that is known about a merge, or its gradients, at compile time."""

    heads: int
    #: The head dimension of outputs.
    value_dim: int
    #: The element type of each part.
    parts: tuple[str, ...]
    #: The element type of the output; None: that of the first part.
    out_dtype: str = None  # type: ignore[assignment]
    #: Compute the gradients instead of the merge.
    gradients: bool = False
    #: Also compute the log-sum-exp.
    lse: bool = False
    #: Gradients take the gradient of the log-sum-exp as an operand.
    lse_gradient: bool = False
    #: Rows of the one array of parts that are merged into a row, by their numbers;
    #: 0: parts are arrays.
    terms: int = 0

    function: ClassVar[str] = "merge"
    #: The names of a launch's numbers.
    scalars: ClassVar[tuple[str, ...]] = ()
    deterministic: ClassVar[None] = None

    def __post_init__(self) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        put("parts", tuple(self.parts))
        if not self.parts:
            raise ArgumentError("expected one part or more, got none")
        put("out_dtype", self.parts[0] if self.out_dtype is None else self.out_dtype)
        for name in ("heads", "value_dim"):
            put(name, _positive(name, getattr(self, name)))
        halves = set()
        for element in (*self.parts, self.out_dtype):
            _one_of("element types", element, DTYPES)
            halves |= {element} - {"f32"}
        if len(halves) > 1:
            raise ArgumentError(
                "expected parts and output that are f32 or of one other type, got "
                + " and ".join(sorted(halves))
            )
        if self.terms and (self.gradients or len(self.parts) != 1):
            raise ArgumentError("expected one part and no gradients with row numbers")
        # Normalize fields that have no effect, so that equal problems are equal.
        put("lse" if self.gradients else "lse_gradient", False)

    def _numbered(self, *names: str) -> tuple[str, ...]:
        return tuple(f"{name}{i}" for name in names for i in range(len(self.parts)))

    @property
    def operands(self) -> tuple[str, ...]:
        """The names of a launch's arrays, in order."""
        parts = self._numbered("o", "lse")
        if self.terms:
            parts = *parts, "rows"
        if not self.gradients:
            return (*parts, *self.results)
        dlse = ("dlse",) if self.lse_gradient else ()
        return (*parts, "do", *dlse, *self.results)

    @property
    def results(self) -> tuple[str, ...]:
        """The names of the arrays that a launch writes."""
        if self.gradients:
            return self._numbered("do", "dlse")
        return ("o", "lse") if self.lse else ("o",)

    def shape(self, name: str, batch: int, length: int) -> tuple[int, ...]:
        """The sizes of an operand."""
        sizes = batch, self.heads, length
        if name == "rows":
            return *sizes, self.terms
        return sizes if "lse" in name else (*sizes, self.value_dim)

    def element(self, name: str) -> str:
        """The element type of an operand: "f32", "f16", "bf16" or "i32"."""
        if "lse" in name:
            return "f32"
        if name == "rows":
            return "i32"
        number = name.lstrip("do")
        return self.parts[int(number)] if number else self.out_dtype

    def backward(self, lse_gradient: bool = False) -> MergeProblem:
        """The gradients of this merge."""
        return replace(self, gradients=True, lse=False, lse_gradient=lse_gradient)

    def fields(self) -> dict[str, Any]:
        """The fields as JSON holds them: `problem_of` makes the problem again."""
        return asdict(self)

    def __str__(self) -> str:
        what = "gradients of a merge" if self.gradients else "merge"
        return f"{what} of {len(self.parts)} parts"

    def ir(self) -> str:
        """A module with the function `@merge`, with dynamic batch and lengths."""
        types = {name: self._type(name) for name in self.operands}
        count = len(self.parts)

        def group(clause: str, names: tuple[str, ...]) -> str:
            values = ", ".join(f"%{name}" for name in names)
            return f"{clause}({values} : {', '.join(types[n] for n in names)})"

        read = [name for name in self.operands if name not in self.results]
        clauses = [
            group("ins", tuple(read[:count])),
            group("lses", tuple(read[count : 2 * count])),
        ]
        if self.terms:
            clauses.append(group("rows", ("rows",)))
        if self.gradients:
            named = {"do": "dout", "dlse": "dlse"}
            clauses += [group(named[name], (name,)) for name in read[2 * count :]]
            clauses += [
                group("outs", self.results[:count]),
                group("dlses", self.results[count:]),
            ]
        else:
            clauses.append(group("outs", self.results))
        results = ", ".join(types[name] for name in self.results)
        arguments = ", ".join(f"%{name}: {type}" for name, type in types.items())
        several = len(self.results) > 1
        number = f":{len(self.results)}" if several else ""
        returned = (
            ", ".join(f"%r#{i}" for i in range(len(self.results))) if several else "%r"
        )
        operation = "merge_backward" if self.gradients else "merge"
        return (
            f"func.func @merge({arguments}) -> ({results}) {{\n"
            f"  %r{number} = spattn.{operation}\n      "
            + "\n      ".join(clauses)
            + f"\n  return {returned} : {results}\n}}\n"
        )

    def _type(self, name: str) -> str:
        sizes = f"?x{self.heads}x?"
        if "lse" not in name:
            sizes += f"x{self.terms if name == 'rows' else self.value_dim}"
        return f"tensor<{sizes}x{self.element(name)}>"


AnyProblem = Problem | MergeProblem | RowsProblem


def problem_of(fields: dict[str, Any]) -> AnyProblem:
    """The problem of its `fields`."""
    kind: type[AnyProblem] = Problem
    if "parts" in fields:
        kind = MergeProblem
    elif "operation" in fields:
        kind = RowsProblem
    return kind(**fields)

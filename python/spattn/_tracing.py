# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Values that stand for those of all pairs, while a function on scores is traced."""

from __future__ import annotations

import math
from typing import Any, NoReturn

from .errors import ArgumentError, UnsupportedError

_INTEGERS = {
    "addf": "addi",
    "subf": "subi",
    "mulf": "muli",
    "maximumf": "maxsi",
    "minimumf": "minsi",
}
_PREDICATES = {
    "lt": ("olt", "slt"),
    "le": ("ole", "sle"),
    "gt": ("ogt", "sgt"),
    "ge": ("oge", "sge"),
    "eq": ("oeq", "eq"),
    "ne": ("une", "ne"),
}


def text_of_real(number: float) -> str:
    """A literal of type f32."""
    if not math.isfinite(number):
        bits = {math.inf: "0x7F800000", -math.inf: "0xFF800000"}
        return bits.get(number, "0x7FC00000")
    mantissa, _, exponent = repr(float(number)).partition("e")
    if "." not in mantissa:
        mantissa += ".0"
    return mantissa + (f"e{int(exponent)}" if exponent else "")


def known_number(x: Any) -> Any:
    """A number, also out of an array without dimensions."""
    return x.item() if getattr(x, "ndim", None) == 0 else x


class Trace:
    """The operations of a region, as they are emitted."""

    #: What users call the function.
    what = "score_mod"
    #: What they give a number of each head or distance by, in its place.
    instead = "for a number of each head or distance, use alibi_slopes or distance_bias"

    def __init__(self) -> None:
        self.lines: list[str] = []

    def make(self, name: str, kind: str) -> Value:
        """A value of the region."""
        return Value(self, name, kind)

    def emit(self, text: str, kind: str) -> Value:
        name = f"%x{len(self.lines)}"
        self.lines.append(f"{name} = {text}")
        return self.make(name, kind)

    def fail(self, why: str) -> NoReturn:
        raise UnsupportedError(f"{self.what}: {why}")

    def constant(self, number: float | int | bool) -> Value:
        if isinstance(number, bool):
            return self.emit(f"arith.constant {str(number).lower()}", "i1")
        if isinstance(number, int):
            if not -(2**31) <= number < 2**31:
                raise ArgumentError(
                    f"{self.what}: expected integers of 32 bits, got {number}"
                )
            return self.emit(f"arith.constant {number} : i32", "i32")
        text = text_of_real(number)
        return self.emit(f"arith.constant {text} : f32", "f32")

    def value(self, x: Any) -> Value:
        """A value of this trace, or a constant."""
        if isinstance(x, Value):
            return x
        if isinstance(x, bool | int | float):
            return self.constant(x)
        if getattr(x, "ndim", None) == 0 and not getattr(x, "requires_grad", False):
            return self.constant(x.item())
        self.fail(
            f"expected numbers and what the function is given, got {type(x).__name__}"
            f"; {self.instead}"
        )

    def divide(self, x: Value, divisor: int) -> tuple[Value, Value]:
        """The quotient and the rest by a positive number, rounded down."""
        by = self.constant(divisor)
        rest = self.emit(f"arith.remsi {x._name}, {by._name} : i32", "i32")
        rest = where(rest < 0, rest + by, rest)
        whole = x - rest
        quotient = self.emit(f"arith.divsi {whole._name}, {by._name} : i32", "i32")
        return quotient, rest


class Value:
    """A score, or a number, while a function is traced. Functions of torch take it."""

    __array_ufunc__ = None

    def __init__(self, trace: Trace, name: str, kind: str) -> None:
        self._trace, self._name, self._kind = trace, name, kind

    # Kinds ----------------------------------------------------------------------

    def _as_real(self) -> Value:
        if self._kind == "f32":
            return self
        number = self._as_integer()
        return self._trace.emit(f"arith.sitofp {number._name} : i32 to f32", "f32")

    def _as_integer(self) -> Value:
        if self._kind == "i32":
            return self
        if self._kind != "i1":
            self._trace.fail("expected an integer, got a number of type float")
        one, zero = self._trace.constant(1), self._trace.constant(0)
        return self._trace.emit(
            f"arith.select {self._name}, {one._name}, {zero._name} : i32", "i32"
        )

    def _as_truth(self) -> Value:
        return self if self._kind == "i1" else self != 0

    def _pair(self, other: Any) -> tuple[Value, Value, str]:
        """Both, of one kind."""
        x, y = self, self._trace.value(other)
        if x._kind == y._kind == "i1":
            return x, y, "i1"
        if "f32" in (x._kind, y._kind):
            return x._as_real(), y._as_real(), "f32"
        return x._as_integer(), y._as_integer(), "i32"

    # Arithmetic -----------------------------------------------------------------

    def _binary(self, other: Any, name: str, swapped: bool = False) -> Value:
        x, y, kind = self._pair(other)
        if kind == "i1":
            x, y, kind = x._as_integer(), y._as_integer(), "i32"
        if name == "divf":
            x, y, kind = x._as_real(), y._as_real(), "f32"
        if swapped:
            x, y = y, x
        operation = name if kind == "f32" else _INTEGERS[name]
        return self._trace.emit(
            f"arith.{operation} {x._name}, {y._name} : {kind}", kind
        )

    def _unary(self, name: str) -> Value:
        x = self._as_real()
        return self._trace.emit(f"{name} {x._name} : f32", "f32")

    def _divided(self, divisor: Any) -> tuple[Value, Value]:
        """The quotient and the rest by a positive number, rounded down."""
        divisor = known_number(divisor)
        if not isinstance(divisor, int) or divisor < 1 or self._kind == "f32":
            self._trace.fail(
                "// and % are of integers, by integers above 0 that are known"
            )
        return self._trace.divide(self._as_integer(), int(divisor))

    def __add__(self, other: Any) -> Value:
        return self._binary(other, "addf")

    def __radd__(self, other: Any) -> Value:
        return self._binary(other, "addf", swapped=True)

    def __sub__(self, other: Any) -> Value:
        return self._binary(other, "subf")

    def __rsub__(self, other: Any) -> Value:
        return self._binary(other, "subf", swapped=True)

    def __mul__(self, other: Any) -> Value:
        return self._binary(other, "mulf")

    def __rmul__(self, other: Any) -> Value:
        return self._binary(other, "mulf", swapped=True)

    def __truediv__(self, other: Any) -> Value:
        return self._binary(other, "divf")

    def __rtruediv__(self, other: Any) -> Value:
        return self._binary(other, "divf", swapped=True)

    def __floordiv__(self, other: Any) -> Value:
        return self._divided(other)[0]

    def __mod__(self, other: Any) -> Value:
        return self._divided(other)[1]

    def __pow__(self, exponent: Any) -> Value:
        if not isinstance(exponent, int) or not 0 < exponent <= 8:
            self._trace.fail("powers are by integers from 1 to 8 that are known")
        result = self
        for _ in range(exponent - 1):
            result = result * self
        return result

    def __neg__(self) -> Value:
        return self._unary("arith.negf") if self._kind == "f32" else 0 - self

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        if self._kind == "f32":
            return self._unary("math.absf")
        return self._binary(-self, "maximumf")

    # Comparisons and truth values -----------------------------------------------

    def _compare(self, other: Any, name: str) -> Value:
        x, y, kind = self._pair(other)
        if kind == "i1":
            x, y, kind = x._as_integer(), y._as_integer(), "i32"
        real, integer = _PREDICATES[name]
        operation = f"cmpf {real}" if kind == "f32" else f"cmpi {integer}"
        return self._trace.emit(
            f"arith.{operation}, {x._name}, {y._name} : {kind}", "i1"
        )

    def __lt__(self, other: Any) -> Value:
        return self._compare(other, "lt")

    def __le__(self, other: Any) -> Value:
        return self._compare(other, "le")

    def __gt__(self, other: Any) -> Value:
        return self._compare(other, "gt")

    def __ge__(self, other: Any) -> Value:
        return self._compare(other, "ge")

    def __eq__(self, other: Any) -> Value:  # type: ignore[override]
        return self._compare(other, "eq")

    def __ne__(self, other: Any) -> Value:  # type: ignore[override]
        return self._compare(other, "ne")

    __hash__ = None  # type: ignore[assignment]

    def _logic(self, other: Any, name: str) -> Value:
        x, y, kind = self._pair(other)
        if kind == "f32":
            self._trace.fail("&, | and ^ are not of floats")
        return self._trace.emit(f"arith.{name} {x._name}, {y._name} : {kind}", kind)

    def __and__(self, other: Any) -> Value:
        return self._logic(other, "andi")

    def __or__(self, other: Any) -> Value:
        return self._logic(other, "ori")

    def __xor__(self, other: Any) -> Value:
        return self._logic(other, "xori")

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __invert__(self) -> Value:
        return self ^ (True if self._kind == "i1" else -1)

    def __bool__(self) -> NoReturn:
        self._trace.fail(
            "what is traced has no truth value, as it differs between pairs; use "
            "torch.where, or spattn.where"
        )

    def __index__(self) -> NoReturn:
        self._trace.fail(
            "what is traced is no number, as it differs between pairs; of what is "
            "indexed by it, only a tensor of torch can be, in a mask_mod"
        )

    # Functions ------------------------------------------------------------------

    def abs(self) -> Value:
        return abs(self)

    def exp(self) -> Value:
        return self._unary("math.exp")

    def exp2(self) -> Value:
        return self._unary("math.exp2")

    def log(self) -> Value:
        return self._unary("math.log")

    def log2(self) -> Value:
        return self._unary("math.log2")

    def tanh(self) -> Value:
        return self._unary("math.tanh")

    def sqrt(self) -> Value:
        return self._unary("math.sqrt")

    def rsqrt(self) -> Value:
        return self._unary("math.rsqrt")

    def sigmoid(self) -> Value:
        return 1.0 / (1.0 + (-self._as_real()).exp())

    def relu(self) -> Value:
        return self.maximum(0)

    def square(self) -> Value:
        return self * self

    def maximum(self, other: Any) -> Value:
        return self._binary(other, "maximumf")

    def minimum(self, other: Any) -> Value:
        return self._binary(other, "minimumf")

    def clamp(self, min: Any = None, max: Any = None) -> Value:
        result = self if min is None else self.maximum(min)
        return result if max is None else result.minimum(max)

    def __getattr__(self, name: str) -> Any:
        """Functions of torch that are methods too."""
        method = _NAMES.get(name)
        if method is None or method == name:
            raise AttributeError(f"what is traced has no {name!r}")
        return getattr(self, method)

    def float(self) -> Value:
        return self._as_real()

    def int(self) -> Value:
        return self._as_integer()

    def to(self, dtype: Any) -> Value:
        name = str(dtype).removeprefix("torch.")
        if name.startswith(("float", "bfloat")):
            return self._as_real()
        return self._as_integer()

    def logical_not(self) -> Value:
        return ~self._as_truth()

    def logical_and(self, other: Any) -> Value:
        return self._as_truth() & self._trace.value(other)._as_truth()

    def logical_or(self, other: Any) -> Value:
        return self._as_truth() | self._trace.value(other)._as_truth()

    def logical_xor(self, other: Any) -> Value:
        return self._as_truth() ^ self._trace.value(other)._as_truth()

    def div(self, other: Any, rounding_mode: str | None = None) -> Value:
        if rounding_mode not in (None, "floor"):
            self._trace.fail(
                f"expected rounding_mode to be None or 'floor', got {rounding_mode!r}"
            )
        result: Value = self // other if rounding_mode else self / other
        return result

    @classmethod
    def __torch_function__(
        cls, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        name = getattr(function, "__name__", str(function))
        if name == "where":
            return where(*args, **(kwargs or {}))
        first = next(x for x in args if isinstance(x, Value))
        method = _NAMES.get(name)
        if method is None:
            names = sorted(x for x in _NAMES if not x.startswith("_"))
            first._trace.fail(
                f"spattn cannot compute {name}; it has arithmetic, comparisons, where, "
                + ", ".join(names)
            )
        return getattr(first._trace.value(args[0]), method)(*args[1:], **(kwargs or {}))


#: The methods that functions of torch are, by their names.
_NAMES = {
    **{
        name: name
        for name in (
            *("abs", "exp", "exp2", "log", "log2", "tanh", "sqrt", "rsqrt", "sigmoid"),
            *("relu", "square", "maximum", "minimum", "clamp"),
            *("logical_not", "logical_and", "logical_or", "logical_xor", "div"),
        )
    },
    **{
        name: f"__{name}__"
        for name in ("lt", "le", "gt", "ge", "eq", "ne", "add", "sub", "mul", "neg")
    },
    **{
        f"__{name}__": f"__{name}__"
        for name in ("add", "radd", "sub", "rsub", "mul", "rmul", "mod", "floordiv")
    },
    **{f"bitwise_{name}": f"__{name}__" for name in ("and", "or", "xor")},
    **{f"__{name}__": f"__{name}__" for name in ("and", "or", "xor")},
    "bitwise_not": "__invert__",
    "remainder": "__mod__",
    "floor_divide": "__floordiv__",
    "absolute": "abs",
    "max": "maximum",
    "min": "minimum",
    "true_divide": "__truediv__",
    "pow": "__pow__",
}


def where(condition: Any, x: Any, y: Any) -> Any:
    """`x` where a condition on a pair holds, and `y` elsewhere, in a `score_mod`."""
    if not isinstance(condition, Value):
        return x if condition else y
    trace = condition._trace
    x, y, kind = trace.value(x)._pair(y)
    return trace.emit(
        f"arith.select {condition._as_truth()._name}, {x._name}, {y._name} : {kind}",
        kind,
    )

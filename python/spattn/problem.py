# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a kernel is specialized for."""

from __future__ import annotations

import operator
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

from ._pages import PAGE_SIZES
from .errors import ArgumentError, UnsupportedError
from .structure import Structure, as_structure

DTYPES = ("f32", "f16", "bf16")
ALIGNMENTS = ("end", "start")
BOUND_LENGTHS = ("sequence", "pack")
#: Operands that say where sequences start and end, by their names in launches.
SEQUENCES = {
    "qstart": "query_starts",
    "qend": "query_ends",
    "kstart": "key_starts",
    "kend": "key_ends",
}
#: Those of lists of tiles.
TILE_LISTS = {"tcount": "tile_counts", "tindex": "tile_indices"}

#: The operand that says which pages hold the keys of a batch entry.
PAGE_TABLE = {"pages": "page_table"}

#: Operands that say where queries and keys count as being.
POSITIONS = {"qpos": "query_positions", "kpos": "key_positions"}
#: The largest size of the score of equal positions.
MAX_SELF_SCORE = 1e6


@dataclass(frozen=True)
class Problem:
    """Everything that is known about an attention, or its gradients, at compile time.

    Batch size, lengths, strides and scale are launch arguments. Arrays have the
    dimensions (batch, heads, length, head dimension), with arbitrary strides except
    that the last is 1.
    """

    structure: Structure
    heads: int
    head_dim: int
    dtype: str = "bf16"
    #: The number of key-value heads; None: `heads`.
    kv_heads: int = None  # type: ignore[assignment]
    #: The head dimension of values and outputs; None: `head_dim`.
    value_dim: int = None  # type: ignore[assignment]
    #: The element type of outputs: `dtype` or "f32"; None: `dtype`.
    out_dtype: str = None  # type: ignore[assignment]
    #: Compute the gradients instead of the attention.
    gradients: bool = False
    #: Also compute the log-sum-exp of each query. Gradients always read it.
    lse: bool = False
    #: Gradients take the gradient of the log-sum-exp as an operand.
    lse_gradient: bool = False
    #: Each query head has a sink: one more logit, in f32, without a value.
    sinks: bool = False
    #: Scores are capped; the cap is an argument of launches.
    soft_cap: bool = False
    #: Each query head has a slope in f32 (ALiBi), by which scores fall with distance.
    alibi_slopes: bool = False
    #: The distances that each query head has a bias for, in f32; 0: there are none.
    distance_bias: int = 0
    #: The operations of a region that modifies scores, as IR (score.py); "": none.
    score: str = ""
    #: Kernels for a GPU take a scale that is 0 or negative.
    signed_scale: bool = False
    #: Gradients by slopes and biases are computed, too.
    slopes_gradient: bool = False
    bias_gradient: bool = False
    #: Gradients on a GPU are bitwise reproducible; None: whichever mode is faster.
    deterministic: bool | None = None
    #: Whether unequal lengths line up at the "end" or at the "start".
    alignment: str = "end"
    #: Keys at later positions than a query's are not seen. With this or `self_score`,
    #: queries and keys have positions.
    causal_positions: bool = False
    #: The score of pairs whose positions are equal; None: that of others.
    self_score: float | None = None
    #: Which operands say where the sequences of a batch entry start or end: some of
    #: "qstart", "qend", "kstart" and "kend".
    sequences: tuple[str, ...] = ()
    #: Whether bounds depend on the length of a "sequence" or of the whole "pack".
    bound_length: str = "sequence"
    #: The attribute of lists of tiles, `#spattn.tile_lists<...>`; empty: none.
    tile_lists: str = ""
    #: The heads that have lists, and whether each batch entry has its own.
    list_heads: int = 0
    list_batch: bool = False
    #: Keys and values are in pages of so many rows, (pages, heads, rows, dimension),
    #: which a page table gives to batch entries; 0: they are not.
    page_size: int = 0

    #: The name of the function.
    function: ClassVar[str] = "attention"

    def __post_init__(self) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        put("structure", as_structure(self.structure))
        put("kv_heads", self.heads if self.kv_heads is None else self.kv_heads)
        put("value_dim", self.head_dim if self.value_dim is None else self.value_dim)
        put("out_dtype", self.dtype if self.out_dtype is None else self.out_dtype)
        for name in ("heads", "kv_heads", "head_dim", "value_dim"):
            put(name, _positive(name, getattr(self, name)))
        if self.heads % self.kv_heads:
            raise ArgumentError(
                f"expected a number of query heads that is a multiple of that of key "
                f"heads, got {self.heads} and {self.kv_heads}"
            )
        structured = self.structure.heads
        if structured is not None and structured != self.heads:
            raise ArgumentError(
                f"the structure is a mixture for {structured} heads, got "
                f"{self.heads} query heads"
            )
        if self.distance_bias:
            put("distance_bias", _positive("distance_bias", self.distance_bias))
        if self.self_score is not None:
            put("self_score", _score("self_score", self.self_score))
        _one_of("dtype", self.dtype, DTYPES)
        _one_of("out_dtype", self.out_dtype, (self.dtype, "f32"))
        _one_of("alignment", self.alignment, ALIGNMENTS)
        _one_of("bound_length", self.bound_length, BOUND_LENGTHS)
        for name in self.sequences:
            _one_of("an operand of sequences", name, tuple(SEQUENCES))
        # In one order, so that equal problems are equal.
        put("sequences", tuple(name for name in SEQUENCES if name in self.sequences))
        if not self.sequences:
            put("bound_length", "sequence")
        if self.tile_lists and self.sequences:
            raise UnsupportedError(
                "attention has lists of tiles, or sequences, but not both"
            )
        if self.tile_lists and self.heads % _positive("list_heads", self.list_heads):
            raise ArgumentError(
                f"expected a number of heads of lists that divides {self.heads}, got "
                f"{self.list_heads}"
            )
        if self.page_size:
            self._check_pages()
        if self.modifies_scores:
            put("signed_scale", False)
        put("slopes_gradient", self.slopes_gradient and self.alibi_slopes)
        put("bias_gradient", self.bias_gradient and bool(self.distance_bias))
        if not self.gradients:
            put("slopes_gradient", False)
            put("bias_gradient", False)
        if self.gradients:
            # Normalize fields that have no effect, so that equal problems are equal.
            put("lse", False)
        else:
            put("lse_gradient", False)
            put("deterministic", None)

    def _check_pages(self) -> None:
        if self.page_size not in PAGE_SIZES:
            raise ArgumentError(
                f"expected a page_size of {', '.join(map(str, PAGE_SIZES))}, got "
                f"{self.page_size!r}"
            )
        if self.gradients:
            raise UnsupportedError("attention to keys in pages has no gradients")
        if self.tile_lists or self.has_positions or "kstart" in self.sequences:
            raise UnsupportedError(
                "keys in pages have no positions, lists of tiles or starts"
            )

    @property
    def has_positions(self) -> bool:
        """Whether queries and keys have positions."""
        return self.causal_positions or self.self_score is not None

    @property
    def modifies_scores(self) -> bool:
        """Whether more than a scale happens to scores."""
        return bool(
            self.soft_cap
            or self.alibi_slopes
            or self.distance_bias
            or self.score
            or self.self_score is not None
        )

    @property
    def operands(self) -> tuple[str, ...]:
        """The names of a launch's arrays, in order."""
        given = (
            *(("sink",) if self.sinks else ()),
            *self.sequences,
            *(("slopes",) if self.alibi_slopes else ()),
            *(("bias",) if self.distance_bias else ()),
            *(POSITIONS if self.has_positions else ()),
            *(TILE_LISTS if self.tile_lists else ()),
            *(PAGE_TABLE if self.page_size else ()),
        )
        if not self.gradients:
            results = ("o", *(("lse",) if self.lse else ()))
            return ("q", "k", "v", *given, *results)
        dlse = ("dlse",) if self.lse_gradient else ()
        inputs = ("q", "k", "v", "o", "lse", "do", *dlse, *given)
        return (
            *inputs,
            *("dq", "dk", "dv"),
            *(("dsink",) if self.sinks else ()),
            *(("dslopes",) if self.slopes_gradient else ()),
            *(("dbias",) if self.bias_gradient else ()),
        )

    @property
    def scalars(self) -> tuple[str, ...]:
        """The names of a launch's numbers, which follow its arrays."""
        return ("scale", "soft_cap") if self.soft_cap else ("scale",)

    @property
    def results(self) -> tuple[str, ...]:
        """The names of the arrays that a launch writes."""
        names = (
            ("dq", "dk", "dv", "dsink", "dslopes", "dbias")
            if self.gradients
            else ("o", "lse")
        )
        return tuple(name for name in names if name in self.operands)

    def shape(self, name: str, batch: int, queries: int, keys: int) -> tuple[int, ...]:
        """The sizes of an operand other than those of sequences, lists and pages."""
        if name in _OF_HEADS:
            return self._of_heads(name)
        heads = self.kv_heads if name in _OF_KEYS else self.heads
        length = keys if name in _OF_KEYS else queries
        dim = self.value_dim if name in _OF_VALUES else self.head_dim
        sizes = (batch, heads, length)
        has_dim = name not in _OF_ROWS and name not in POSITIONS
        return (*sizes, dim) if has_dim else sizes

    def element(self, name: str) -> str:
        """The element type of an operand: "f32", "f16", "bf16" or "i32"."""
        if name in {**SEQUENCES, **POSITIONS, **TILE_LISTS, **PAGE_TABLE}:
            return "i32"
        if name in _OF_ROWS or name in _OF_HEADS:
            return "f32"
        return self.out_dtype if name in ("o", "do") else self.dtype

    def backward(
        self,
        lse_gradient: bool = False,
        deterministic: bool | None = None,
        slopes_gradient: bool = False,
        bias_gradient: bool = False,
    ) -> Problem:
        """The gradients of this attention."""
        return replace(
            self,
            gradients=True,
            lse=False,
            lse_gradient=lse_gradient,
            deterministic=deterministic,
            slopes_gradient=slopes_gradient,
            bias_gradient=bias_gradient,
        )

    def fields(self) -> dict[str, Any]:
        """The fields as JSON holds them: `problem_of` makes the problem again."""
        return asdict(self) | {"structure": self.structure.text}

    def __str__(self) -> str:
        what = "gradients" if self.gradients else "attention"
        return f"{what}, {self.structure}"

    def ir(self) -> str:
        """A module with the function `@attention`, with dynamic batch and lengths."""
        types = {name: self._type(name) for name in self.operands}
        results = list(self.results)
        clauses = {
            "dlse": "dlse",
            "sink": "sink_logits",
            **SEQUENCES,
            "slopes": "alibi_slopes",
            "bias": "distance_bias",
            **POSITIONS,
            **TILE_LISTS,
            **PAGE_TABLE,
        }
        ins = [name for name in self.operands if name not in (*results, *clauses)]
        demanded = {"dslopes": "dalibi_slopes", "dbias": "ddistance_bias"}

        def typed(names: list[str]) -> str:
            values = ", ".join(f"%{name}" for name in names)
            return f"({values} : {', '.join(types[name] for name in names)})"

        arguments = [f"%{name}: {types[name]}" for name in self.operands]
        operation = "attention_backward" if self.gradients else "attention"
        count = f":{len(results)}" if len(results) > 1 else ""
        outs = ", ".join(types[name] for name in results)
        returned = ", ".join(f"%r#{i}" for i in range(len(results))) if count else "%r"
        given = "".join(
            f"{clause}{typed([name])} "
            for name, clause in clauses.items()
            if name in self.operands
        )
        given += " ".join(f"{name}(%{name})" for name in self.scalars)
        arguments += [f"%{name}: f32" for name in self.scalars]
        attributes = ", ".join(
            f"{name} = #spattn.{name}<{value}>"
            for name, value, default in (
                ("alignment", self.alignment, "end"),
                ("bound_length", self.bound_length, "sequence"),
            )
            if value != default
        )
        given_attributes = [attributes] if attributes else []
        if self.causal_positions:
            given_attributes.append("causal_positions")
        if self.self_score is not None:
            given_attributes.append(f"self_score = {self.self_score:.9e} : f32")
        if self.tile_lists:
            given_attributes.append(f"tile_lists = {self.tile_lists}")
        if self.signed_scale:
            given_attributes.append("signed_scale")
        attributes = f" {{{', '.join(given_attributes)}}}" if given_attributes else ""
        listed = [name for name in results if name not in demanded]
        more = "".join(
            f" {clause}{typed([name])}"
            for name, clause in demanded.items()
            if name in results
        )
        if self.score:
            more += (
                " score {\n"
                "  ^bb0(%score: f32, %query: i32, %key: i32, %head: i32, "
                f"%batch: i32):\n{self.score}  }}"
            )
        return (
            f"func.func @attention({', '.join(arguments)}) "
            f"-> ({outs}) {{\n"
            f"  %r{count} = spattn.{operation} structure({self.structure})\n"
            f"      ins{typed(ins)} {given}\n"
            f"      outs{typed(listed)}{more}{attributes}\n"
            f"  return {returned} : {outs}\n"
            "}\n"
        )

    def _type(self, name: str) -> str:
        if name in _OF_HEADS:
            sizes = "x".join(map(str, self._of_heads(name)))
            return f"tensor<{sizes}xf32>"
        if name in PAGE_TABLE:
            return "tensor<?x?xi32>"
        if name in SEQUENCES:
            return f"tensor<?x{1 if self.page_size else '?'}xi32>"
        if name in TILE_LISTS:
            sizes = f"{'?' if self.list_batch else 1}x{self.list_heads}x?"
            return f"tensor<{sizes}{'x?' if name == 'tindex' else ''}xi32>"
        heads = self.kv_heads if name in _OF_KEYS else self.heads
        is_paged = self.page_size and name in _OF_KEYS
        sizes = f"?x{heads}x{self.page_size if is_paged else '?'}"
        if name not in _OF_ROWS and name not in POSITIONS:
            sizes += f"x{self.value_dim if name in _OF_VALUES else self.head_dim}"
        return f"tensor<{sizes}x{self.element(name)}>"

    def _of_heads(self, name: str) -> tuple[int, ...]:
        if name in ("bias", "dbias"):
            return self.heads, self.distance_bias
        return (self.heads,)


# Operands with key heads and key lengths, with the value dimension, with one number
# per query, and with one number per query head or more.
_OF_KEYS = frozenset(("k", "v", "dk", "dv", "kpos"))
_OF_VALUES = frozenset(("v", "o", "do", "dv"))
_OF_ROWS = frozenset(("lse", "dlse"))
_OF_HEADS = frozenset(("sink", "dsink", "slopes", "dslopes", "bias", "dbias"))


def _positive(name: str, value: object) -> int:
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = 0
    if number < 1 or isinstance(value, bool):
        raise ArgumentError(
            f"expected {name} that is a positive integer, got {value!r}"
        )
    return number


def _score(name: str, value: object) -> float:
    if isinstance(value, (int, float)) and abs(value) <= MAX_SELF_SCORE:
        return float(value)
    raise ArgumentError(
        f"expected {name} that is a number from -1e6 to 1e6, got {value!r}"
    )


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        expected = " or ".join(dict.fromkeys(repr(item) for item in allowed))
        raise ArgumentError(f"expected {name} to be {expected}, got {value!r}")

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Structures: which keys each query sees.

A `Structure` wraps an attribute of the dialect; docs/Spec.md defines the attributes.
`d` is the distance from a query to a key, positive towards the past.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Union

from . import _patterns
from .bounds import index_of
from .errors import StructureError

if TYPE_CHECKING:
    from .plot import Plot
    from .stats import Stats

GroupLike = Union["Structure", "tuple[int, Structure]"]


class Structure:
    """A set of (query, key) pairs for each head, in closed form.

    Immutable. Structures are equal if their canonical forms are: `causal()` equals
    `window(right=0)`. `|` is the union and `&` the intersection.
    """

    __slots__ = ("_text", "_groups", "_canonical")
    _text: str
    _groups: tuple[tuple[int, Structure], ...]
    _canonical: str

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise StructureError(
                "expected the text of an attribute, such as '#spattn.causal', got "
                f"{text!r}"
            )
        self._text, self._canonical, groups = _patterns.parse(text)
        self._groups = tuple((count, Structure.parse(part)) for count, part in groups)

    @staticmethod
    @lru_cache(maxsize=4096)
    def parse(text: str) -> Structure:
        """Parses an attribute such as `#spattn.window<left = 511, right = 0>`."""
        return Structure(text)

    @property
    def text(self) -> str:
        """The attribute's text in the IR, which `Structure.parse` reads."""
        return self._text

    @property
    def canonical(self) -> str:
        """The attribute in canonical form, the simplest one with the same pairs."""
        return self._canonical

    @property
    def groups(self) -> tuple[tuple[int, Structure], ...]:
        """The (number of heads, structure) groups of a mixture; otherwise empty."""
        return self._groups

    @property
    def heads(self) -> int | None:
        """The number of query heads of a mixture; None for other structures."""
        return sum(count for count, _ in self._groups) if self._groups else None

    def _combine(self, other: object, name: str) -> Any:
        if not isinstance(other, Structure):
            return NotImplemented
        if self._groups and other._groups:
            if [c for c, _ in self._groups] != [c for c, _ in other._groups]:
                raise StructureError(
                    "two mixtures can be combined if their groups have the same "
                    f"numbers of heads, got {_counts(self)} and {_counts(other)}"
                )
            pairs = zip(self._groups, other._groups, strict=True)
            return per_head(*((n, a._combine(b, name)) for (n, a), (_, b) in pairs))
        if self._groups:
            return per_head(*((n, s._combine(other, name)) for n, s in self._groups))
        if other._groups:
            return per_head(*((n, self._combine(s, name)) for n, s in other._groups))
        parts = ", ".join(s._inside(name) for s in (self, other))
        return Structure.parse(f"#spattn.{name}<{parts}>")

    def _inside(self, name: str) -> str:
        """The text as an operand of a union or intersection, flattened."""
        prefix = f"#spattn.{name}<"
        return (
            self._text[len(prefix) : -1] if self._text.startswith(prefix) else str(self)
        )

    def __or__(self, other: Structure) -> Structure:
        united: Structure = self._combine(other, "union")
        return united

    def __and__(self, other: Structure) -> Structure:
        common: Structure = self._combine(other, "intersection")
        return common

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Structure):
            return NotImplemented
        return self._canonical == other._canonical

    def __hash__(self) -> int:
        return hash(self._canonical)

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"spattn.Structure({self._text!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Structure.parse, (self._text,)

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(self, "_groups"):
            raise AttributeError("a Structure cannot be changed")
        object.__setattr__(self, name, value)

    def stats(self, queries: int, keys: int | None = None, **options: Any) -> Stats:
        """Counts tiles, pairs, operations and bytes; see `stats.stats`."""
        from .stats import stats

        return stats(self, queries, keys, **options)

    def plot(self, queries: int, keys: int | None = None, **options: Any) -> Plot:
        """Draws the tiles that each head visits; see `plot.plot`."""
        from .plot import plot

        return plot(self, queries, keys, **options)

    def live_keys(self, tokens: int, **options: Any) -> list[list[tuple[int, int]]]:
        """The keys that later queries may see; see `cached.live_keys`."""
        from .cached import live_keys

        return live_keys(self, tokens, **options)

    def removable_keys(self, tokens: int, **options: Any) -> tuple[int, int] | None:
        """Keys that a cache may lose; see `cached.removable_keys`."""
        from .cached import removable_keys

        return removable_keys(self, tokens, **options)


def _counts(mixture: Structure) -> str:
    return " + ".join(str(count) for count, _ in mixture.groups)


def make(name: str, parameters: str = "") -> Structure:
    return Structure.parse(
        f"#spattn.{name}<{parameters}>" if parameters else f"#spattn.{name}"
    )


def per_head(*groups: GroupLike | Iterable[GroupLike]) -> Structure:
    """A mixture of `(count, structure)` groups; a bare structure is for one head.

    A partition such as `exclusive_bands()` divides the distances among the heads of
    its group.
    """
    if len(groups) == 1 and not isinstance(groups[0], (Structure, tuple)):
        groups = tuple(groups[0])  # per_head([a, b, c])
    texts = []
    for group in groups:
        count, structure = (1, group) if isinstance(group, Structure) else _pair(group)
        if structure.groups:
            raise StructureError("per_head: a group cannot be a mixture itself")
        texts.append(f"{count} x {structure}")
    if not texts:
        raise StructureError("per_head: expected one structure or more, got none")
    return make("heads", ", ".join(texts))


def _pair(group: object) -> tuple[int, Structure]:
    try:
        count, structure = group  # type: ignore[misc]
    except (TypeError, ValueError):
        count = structure = None
    if not isinstance(structure, Structure):
        raise StructureError(
            f"per_head: expected a structure, or (count, structure), got {group!r}"
        )
    if index_of(count, "a number of heads") < 1:
        raise StructureError(f"per_head: expected at least 1 head, got {count}")
    return count, structure


def as_structure(value: Structure | str) -> Structure:
    """Parses the text of a structure; returns a `Structure` unchanged."""
    return value if isinstance(value, Structure) else Structure.parse(value)

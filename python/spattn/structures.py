# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Constructors of the basic structures, which docs/Spec.md defines."""

from __future__ import annotations

from .bounds import BoundLike, index_of, text_of_bound
from .errors import StructureError
from .structure import Structure, make


def full() -> Structure:
    """Every key."""
    return make("full")


def causal() -> Structure:
    """The present and the past: `d >= 0`."""
    return make("causal")


def window(
    size: int | None = None, *, left: int | None = None, right: int | None = None
) -> Structure:
    """The last `size` keys, the query's own included; or `-right <= d <= left`.

    `left` and `right` mean what they mean in FlashAttention; None is unbounded.
    """
    if size is not None:
        if left is not None or right is not None:
            raise StructureError("window: give size, or left and right, not both")
        if index_of(size, "a window's size") < 1:
            raise StructureError(f"window: expected a size of at least 1, got {size}")
        left, right = size - 1, 0
    if left is None and right is None:
        raise StructureError("window: give a size, left or right; full() has no limits")
    sides = {"left": left, "right": right}
    return make(
        "window",
        ", ".join(
            f"{name} = {index_of(side, f'a window, {name},')}"
            for name, side in sides.items()
            if side is not None
        ),
    )


def sink(count: int) -> Structure:
    """The first keys of the sequence, causally: `j < count` and `d >= 0`."""
    return make("sink", str(index_of(count, "a number of keys")))


def prefix(count: int) -> Structure:
    """A prefix that all queries see, and causal: `j < count` or `d >= 0`."""
    return make("prefix", str(index_of(count, "a number of keys")))


def keys(lo: BoundLike, hi: BoundLike) -> Structure:
    """The keys of an interval, at any distance: `lo <= j < hi`."""
    return make("keys", f"{text_of_bound(lo)} to {text_of_bound(hi)}")


def queries(lo: BoundLike, hi: BoundLike) -> Structure:
    """The queries of an interval, whatever they look at: `lo <= p < hi`.

    `p` is the query's place among the keys: its index `i`, or with aligned ends
    `i + Nk - Nq`, but at least 0.
    """
    return make("queries", f"{text_of_bound(lo)} to {text_of_bound(hi)}")


def global_tokens(count: int) -> Structure:
    """The first tokens see all keys, and all queries see them: rows and columns."""
    return keys(0, index_of(count, "a number of tokens")) | queries(0, count)


def block(lo: BoundLike, hi: BoundLike) -> Structure:
    """Tokens that see each other: the queries and the keys of an interval."""
    return queries(lo, hi) & keys(lo, hi)


RESIDUES = ("distances", "keys", "queries")


def residues(of: str, lo: int, hi: int, modulus: int) -> Structure:
    """Distances, keys or queries `x` with `(x - lo) mod modulus < hi - lo`.

    The place of query `i` is `i`, or with aligned ends `i + Nk - Nq`. `hi` may be more
    than the modulus: residues go round.
    """
    if of not in RESIDUES:
        raise StructureError(
            f"residues: expected one of {', '.join(RESIDUES)}, got {of!r}"
        )
    lo, hi = index_of(lo, "a residue"), index_of(hi, "a residue")
    return make("residues", f"{of}, {lo} to {hi} mod {index_of(modulus, 'a modulus')}")


def strided(modulus: int, remainder: int = 0) -> Structure:
    """Every so many distances, past and future: `d mod modulus = remainder`."""
    return residues(
        "distances", remainder, index_of(remainder, "a remainder") + 1, modulus
    )


def dilated_window(
    dilation: int,
    size: int | None = None,
    *,
    left: int | None = None,
    right: int | None = None,
) -> Structure:
    """A window of so many keys that are `dilation` apart, as in Longformer.

    `size` counts the query's own; `left` and `right` are the keys to each side.
    """
    index_of(dilation, "a dilation")
    if size is not None:
        if left is not None or right is not None:
            raise StructureError(
                "dilated_window: give size, or left and right, not both"
            )
        if index_of(size, "a window's size") < 1:
            raise StructureError(
                f"dilated_window: expected a size of at least 1, got {size}"
            )
        left, right = size - 1, 0
    sides = {
        name: None if side is None else dilation * index_of(side, f"{name} keys")
        for name, side in (("left", left), ("right", right))
    }
    return window(**sides) & strided(dilation)


def distances(*intervals: tuple[BoundLike, BoundLike]) -> Structure:
    """`lo <= d < hi` for at least one of the intervals `(lo, hi)`."""
    texts = []
    for interval in intervals:
        try:
            lo, hi = interval
        except (TypeError, ValueError):
            raise StructureError(
                f"distances: expected pairs (lo, hi), got {interval!r}"
            ) from None
        texts.append(f"{text_of_bound(lo)} to {text_of_bound(hi)}")
    return make("distances", ", ".join(texts)) if texts else none()


def none() -> Structure:
    """No key at all."""
    return make("sink", "0")


def exclusive_bands(*, length: int | None = None) -> Structure:
    """Each head sees its own band, a share of the distances `[0, N)`.

    `length` replaces `N`, here and below, so that bands do not move when the number
    of keys changes.
    """
    return _partition("exclusive", length)


def local_band(*, length: int | None = None) -> Structure:
    """Each head sees its own band, of width `w`, and the distances `0 <= d <= w`."""
    return _partition("local_band", length)


def gapped_bands(*, length: int | None = None) -> Structure:
    """Each head sees the nearer half of its own band."""
    return _partition("gapped", length)


def local(*, length: int | None = None) -> Structure:
    """Each head sees the distances `0 <= d <= w`, if its band has width `w`."""
    return _partition("local", length)


def _partition(kind: str, length: int | None) -> Structure:
    return make("partition", kind + _length(length))


def _length(length: int | None) -> str:
    return "" if length is None else f", length = {index_of(length, 'a length')}"


KINDS = ("exclusive", "local_band", "gapped", "local")


def band(
    index: int, count: int, kind: str = "exclusive", *, length: int | None = None
) -> Structure:
    """Band `index` of a partition of the distances into `count`, for every head."""
    if kind not in KINDS:
        raise StructureError(
            f"band: expected a kind of {', '.join(KINDS)}, got {kind!r}"
        )
    index = index_of(index, "a band's index")
    count = index_of(count, "a number of bands")
    return make("band", f"{kind}, {index} of {count}{_length(length)}")

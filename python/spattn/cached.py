# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which keys a decoder has to keep.

A decoder caches the keys and values of all tokens so far, and adds one query or a few
at a time, each at the end of all keys. What no later query sees, the cache may drop.
"""

from __future__ import annotations

from . import _patterns
from .bounds import index_of
from .errors import ArgumentError
from .stats import heads_of
from .structure import Structure


def live_keys(
    structure: Structure,
    tokens: int,
    *,
    heads: int | None = None,
    kv_heads: int | None = None,
    max_length: int | None = None,
    bound_length: int | None = None,
) -> list[list[tuple[int, int]]]:
    """For each key head, the keys of the first `tokens` that some later query sees.

    They are intervals `(begin, end)`, ascending and apart from each other, of what any
    query head of the key head's group sees. All other keys are dead: without them, all
    later queries have the same output. Later queries are those at the positions from
    `tokens` on, before `max_length`, or without an end for None.

    `heads` defaults to the number of heads of a mixture, or to 16, and `kv_heads` to
    `heads`. `bound_length` is what `N` stands for in bounds and partitions, at every
    length. Without it, nothing is known of heads whose structure depends on `N`, and
    all their keys are live. Residues do not count: of a strided structure, some of the
    keys in an interval may be dead. Otherwise, the answer is exact.
    """
    heads = heads_of(structure, heads)
    kv_heads = heads if kv_heads is None else kv_heads
    if kv_heads < 1 or heads % kv_heads:
        raise ArgumentError(
            f"expected a number of key heads that divides {heads}, got {kv_heads}"
        )
    text = _at(structure, heads, bound_length)
    tokens = index_of(tokens, "a number of tokens")
    if max_length is not None and index_of(max_length, "a length") < tokens:
        raise ArgumentError(
            f"expected a maximum length of at least {tokens}, the number of tokens, "
            f"got {max_length}"
        )
    group = heads // kv_heads
    return [
        _patterns.live_keys(text, heads, (first, group), tokens, max_length)
        for first in range(0, heads, group)
    ]


def removable_keys(
    structure: Structure,
    tokens: int,
    *,
    heads: int | None = None,
    bound_length: int | None = None,
) -> tuple[int, int] | None:
    """Keys `(begin, end)` of the first `tokens` that can be cut out of a sequence.

    No later query of any head sees them. Without them, the sequence has
    `tokens - (end - begin)` tokens, and **the same structure says what later queries
    see of it**, if keys from `end` on, and all later queries, are counted anew: as many
    places lower. A kernel of the structure can thus attend to what is left as it is,
    and more keys may be cut out later. None if there are no such keys, as with
    structures that depend on `N`.

    These are the first dead keys after the places that intervals of keys name: with
    `sink(4) | window(512)`, those from 4 to the window.
    """
    heads = heads_of(structure, heads)
    tokens = index_of(tokens, "a number of tokens")
    text = _at(structure, heads, bound_length)
    begin, end = _patterns.removable_keys(text, heads, tokens)
    return (begin, end) if begin < end else None


def _at(structure: Structure, heads: int, length: int | None) -> str:
    """The text of a structure, at a fixed length if one is given."""
    if length is None:
        return structure.text
    return _patterns.fix_length(structure.text, heads, length)

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which keys later queries see, and which can be cut out, against masks."""

import random

import definition
import numpy as np
import pytest
import spattn
from spattn import ArgumentError, N, StructureError
from spattn._patterns import fix_length

LATER = 96

STRUCTURES = [
    spattn.window(9),
    spattn.sink(4) | spattn.window(9),
    spattn.sink(3),
    spattn.exclusive_bands(length=32),
    spattn.local_band(length=20),
    spattn.causal(),
    spattn.none(),
    spattn.window(5) | spattn.block(4, 12),
    spattn.global_tokens(2) & spattn.causal() | spattn.window(6),
    spattn.per_head(
        (2, spattn.sink(4) | spattn.window(9)), (2, spattn.gapped_bands(length=24))
    ),
    spattn.per_head((1, spattn.window(9)), (2, spattn.sink(2)), (1, spattn.none())),
    spattn.dilated_window(4, 5),
]


def mask(structure, length):
    """What each of four heads sees: (heads, queries, keys)."""
    return definition.masks(structure, 4, length, length)


@pytest.mark.parametrize("kv_heads", [1, 2, 4])
@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
def test_live_keys(structure, kv_heads):
    length = 30 + LATER
    allowed = mask(structure, length)
    for tokens in (0, 1, 7, 13, 30):
        for end in (tokens, tokens + 5, None):
            later = allowed[:, tokens:end, :tokens].any(1)
            later = later.reshape(kv_heads, 4 // kv_heads, tokens).any(1)
            found = structure.live_keys(
                tokens, heads=4, kv_heads=kv_heads, max_length=end
            )
            assert len(found) == kv_heads
            for intervals, expected in zip(found, later, strict=True):
                actual = np.zeros(tokens, bool)
                for begin, stop in intervals:
                    assert not actual[begin:stop].any() and begin < stop
                    actual[begin:stop] = True
                if "residues" in str(structure):
                    assert (actual >= expected).all()
                else:
                    assert (actual == expected).all(), (tokens, end)


@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
def test_removable_keys(structure):
    """One after the other: what is left is a sequence of the same structure."""
    allowed = mask(structure, 60 + LATER)
    kept, tokens = [], 0
    while tokens < 60:
        kept.append(tokens)
        tokens += 1
        cut = structure.removable_keys(len(kept), heads=4)
        if cut is not None:
            assert 0 <= cut[0] < cut[1] <= len(kept)
            del kept[cut[0] : cut[1]]
        # The next queries see all that they see, and see it at these rows.
        length = len(kept) + 20
        rows = kept + list(range(tokens, tokens + 20))
        expected = allowed[:, tokens : tokens + 20]
        actual = mask(structure, length)[:, len(kept) :]
        assert (actual == expected[:, :, rows]).all()
        gone = [key for key in range(tokens) if key not in rows]
        assert not expected[:, :, gone].any()


def test_how_many_are_left():
    """Windows, bands of a fixed length and sinks keep no more than they see."""
    for structure, most in zip(STRUCTURES, [8, 12, 3, 31, 19], strict=False):
        rows = 0
        for _ in range(200):
            rows += 1
            begin, end = structure.removable_keys(rows, heads=4) or (0, 0)
            rows -= end - begin
        assert rows == most, structure


def test_random_structures_at_a_length():
    chosen = random.Random(5)
    for _ in range(40):
        text, _ = definition.drawn.head_structures(chosen, 4)
        length = chosen.randrange(24)
        try:
            fixed = fix_length(text, 4, length)
        except StructureError:  # More intervals than are supported.
            continue
        allowed = definition.masks(fixed, 4, 64, 64)
        structure = spattn.Structure.parse(text)
        found = structure.live_keys(
            24, heads=4, kv_heads=4, max_length=64, bound_length=length
        )
        for intervals, expected in zip(found, allowed[:, 24:, :24].any(1), strict=True):
            actual = np.zeros(24, bool)
            for begin, end in intervals:
                actual[begin:end] = True
            if "residues" in text:
                assert (actual >= expected).all()
            else:
                assert (actual == expected).all(), text


def test_bounds_that_depend_on_the_length():
    """Nothing is known of what later queries see, unless a length is given."""
    bands = spattn.exclusive_bands()
    assert bands.live_keys(100, heads=2) == [[(0, 100)], [(0, 100)]]
    assert bands.removable_keys(100, heads=2) is None
    assert bands.live_keys(100, heads=2, bound_length=64) == [[(69, 100)], [(37, 100)]]
    assert bands.removable_keys(100, heads=2, bound_length=64) == (0, 37)
    half = spattn.keys(0, N // 2)
    assert half.live_keys(8, heads=1) == [[(0, 8)]]
    # Other heads may be known.
    mixture = spattn.per_head((1, spattn.window(8)), (1, bands))
    assert mixture.live_keys(100) == [[(93, 100)], [(0, 100)]]
    assert mixture.live_keys(100, kv_heads=1) == [[(0, 100)]]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"tokens": -1}, "tokens, got -1"),
        ({"tokens": 1.5}, "a number of tokens that is an integer"),
        ({"tokens": 2**30}, "tokens, got 1073741824"),
        ({"tokens": 4, "max_length": 3}, "at least 4, the number of tokens, got 3"),
        ({"tokens": 4, "max_length": -1}, "at least 4, the number of tokens, got -1"),
        ({"tokens": 4, "heads": 4, "kv_heads": 3}, "divides 4, got 3"),
        ({"tokens": 4, "heads": 4, "kv_heads": 0}, "divides 4, got 0"),
        ({"tokens": 4, "bound_length": -5}, "length from 0 to 2\\^30 - 1, got -5"),
    ],
)
def test_refused(arguments, message):
    with pytest.raises((ArgumentError, StructureError), match=message):
        spattn.window(3).live_keys(**arguments)


def test_refused_heads():
    mixture = spattn.per_head((2, spattn.causal()))
    with pytest.raises(ArgumentError, match="for 2 heads, got heads=3"):
        mixture.live_keys(4, heads=3)
    with pytest.raises(ArgumentError, match="for 2 heads, got heads=3"):
        mixture.removable_keys(4, heads=3)

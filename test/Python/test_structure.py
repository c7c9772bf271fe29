# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Structures: their text, equality, combination, counts, and errors."""

import copy
import math
import pickle
import random
import subprocess
import sys

import definition
import numpy as np
import pytest
import spattn
from spattn import N, Structure, StructureError
from spattn._patterns import Pattern

TEXTS = {
    "#spattn.full": spattn.full(),
    "#spattn.causal": spattn.causal(),
    "#spattn.window<left = 511, right = 0>": spattn.window(512),
    "#spattn.window<left = 3>": spattn.window(left=3),
    "#spattn.window<left = 5, right = 4>": spattn.window(left=5, right=4),
    "#spattn.distances<-4 to 0>": spattn.window(left=-1, right=4),
    "#spattn.sink<4>": spattn.sink(4),
    "#spattn.prefix<7>": spattn.prefix(7),
    "#spattn.keys<0 to N floordiv 4>": spattn.keys(0, N // 4),
    "#spattn.queries<0 to N floordiv 4>": spattn.queries(0, N // 4),
    "#spattn.union<#spattn.keys<0 to 64>, #spattn.queries<0 to 64>>": (
        spattn.global_tokens(64)
    ),
    "#spattn.intersection<#spattn.queries<8 to 40>, #spattn.keys<8 to 40>>": (
        spattn.block(8, 40)
    ),
    "#spattn.residues<distances, 1 to 2 mod 4>": spattn.strided(4, 1),
    "#spattn.residues<keys, 120 to 128 mod 128>": (
        spattn.residues("keys", 120, 128, 128)
    ),
    "#spattn.intersection<#spattn.window<left = 508, right = 0>, "
    "#spattn.residues<distances, 0 to 1 mod 4>>": spattn.dilated_window(4, 128),
    "#spattn.intersection<#spattn.window<left = 6, right = 4>, "
    "#spattn.residues<distances, 0 to 1 mod 2>>": (
        spattn.dilated_window(2, left=3, right=2)
    ),
    "#spattn.distances<0 to 128, N floordiv 2 to N floordiv 2 + 256>": (
        spattn.distances((0, 128), (N // 2, N // 2 + 256))
    ),
    "#spattn.distances<3 * N floordiv 4 - 1 to inf>": spattn.distances(
        (3 * N // 4 - 1, math.inf)
    ),
    "#spattn.partition<exclusive>": spattn.exclusive_bands(),
    "#spattn.partition<local_band>": spattn.local_band(),
    "#spattn.partition<exclusive, length = 4096>": spattn.exclusive_bands(length=4096),
    "#spattn.band<local_band, 1 of 4, length = 64>": spattn.band(
        1, 4, "local_band", length=64
    ),
    "#spattn.partition<gapped>": spattn.gapped_bands(),
    "#spattn.partition<local>": spattn.local(),
    "#spattn.band<exclusive, 3 of 16>": spattn.band(3, 16),
    "#spattn.union<#spattn.sink<4>, #spattn.window<left = 511, right = 0>>": (
        spattn.sink(4) | spattn.window(512)
    ),
    "#spattn.intersection<#spattn.window<left = 9, right = 0>, #spattn.keys<2 to 8>>": (
        spattn.window(10) & spattn.keys(2, 8)
    ),
    "#spattn.sink<64>": spattn.causal() & spattn.keys(0, 64),
    "#spattn.heads<12 x #spattn.partition<exclusive>, 4 x #spattn.causal>": (
        spattn.per_head((12, spattn.exclusive_bands()), (4, spattn.causal()))
    ),
}


@pytest.mark.parametrize("text", TEXTS)
def test_text(text):
    structure = TEXTS[text]
    assert str(structure) == structure.text == text
    assert Structure.parse(text) == structure
    assert eval(repr(structure)) == structure


def test_equality_is_by_pairs():
    assert spattn.causal() == spattn.window(right=0)
    assert hash(spattn.causal()) == hash(spattn.window(right=0))
    assert spattn.window(512) == spattn.distances((0, 512))
    assert spattn.window(4) | spattn.window(9) == spattn.window(9)
    assert spattn.full() & spattn.causal() == spattn.causal()
    assert spattn.exclusive_bands() != spattn.local_band()
    assert spattn.causal() != "#spattn.causal"
    assert spattn.queries(0, 9) | spattn.queries(4, 12) == spattn.queries(0, 12)
    assert hash(spattn.queries(0, 9)) == hash(spattn.queries(-math.inf, 9))
    assert spattn.queries(0, 9) != spattn.keys(0, 9)
    for a, b in [
        (spattn.sink(4), spattn.window(9)),
        (spattn.local(), spattn.keys(0, 9)),
    ]:
        assert a | b == b | a
        assert a & b == b & a


def test_copies_are_equal():
    structure = spattn.sink(4) | spattn.window(512)
    for other in (
        copy.copy(structure),
        copy.deepcopy(structure),
        pickle.loads(pickle.dumps(structure)),
    ):
        assert other == structure
    with pytest.raises(AttributeError):
        structure._text = "#spattn.full"


def test_combinations_are_flat():
    a, b, c = spattn.sink(4), spattn.window(9), spattn.keys(0, 3)
    assert (a | b | c).text.count("union") == 1
    assert (a & b & c).text.count("intersection") == 1


def test_mixtures():
    mixture = spattn.per_head((3, spattn.local_band()), spattn.causal())
    assert mixture.heads == 4
    assert mixture.groups == ((3, spattn.local_band()), (1, spattn.causal()))
    assert spattn.causal().heads is None
    # What is combined with a mixture is combined with each group.
    assert mixture | spattn.sink(2) == spattn.per_head(
        (3, spattn.local_band() | spattn.sink(2)), (1, spattn.causal() | spattn.sink(2))
    )
    listed = spattn.per_head([spattn.window(4), spattn.window(8)])
    assert listed == spattn.per_head(spattn.window(4), spattn.window(8))
    both = listed & spattn.per_head(spattn.keys(0, 3), spattn.keys(0, 5))
    assert both.groups[1][1] == spattn.window(8) & spattn.keys(0, 5)
    with pytest.raises(StructureError, match="same numbers of heads"):
        mixture | listed


def test_fixed_length():
    """Bands stay where they are at the length that they are for."""
    moving, fixed = spattn.local_band(), spattn.local_band(length=64)
    assert moving != fixed
    at_length = [definition.masks(s, 4, 64, 64) for s in (moving, fixed)]
    assert (at_length[0] == at_length[1]).all()
    pattern = Pattern(fixed.text, 4, 90, 90)
    for head, expected in enumerate(definition.masks(fixed, 4, 90, 90)):
        mask = np.frombuffer(pattern.mask(head), np.uint8).reshape(90, 90)
        assert (mask == expected).all()


ERRORS = [
    (lambda: spattn.sink(-1), "sink"),
    (lambda: spattn.sink(2.5), "expected a number of keys that is an integer"),
    (lambda: spattn.sink(True), "integer, got True"),
    (lambda: spattn.window(0), "at least 1, got 0"),
    (lambda: spattn.window(), "give a size, left or right"),
    (lambda: spattn.window(3, left=2), "not both"),
    (lambda: spattn.band(4, 4), "band"),
    (lambda: spattn.local_band(length=-1), "length"),
    (lambda: spattn.local_band(length=6.5), "a length that is an integer, got 6.5"),
    (lambda: spattn.band(0, 4, "wide"), "expected a kind of exclusive"),
    (lambda: spattn.distances((5, 3, 1)), "pairs"),
    (lambda: spattn.distances(("0", 4)), "expected a bound"),
    (lambda: spattn.keys(0, 2**50), "2\\^40|1099511627776|out of range"),
    (lambda: spattn.queries(5, 3), "query interval '5 to 3' is inverted"),
    (lambda: spattn.queries(-4, 3), "query interval '-4 to 3' has a negative bound"),
    (lambda: spattn.queries("0", 3), "expected a bound"),
    (lambda: spattn.global_tokens(0), "key interval '0 to 0' is empty"),
    (lambda: spattn.global_tokens(2.5), "expected a number of tokens"),
    (lambda: spattn.strided(0), "modulus 0 is out of range"),
    (lambda: spattn.strided(4, 4), "residues start from 0 to 3, not at 4"),
    (lambda: spattn.strided(2.5), "a modulus that is an integer"),
    (lambda: spattn.strided(4, 0.5), "a remainder that is an integer"),
    (lambda: spattn.residues("heads", 0, 1, 4), "expected one of distances, keys"),
    (lambda: spattn.residues("keys", 2, 2, 4), "the interval is empty"),
    (lambda: spattn.dilated_window(4, 0), "at least 1, got 0"),
    (lambda: spattn.dilated_window(4, 8, left=2), "not both"),
    (lambda: spattn.dilated_window(0.5, 8), "a dilation that is an integer"),
    (lambda: spattn.block(7, 7), "query interval '7 to 7' is empty"),
    (lambda: N * 2 + 1 and (N + 1) * 2, "multiply N before"),
    (lambda: (N + 1) // 2, "divide N before adding"),
    (lambda: N // 0, "positive divisor"),
    (lambda: spattn.per_head(), "one structure or more"),
    (lambda: spattn.per_head((0, spattn.causal())), "at least 1 head"),
    (lambda: spattn.per_head((2, "causal")), "expected a structure"),
    (lambda: spattn.per_head((2, spattn.per_head(spattn.full()))), "mixture itself"),
    (lambda: Structure.parse("#spattn.casual"), "casual"),
    (lambda: Structure.parse("causal"), "causal"),
    (lambda: Structure.parse("i32"), "i32"),
    (lambda: Structure.parse(""), "structure ''"),
    (lambda: Structure.parse("#spattn.causal #spattn.full"), "structure"),
    (lambda: Structure(4), "expected the text of an attribute"),
]


@pytest.mark.parametrize("number", range(len(ERRORS)))
def test_errors(number):
    make, message = ERRORS[number]
    with pytest.raises(StructureError, match=message):
        make()


@pytest.mark.parametrize("seed", range(40))
def test_patterns_of_random_structures(seed):
    """Masks, pairs, tiles and simplified descriptions against the definition."""
    rng = random.Random(seed)
    heads = rng.randint(1, 5)
    text, _ = definition.drawn.head_structures(rng, heads)
    queries, keys = rng.randint(1, 70), rng.randint(1, 70)
    alignment = rng.choice(["end", "start"])
    structure = Structure.parse(text)
    expected = definition.masks(text, heads, queries, keys, alignment)
    pattern = Pattern(text, heads, queries, keys, alignment)
    canonical = Pattern(structure.canonical, heads, queries, keys, alignment)
    tile = rng.choice([(16, 16), (8, 32), (1, 1)])
    for head in range(heads):
        # The canonical form is one for aligned ends.
        for p in (pattern, canonical) if alignment == "end" else (pattern,):
            mask = np.frombuffer(p.mask(head), np.uint8).reshape(queries, keys)
            assert (mask == expected[head]).all()
        assert pattern.pairs(head) == expected[head].sum()
        visited = np.zeros(expected[head].shape, bool)
        for row, begin, end, full in pattern.intervals(head, tile):
            place = np.s_[
                row * tile[0] : (row + 1) * tile[0], begin * tile[1] : end * tile[1]
            ]
            visited[place] = True
            assert not full or expected[head][place].all()
        assert (visited | ~expected[head]).all()
    stats = structure.stats(
        queries, keys, heads=heads, tile=tile, alignment=alignment, head_dim=8, batch=2
    )
    assert stats.pairs == 2 * expected.sum()
    assert stats.flops == 2 * expected.sum() * 4 * 8
    rows, columns = -(-queries // tile[0]), -(-keys // tile[1])
    assert stats.tiles == stats.visited + stats.skipped == 2 * heads * rows * columns
    assert stats.visited == stats.full + stats.masked


def test_stats():
    stats = spattn.exclusive_bands().stats(4096, heads=16, batch=8)
    pairs = 8 * 4096 * 4097 // 2
    assert (stats.pairs, stats.flops) == (pairs, pairs * 4 * 128)
    assert stats.floor_ms == pytest.approx(0.08, rel=0.1)
    assert "full" in str(stats) and "0.08" in str(stats)
    with pytest.raises(spattn.ArgumentError, match="expected a card of H200"):
        spattn.causal().stats(64, card="abacus")
    with pytest.raises(spattn.ArgumentError, match="mixture for 2 heads"):
        spattn.per_head((2, spattn.causal())).stats(64, heads=4)


def test_equal_hashes_in_other_processes():
    """Of the canonical text; Python's own hashes of texts are salted."""
    code = "import spattn; print(spattn.window(right=0).canonical)"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**__import__("os").environ, "PYTHONPATH": ":".join(sys.path)},
    ).stdout  # fmt: skip
    assert output.strip() == spattn.causal().canonical

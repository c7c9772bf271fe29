# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Lists of tiles on NumPy arrays, against the definition in whole arrays."""

from types import SimpleNamespace

import definition
import numpy as np
import pytest
import spattn


def pairs(tiles, structure, q, k):
    """What is allowed: (batch, heads, queries, keys)."""
    batch, heads, queries, keys = q.shape[0], q.shape[1], q.shape[2], k.shape[2]
    counts, indices = np.asarray(tiles.counts), np.asarray(tiles.indices)
    listed = np.zeros((*counts.shape, -(-keys // tiles.tile[1])), bool)
    for at in np.ndindex(*counts.shape):
        listed[at][indices[at][: counts[at]]] = True
    listed = listed.repeat(tiles.tile[0], 2).repeat(tiles.tile[1], 3)
    listed = listed[:, :, :queries, :keys].repeat(heads // counts.shape[1], 1)
    mask = definition.masks(tiles.mask, heads, queries, keys)
    seen = definition.masks(structure, heads, queries, keys)
    return np.broadcast_to(seen | listed & mask, (batch, heads, queries, keys))


def expected(tiles, structure, q, k, v):
    """(output, log-sum-exp)."""
    group = q.shape[1] // k.shape[1]
    keys, values = (np.repeat(x.astype(np.float64), group, 1) for x in (k, v))
    allowed = pairs(tiles, structure, q, k)
    p, lse = definition.probabilities(q, keys, allowed, q.shape[3] ** -0.5)
    return np.einsum("bhij,bhjd->bhid", p, values), lse


def draw(batch=2, heads=4, kv_heads=2, queries=150, keys=170, dim=16, seed=0):
    numbers = np.random.default_rng(seed)
    shapes = (heads, queries), (kv_heads, keys), (kv_heads, keys)
    return [
        numbers.standard_normal((batch, h, n, dim)).astype(np.float32)
        for h, n in shapes
    ]


def random_tiles(batch=2, heads=4, rows=5, columns=4, density=0.4, seed=0):
    return np.random.default_rng(seed).random((batch, heads, rows, columns)) < density


@pytest.mark.parametrize("mask", [spattn.full(), spattn.causal()])
@pytest.mark.parametrize(
    "structure", [spattn.none(), spattn.causal() & spattn.window(20), spattn.keys(0, 9)]
)
@pytest.mark.parametrize(("batch", "heads"), [(2, 4), (1, 2), (1, 1)])
def test_values(structure, mask, batch, heads):
    q, k, v = draw()
    tiles = spattn.TileLists.from_tiles(
        random_tiles(batch, heads), tile=(32, 48), mask=mask
    )
    output, lse = spattn.attention(q, k, v, structure, tiles=tiles, lse=True)
    wanted, wanted_lse = expected(tiles, structure, q, k, v)
    np.testing.assert_allclose(output, wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(lse, wanted_lse, rtol=1e-4, atol=1e-5)


def test_layout():
    q, k, v = draw()
    tiles = spattn.TileLists.from_tiles(random_tiles(), tile=(32, 48))
    one = spattn.attention(q, k, v, spattn.none(), tiles=tiles)
    other = spattn.attention(
        *(np.ascontiguousarray(x.swapaxes(1, 2)) for x in (q, k, v)),
        spattn.none(),
        tiles=tiles,
        layout="bnhd",
    )
    assert np.array_equal(one, other.swapaxes(1, 2))


def test_all_tiles_are_all_pairs():
    q, k, v = draw()
    tiles = spattn.TileLists.from_tiles(np.ones((1, 1, 5, 4), bool), tile=(32, 48))
    one = spattn.attention(q, k, v, spattn.none(), tiles=tiles)
    np.testing.assert_allclose(
        one, spattn.attention(q, k, v, spattn.full()), rtol=1e-5, atol=1e-6
    )


def test_from_tiles():
    tiles = spattn.TileLists.from_tiles([[[[False, True, True, False]]]], room=3)
    assert tiles.counts.tolist() == [[[2]]]
    assert tiles.indices.tolist() == [[[[1, 2, 0]]]]
    assert tiles.attribute == "#spattn.tile_lists<64 x 64, #spattn.full>"
    with pytest.raises(spattn.ArgumentError, match="expected 4 dimensions"):
        spattn.TileLists.from_tiles([[True]])
    with pytest.raises(spattn.ArgumentError, match="at most 1 in a row, got 2"):
        spattn.TileLists.from_tiles([[[[True, True]]]], room=1)


@pytest.mark.parametrize(("blocks", "random"), [(30, 3), (12, 3), (12, 2), (20, 1)])
def test_bigbird_is_that_of_transformers(blocks, random):
    """By the same draws: random blocks of the reference's plan, and what else a block
    sees."""
    modeling = pytest.importorskip(
        "transformers.models.big_bird.modeling_big_bird",
    )
    theirs, heads, block = modeling.BigBirdBlockSparseAttention, 3, 16
    length = blocks * block
    plan = theirs._get_rand_attn_plan(length, block, random)
    stub = SimpleNamespace(
        training=True,
        _get_single_block_row_attention=theirs._get_single_block_row_attention,
    )
    np.random.seed(11)
    drawn = theirs._bigbird_block_rand_mask_with_head(
        stub, length, length, block, block, heads, *plan
    )
    allowed = np.zeros((heads, blocks, blocks), bool)
    allowed[:, 0] = allowed[:, -1] = True
    for i in range(1, blocks - 1):
        allowed[:, i, [0, i - 1, i, i + 1, blocks - 1]] = True
        for h in range(heads):
            allowed[h, i, drawn[h][i - 1]] = True

    structure, tiles = spattn.bigbird(
        length, heads, block=block, random=random, seed=11
    )
    x = np.zeros((1, heads, length, 1))
    found = pairs(tiles, structure, x, x)[0]
    assert np.array_equal(found, allowed.repeat(block, 1).repeat(block, 2))


def test_bigbird_values():
    q, k, v = draw(queries=480, keys=480, batch=1, heads=3, kv_heads=3)
    structure, tiles = spattn.bigbird(480, 3, block=32, seed=4)
    output = spattn.attention(q, k, v, structure, tiles=tiles)
    wanted = expected(tiles, structure, q, k, v)[0]
    np.testing.assert_allclose(output, wanted, rtol=1e-4, atol=1e-5)
    with pytest.raises(spattn.ArgumentError, match="a multiple of 64"):
        spattn.bigbird(100, 2)


def change(**fields):
    tiles = spattn.TileLists.from_tiles(random_tiles(), tile=(32, 48))
    values = {"counts": tiles.counts, "indices": tiles.indices, "tile": (32, 48)}
    return spattn.TileLists(**values | fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"counts": np.zeros((3, 4, 5), np.int32)}, "indices of one more"),
        ({"counts": np.zeros((2, 4, 5))}, "counts: expected elements of"),
        ({"tile": (64, 48)}, "a list for each of the 3 tiles of 64 queries, got 5"),
        ({"mask": spattn.per_head((3, spattn.full()))}, "a mixture for 3 heads"),
    ],
)
def test_shapes_that_do_not_fit(fields, message):
    with pytest.raises(spattn.ArgumentError, match=message):
        spattn.attention(*draw(), spattn.none(), tiles=change(**fields))


@pytest.mark.parametrize(
    ("counts", "indices", "message"),
    [
        (9, None, "has a 'tile_counts' of 9, expected 0 to 4"),
        (2, [1, 1, 2, 3], "has a 'tile_indices' of 1 at 1"),
        (2, [1, 4, 2, 3], "has a 'tile_indices' of 4 at 1"),
        (1, [-1, 1, 2, 3], "has a 'tile_indices' of -1 at 0"),
    ],
)
def test_entries_that_are_no_lists(counts, indices, message):
    """On a CPU; a GPU takes them as it finds them."""
    tiles = change()
    tiles.counts[1, 2, 3] = counts
    if indices:
        tiles.indices[1, 2, 3] = indices
    with pytest.raises(spattn.SpattnError, match=message):
        spattn.attention(*draw(), spattn.none(), tiles=tiles)


def test_what_is_refused():
    q, k, v = draw()
    with pytest.raises(spattn.ArgumentError, match="expected spattn.TileLists"):
        spattn.attention(q, k, v, spattn.none(), tiles=3)
    with pytest.raises(spattn.UnsupportedError, match="no lengths, starts"):
        spattn.attention(
            q, k, v, spattn.none(), tiles=change(), key_lengths=np.array([3, 4], "i4")
        )
    with pytest.raises(spattn.ArgumentError, match="a multiple of 16 queries and keys"):
        change(tile=(40, 48))
    batch = change(
        counts=np.zeros((3, 4, 5), np.int32), indices=np.zeros((3, 4, 5, 4), np.int32)
    )
    with pytest.raises(spattn.ArgumentError, match="a batch of 1 or of 2, got 3"):
        spattn.attention(q, k, v, spattn.none(), tiles=batch)

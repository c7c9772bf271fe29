# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Keys and values in pages, on NumPy arrays, against the same without pages."""

import numpy as np
import page_cases
import pytest
import spattn


def draw(page_size=32, layout="bhnd"):
    return page_cases.draw(np.array, page_size, layout, dim=16)


@pytest.mark.parametrize("layout", ["bhnd", "bnhd"])
@pytest.mark.parametrize("page_size", [16, 32, 64, 128, 256])
@pytest.mark.parametrize("lengths", [None, [70, 1, 0]])
def test_values(page_size, layout, lengths):
    q, k, v, table, whole = draw(page_size, layout)
    structure = spattn.causal() & spattn.window(50) | spattn.sink(3)
    more = {}
    if lengths is not None:
        more["key_lengths"] = np.array(lengths, np.int32)
        used = -(-more["key_lengths"] // page_size)
        table[np.arange(table.shape[1]) >= used[:, None]] = 1_000_000
    found, lse = spattn.attention(
        q, k, v, structure, layout=layout, page_table=table, lse=True, **more
    )
    plain = q if layout == "bhnd" else np.ascontiguousarray(q.swapaxes(1, 2))
    wanted, wanted_lse = spattn.attention(plain, *whole, structure, lse=True, **more)
    if layout == "bnhd":
        wanted = wanted.swapaxes(1, 2)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(lse, wanted_lse, rtol=1e-5, atol=1e-6)


def test_what_modifies_scores():
    q, k, v, table, whole = draw()
    structure, more = page_cases.modifiers()
    more |= {
        "score_mod": page_cases.score_mod,
        "key_lengths": np.array([160, 33, 90], np.int32),
        "query_lengths": np.array([6, 1, 0], np.int32),
        "bound_length": "pack",
    }
    found = spattn.attention(q, k, v, structure, page_table=table, **more)
    wanted = spattn.attention(q, *whole, structure, **more)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_errors():
    q, k, v, table, _ = draw()
    full = spattn.full()

    def call(keys=k, values=v, page_table=table, **more):
        return spattn.attention(q, keys, values, full, page_table=page_table, **more)

    with pytest.raises(spattn.ArgumentError, match=r"the shape \(15,\)"):
        call(page_table=table.ravel())
    with pytest.raises(spattn.ArgumentError, match=r"\(3, pages\), got the shape"):
        call(page_table=table[:2])
    with pytest.raises(spattn.ArgumentError, match="page_table: expected elements of"):
        call(page_table=table.astype(np.float32))
    with pytest.raises(spattn.ArgumentError, match="with a page size of 16, .* got 31"):
        call(k[:, :, 1:], v[:, :, 1:])
    with pytest.raises(spattn.ArgumentError, match="have the same batch, got 17 and"):
        call(k, v[:4])
    wrong = table.copy()
    wrong[1, 2] = 17
    with pytest.raises(
        spattn.ArgumentError,
        match="'page_table' has the page 17 at 2 of batch element 1, expected pages",
    ):
        call(page_table=wrong)
    wrong[1, 2] = -1
    with pytest.raises(spattn.ArgumentError, match="has the page -1 at 2"):
        call(page_table=wrong)
    # It is past the keys of its row.
    call(page_table=wrong, key_lengths=np.array([160, 64, 160], np.int32))
    with pytest.raises(spattn.ArgumentError, match="'key_ends' 161"):
        call(key_lengths=np.array([160, 161, 160], np.int32))
    starts = np.zeros(3, np.int32)
    with pytest.raises(spattn.UnsupportedError, match="expected no key_starts beside"):
        call(key_starts=starts)
    with pytest.raises(spattn.UnsupportedError, match="expected no cu_seqlens_k besi"):
        call(cu_seqlens_k=np.zeros((3, 2), np.int32), cu_seqlens_q=None)
    with pytest.raises(spattn.UnsupportedError, match="expected no tiles beside"):
        call(tiles=spattn.TileLists.from_tiles([[[[True]]]]))


def test_problem():
    problem = spattn.Problem(spattn.causal(), 4, 64, page_size=32)
    assert problem.operands == ("q", "k", "v", "pages", "o")
    with pytest.raises(spattn.ArgumentError, match="expected a page_size of 16, 32"):
        spattn.Problem(spattn.causal(), 4, 64, page_size=48)
    with pytest.raises(spattn.UnsupportedError, match="has no gradients"):
        problem.backward()
    with pytest.raises(spattn.UnsupportedError, match="no positions, lists of tiles"):
        spattn.Problem(spattn.causal(), 4, 64, page_size=32, causal_positions=True)

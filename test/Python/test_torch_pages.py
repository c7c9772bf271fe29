# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Keys and values in pages from torch, against the same without pages."""

import page_cases
import pytest
import spattn

torch = pytest.importorskip("torch")
import plain_torch  # noqa: E402
import spattn.torch  # noqa: E402

DTYPE = {"cpu": torch.float32, "cuda": torch.bfloat16}
TOLERANCE = {"cpu": 1e-5, "cuda": 2e-2}


def draw(device, *more, **options):
    return plain_torch.pages(device, DTYPE[device], *more, **options)


def lengths_of(device):
    return torch.tensor([70, 1, 160], dtype=torch.int32, device=device)


@pytest.mark.parametrize("layout", ["bhnd", "bnhd"])
@pytest.mark.parametrize("page_size", [16, 64, 256])
@pytest.mark.parametrize("queries", [1, 70])
def test_values(device, layout, page_size, queries):
    q, k, v, table, whole = draw(device, page_size, layout, queries=queries)
    lengths, structure = lengths_of(device).clamp(max=5 * page_size), spattn.causal()
    found, lse = spattn.torch.attention(
        *(q, k, v, structure),
        layout=layout,
        page_table=table,
        key_lengths=lengths,
        return_lse=True,
    )
    rows = q if layout == "bhnd" else q.transpose(1, 2)
    wanted, wanted_lse = spattn.torch.attention(
        rows, *whole, structure, key_lengths=lengths, return_lse=True
    )
    if layout == "bnhd":
        wanted = wanted.transpose(1, 2)
    near = {"rtol": TOLERANCE[device], "atol": TOLERANCE[device]}
    torch.testing.assert_close(found, wanted, **near)
    torch.testing.assert_close(lse, wanted_lse, **near)


def test_what_modifies_scores(device):
    q, k, v, table, whole = draw(device)
    structure, more = page_cases.modifiers()
    for name in ("sinks", "alibi_slopes", "distance_bias"):
        more[name] = torch.from_numpy(more[name]).to(device)
    more |= {"score_mod": page_cases.score_mod, "key_lengths": lengths_of(device)}
    found = spattn.torch.attention(q, k, v, structure, page_table=table, **more)
    wanted = spattn.torch.attention(q, *whole, structure, **more)
    near = {"rtol": TOLERANCE[device], "atol": TOLERANCE[device]}
    torch.testing.assert_close(found, wanted, **near)


def test_a_page_that_is_not_there(device):
    q, k, v, table, whole = draw(device)
    for page in (17, -3):
        table[1, 2] = page
        if device == "cpu":
            with pytest.raises(spattn.ArgumentError, match=f"has the page {page} at 2"):
                spattn.torch.attention(q, k, v, spattn.full(), page_table=table)
            continue
        found = spattn.torch.attention(q, k, v, spattn.full(), page_table=table)
        for x in whole:
            x[1, :, 64:96] = 0
        wanted = spattn.torch.attention(q, *whole, spattn.full())
        torch.testing.assert_close(found, wanted, rtol=2e-2, atol=2e-2)


def test_opcheck(device):
    q, k, v, table, _ = draw(device)
    arguments = "#spattn.causal", None, "bhnd", "end", torch.randn(4, device=device)
    torch.library.opcheck(
        torch.ops.spattn.paged_attention,
        (q, k, v, table, *arguments),
        {"key_ends": lengths_of(device)[:, None]},
        test_utils=("test_schema", "test_faketensor"),
    )


def test_compile(device):
    q, k, v, table, _ = draw(device)
    structure, lengths = spattn.causal(), lengths_of(device)

    def call(q, k, v, table, lengths):
        return 2 * spattn.torch.attention(
            q, k, v, structure, page_table=table, key_lengths=lengths
        )

    compiled = torch.compile(call, fullgraph=True, backend="aot_eager")
    with torch.no_grad():
        found = compiled(q, k, v, table, lengths)
    torch.testing.assert_close(found, call(q, k, v, table, lengths))


def test_autocast(device):
    q, k, v, table, _ = draw(device)
    lower = torch.bfloat16
    with torch.autocast(device, lower):
        found = spattn.torch.attention(
            q.float(), k.float(), v.float(), spattn.causal(), page_table=table
        )
    wanted = spattn.torch.attention(
        *(x.to(lower) for x in (q, k, v)), spattn.causal(), page_table=table
    )
    torch.testing.assert_close(found, wanted)


def test_after_training(device):
    x = torch.randn(1, 4, 40, 64, device=device, dtype=DTYPE[device])
    training = spattn.torch.attention(*[x.clone().requires_grad_()] * 3, spattn.full())
    q, k, v, table, _ = draw(device, queries=3)
    found = spattn.torch.attention(q, k, v, spattn.window(9), page_table=table)
    assert training.requires_grad and not found.requires_grad


def test_errors(device):
    q, k, v, table, _ = draw(device)
    full = spattn.full()

    def call(keys=k, values=v, page_table=table, queries=q, **more):
        return spattn.torch.attention(
            queries, keys, values, full, page_table=page_table, **more
        )

    with pytest.raises(spattn.ArgumentError, match="page_table: expected int32, got"):
        call(page_table=table.long())
    with pytest.raises(spattn.ArgumentError, match=r"got the shape \(15,\)"):
        call(page_table=table.flatten())
    with pytest.raises(spattn.ArgumentError, match=r"\(3, pages\), got the shape"):
        call(page_table=table[:2])
    with pytest.raises(spattn.ArgumentError, match="page_table: expected a torch.Ten"):
        call(page_table=[[0]])
    with pytest.raises(spattn.ArgumentError, match="page_table: expected the device"):
        call(page_table=table.to("meta"))
    with pytest.raises(spattn.ArgumentError, match="with a page size of 16, .* got 31"):
        call(k[:, :, 1:], v[:, :, 1:])
    with pytest.raises(spattn.ArgumentError, match="value: expected the number of pag"):
        call(k, v[:4])
    with pytest.raises(spattn.UnsupportedError, match="expected no key_starts beside"):
        call(key_starts=lengths_of(device))
    with pytest.raises(spattn.UnsupportedError, match="expected no causal_positions"):
        call(causal_positions=True)
    with pytest.raises(spattn.UnsupportedError, match="has no gradients; use torch.no"):
        call(queries=q.clone().requires_grad_())
    with torch.no_grad():
        call(queries=q.clone().requires_grad_())

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers in tensors that say where keys are, wrong ones, and SPATTN_CHECK."""

import os
import re
import subprocess
import sys

import pytest
import spattn
from spattn import ArgumentError, TileLists

torch = pytest.importorskip("torch")
import plain_torch  # noqa: E402
import spattn.torch  # noqa: E402
from spattn.torch import _numbers  # noqa: E402


@pytest.fixture
def checked(monkeypatch):
    monkeypatch.setattr(_numbers, "enabled", True)


def i32(*numbers, device="cpu"):
    return torch.tensor(numbers, dtype=torch.int32, device=device)


def tensors(device, batch=2, length=128):
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    return torch.randn(3, batch, 2, length, 64, device=device, dtype=dtype)


def lists(device, change=None):
    """All 4 tiles of 2 rows."""
    tiles = TileLists.from_tiles(torch.ones(1, 1, 2, 2, device=device))
    if change is not None:
        name, index, number = change
        getattr(tiles, name)[index] = number
    return tiles


ROWS = "expected ascending rows from"
SEQUENCES = [
    ({"key_lengths": (128, 129)}, f"'key_starts' 0 to 'key_ends' 129, {ROWS} 0 to 128"),
    ({"query_lengths": (-1, 128)}, f"0 to 'query_ends' -1, {ROWS} 0 to 128"),
    ({"key_starts": (0, 200)}, f"1 is from 'key_starts' 200 to 'key_ends' 128, {ROWS}"),
    ({"query_starts": (-5, 0)}, "0 is from 'query_starts' -5 to 'query_ends' 128"),
    (
        {"cu_seqlens_q": ((0, 40, 128), (0, 50, 20))},
        f"sequence 1 of batch element 1 is from .* 50 to .* 20, {ROWS} 50 to 128",
    ),
]
LISTS = [
    (("counts", (0, 0, 1), 3), "tile row 1, head 0, .* 'tile_counts' of 3, expected 0"),
    (("counts", (0, 0, 0), -1), "tile row 0, .* 'tile_counts' of -1, expected 0 to 2"),
    (("indices", (0, 0, 1, 1), 2), "'tile_indices' of 2 at 1, .* from 1 to before 2"),
    (("indices", (0, 0, 0, 1), 0), "'tile_indices' of 0 at 1, .* from 1 to before 2"),
    (("indices", (0, 0, 0, 0), -1), "'tile_indices' of -1 at 0, .* from 0 to before 2"),
]


@pytest.mark.parametrize("how", ["checked", "by the kernel"])
@pytest.mark.parametrize(("rows", "message"), SEQUENCES)
def test_sequences(rows, message, how, device, request):
    """Kernels for CPUs check the same, and say the same."""
    if how == "checked":
        request.getfixturevalue("checked")
    elif device != "cpu":
        pytest.skip("a GPU does not check")
    rows = {name: i32(*numbers, device=device) for name, numbers in rows.items()}
    with pytest.raises(ArgumentError, match=message):
        spattn.torch.attention(*tensors(device), spattn.causal(), **rows)


@pytest.mark.parametrize("how", ["checked", "by the kernel"])
@pytest.mark.parametrize(("change", "message"), LISTS)
def test_lists(change, message, how, device, request):
    if how == "checked":
        request.getfixturevalue("checked")
    elif device != "cpu":
        pytest.skip("a GPU does not check")
    with pytest.raises(ArgumentError, match=message):
        spattn.torch.attention(
            *tensors(device), spattn.none(), tiles=lists(device, change)
        )


def paged(device, page=None, length=160, layout="bhnd"):
    """Attention to 3 rows of 5 pages of 32 keys, of which one is numbered `page`; the
    second row has keys up to `length`."""
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    q, k, v, table, _ = plain_torch.pages(device, dtype, layout=layout)
    if page is not None:
        table[1, 3] = page
    lengths = i32(160, length, 160, device=device)
    return spattn.torch.attention(
        *(q, k, v, spattn.causal()),
        layout=layout,
        page_table=table,
        key_lengths=lengths,
    )


@pytest.mark.parametrize("layout", ["bhnd", "bnhd"])
def test_pages(checked, device, layout):
    for page in (17, -1, 2**31 - 1):
        message = f"has the page {page} at 3 of batch element 1, .* before 17"
        with pytest.raises(ArgumentError, match=message):
            paged(device, page, layout=layout)
        with pytest.raises(ArgumentError, match=message):
            paged(device, page, length=97, layout=layout)
        paged(device, page, length=96, layout=layout)  # It is past the keys.
    with pytest.raises(ArgumentError, match=f"'key_ends' 161, {ROWS} 0 to 160"):
        paged(device, length=161, layout=layout)


def test_right_numbers(checked, device):
    """Results are the same, and gradients flow."""
    q, k, v = tensors(device).requires_grad_()
    rows = {
        "cu_seqlens_q": i32((0, 40, 128), (0, 0, 70), device=device),
        "bound_length": "pack",
    }
    for more in (
        rows,
        {"tiles": lists(device)},
        {"key_lengths": i32(9, 0, device=device)},
    ):
        found = spattn.torch.attention(q, k, v, spattn.window(5), **more)
        assert torch.autograd.grad(found.sum(), v)[0].isfinite().all()
        _numbers.enabled = False
        wanted = spattn.torch.attention(q, k, v, spattn.window(5), **more)
        _numbers.enabled = True
        assert torch.equal(found, wanted)
    shared = lists(device)
    shared.indices[..., 1], shared.counts[...] = -7, 1  # Behind the last one.
    spattn.torch.attention(q, k, v, spattn.none(), tiles=shared)


def test_wrong_shapes(checked, device):
    """They are errors of their own."""
    q, k, v = tensors(device)
    with pytest.raises(ArgumentError, match="for a batch of 2, got 3"):
        spattn.torch.attention(
            *(q, k, v, spattn.full()), key_lengths=i32(1, 2, 3, device=device)
        )
    with pytest.raises(ArgumentError, match="the batch size of query"):
        spattn.torch.attention(
            *(q, k[:1], v, spattn.full()), key_lengths=i32(1, 2, device=device)
        )


def test_compile(checked, device):
    """The graph asserts when it runs."""
    causal = spattn.causal()

    def call(q, k, v, lengths):
        return spattn.torch.attention(q, k, v, causal, key_lengths=lengths)

    q, k, v = tensors(device)
    compiled = torch.compile(call, fullgraph=True, backend="aot_eager")
    right = i32(128, 5, device=device)
    torch.testing.assert_close(compiled(q, k, v, right), call(q, k, v, right))
    if device == "cpu":  # On a GPU, an assertion ends the process.
        with pytest.raises(RuntimeError, match="key: expected sequences of asc"):
            compiled(q, k, v, i32(128, 129))


def test_vmap(checked, device):
    """Transforms go without."""
    q, k, v = tensors(device)

    def call(q, lengths):
        return spattn.torch.attention(q, k, v, spattn.causal(), key_lengths=lengths)

    lengths = i32((128, 5), (3, 0), device=device)
    found = torch.vmap(call)(torch.stack((q, q)), lengths)
    for own, numbers in zip(found, lengths, strict=True):
        torch.testing.assert_close(own, call(q, numbers))


@pytest.mark.parametrize(("value", "is_on"), [("1", True), ("0", False), ("", False)])
def test_environment(value, is_on):
    code = "from spattn.torch import _numbers; print(_numbers.enabled)"
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"SPATTN_CHECK": value, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert re.fullmatch(f"{is_on}\n", done.stdout), done.stderr

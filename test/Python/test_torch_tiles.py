# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Lists of tiles from torch: FlexAttention's block masks, and selections by scores."""

import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402
from torch.nn.attention.flex_attention import (  # noqa: E402
    create_block_mask,
    flex_attention,
)
from torch.nn.functional import scaled_dot_product_attention  # noqa: E402

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
#: By device: elements and errors.
DTYPE = {"cpu": torch.float32, "cuda": torch.bfloat16}
ERROR = {"cpu": 2e-6, "cuda": 1.5e-2}


def draw(device, batch=2, heads=4, kv_heads=2, length=300, dim=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shapes = [(batch, h, length, dim) for h in (heads, kv_heads, kv_heads)]
    return [
        torch.randn(s, generator=generator).to(device, DTYPE[device]) for s in shapes
    ]


def random_blocks(device, batch=2, heads=4, length=300, block=64, seed=0):
    """Which blocks are seen, each query's own among them."""
    blocks = -(-length // block)
    generator = torch.Generator().manual_seed(seed)
    table = torch.rand((batch, heads, blocks, blocks), generator=generator) < 0.4
    return (table | torch.eye(blocks, dtype=torch.bool)).to(device)


def close(found, wanted, device):
    scale = wanted.float().abs().max()
    assert (found.float() - wanted.float()).abs().max() < 4 * ERROR[device] * scale


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("is_causal", [False, True])
def test_flex_attention(device, is_causal):
    """A block mask with full and partial blocks gives what FlexAttention does, in eager
    mode."""
    q, k, v = draw(device)
    table = random_blocks(device)

    def mask_mod(b, h, i, j):
        listed = table[b, h, i // 64, j // 64]
        return listed & (i >= j) if is_causal else listed

    block_mask = create_block_mask(
        mask_mod, 2, 4, 300, 300, device=device, BLOCK_SIZE=64
    )
    mask = spattn.causal() if is_causal else spattn.full()
    tiles = spattn.torch.from_block_mask(block_mask, mask)
    output, lse = spattn.torch.attention(
        q, k, v, spattn.none(), tiles=tiles, return_lse=True
    )
    wanted, wanted_lse = flex_attention(
        q, k, v, block_mask=block_mask, enable_gqa=True, return_lse=True
    )
    close(output, wanted, device)
    close(lse, wanted_lse, device)


def dense(tiles, structure, q, k, v):
    """Plain torch, whose gradients torch knows: every query sees a key."""
    from test_tiles import pairs

    x, y = (torch.empty(t.shape, device="meta") for t in (q, k))
    host = spattn.TileLists(
        tiles.counts.cpu().numpy(), tiles.indices.cpu().numpy(), tiles.tile, tiles.mask
    )
    allowed = torch.from_numpy(pairs(host, structure, x, y).copy()).to(q.device)
    return scaled_dot_product_attention(q, k, v, attn_mask=allowed, enable_gqa=True)


def with_gradients(tensors):
    return [x.detach().clone().requires_grad_() for x in tensors]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("structure", "mask"),
    [
        (spattn.none(), spattn.full()),
        (spattn.causal() & spattn.window(40), spattn.causal()),
        (spattn.queries(0, 64), spattn.full()),
    ],
)
def test_gradients(device, structure, mask):
    tensors = draw(device)
    table = random_blocks(device)
    tiles = spattn.TileLists.from_tiles(table, mask=mask)
    ours, plain = with_gradients(tensors), with_gradients(tensors)
    output = spattn.torch.attention(*ours, structure, tiles=tiles)
    wanted = dense(tiles, structure, *plain)
    close(output, wanted, device)
    gradient = torch.randn(output.shape, device=device).to(output.dtype)
    output.backward(gradient)
    wanted.backward(gradient)
    for x, y in zip(ours, plain, strict=True):
        close(x.grad, y.grad, device)


@pytest.mark.parametrize("device", DEVICES)
def test_bigbird(device):
    """Gradients are the same to the last bit every time."""
    tensors = draw(device, heads=4, kv_heads=4, length=64 * 14)
    structure, tiles = spattn.bigbird(64 * 14, 4, seed=3)
    tiles = tiles.to(device)
    ours, plain = with_gradients(tensors), with_gradients(tensors)
    output = spattn.torch.attention(*ours, structure, tiles=tiles)
    wanted = dense(tiles, structure, *plain)
    close(output, wanted, device)
    output.sum().backward()
    wanted.sum().backward()
    for x, y in zip(ours, plain, strict=True):
        close(x.grad, y.grad, device)
    again = with_gradients(tensors)
    spattn.torch.attention(*again, structure, tiles=tiles).sum().backward()
    assert all(torch.equal(x.grad, y.grad) for x, y in zip(ours, again, strict=True))


@pytest.mark.parametrize("device", DEVICES)
def test_top_tiles(device):
    """The tiles of the greatest scores, shared by the heads of a group."""
    q, k, v = draw(device)
    scores = torch.randn((2, 2, 5, 5), generator=torch.Generator().manual_seed(1))
    scores = scores.to(device)
    later = torch.ones(5, 5, dtype=torch.bool, device=device).triu(1)
    scores = scores.masked_fill(later, -torch.inf)
    tiles = spattn.torch.top_tiles(scores, 3, mask=spattn.causal())
    assert tiles.counts[0, 0].tolist() == [1, 2, 3, 3, 3]
    best = scores.topk(3, -1).indices.sort(-1).values
    assert torch.equal(tiles.indices[:, :, 3:], best[:, :, 3:].int())
    structure = spattn.causal() & spattn.window(1)  # Each query sees itself.
    output = spattn.torch.attention(q, k, v, structure, tiles=tiles)
    close(output, dense(tiles, structure, q, k, v), device)


def test_layout():
    q, k, v = draw("cpu")
    tiles = spattn.TileLists.from_tiles(random_blocks("cpu"))
    one = spattn.torch.attention(q, k, v, spattn.none(), tiles=tiles)
    turned = (x.transpose(1, 2) for x in (q, k, v))
    other = spattn.torch.attention(*turned, spattn.none(), tiles=tiles, layout="bnhd")
    assert torch.equal(one, other.transpose(1, 2))


def test_operator():
    tensors = with_gradients(draw("cpu", length=100))
    tiles = spattn.TileLists.from_tiles(random_blocks("cpu", length=100))
    inputs = *tensors, "#spattn.sink<0>", None
    no_positions = None, None, False, None
    inputs = *inputs, "bhnd", "end", *(None,) * 8, "sequence", *no_positions
    inputs = *inputs, tiles.counts, tiles.indices, tiles.attribute
    torch.library.opcheck(torch.ops.spattn.attention.default, inputs)


def test_compile():
    tensors = with_gradients(draw("cpu", length=100))
    plain = with_gradients(tensors)
    tiles = spattn.TileLists.from_tiles(random_blocks("cpu", length=100))
    structure = spattn.none()

    def function(q, k, v):
        return spattn.torch.attention(q, k, v, structure, tiles=tiles).square().sum()

    torch.compile(function, backend="aot_eager", fullgraph=True)(*tensors).backward()
    function(*plain).backward()
    for x, y in zip(tensors, plain, strict=True):
        assert torch.equal(x.grad, y.grad)


def test_what_is_refused():
    q, k, v = draw("cpu")
    tiles = spattn.TileLists.from_tiles(random_blocks("cpu"))
    host = spattn.TileLists(tiles.counts.numpy(), tiles.indices.numpy())
    with pytest.raises(spattn.ArgumentError, match=r"use tiles.to\(device\)"):
        spattn.torch.attention(q, k, v, spattn.none(), tiles=host)
    long = spattn.TileLists(tiles.counts.long(), tiles.indices)
    with pytest.raises(spattn.ArgumentError, match="counts: expected int32"):
        spattn.torch.attention(q, k, v, spattn.none(), tiles=long)
    with pytest.raises(spattn.ArgumentError, match="a list for each of the 7 tiles"):
        spattn.torch.attention(*draw("cpu", length=400), spattn.none(), tiles=tiles)
    with pytest.raises(spattn.UnsupportedError, match="no lengths, starts"):
        lengths = torch.tensor([3, 4], dtype=torch.int32)
        spattn.torch.attention(q, k, v, spattn.none(), tiles=tiles, key_lengths=lengths)
    mapped = torch.vmap(
        lambda x: spattn.torch.attention(x, k, v, spattn.none(), tiles=tiles)
    )
    with pytest.raises(spattn.UnsupportedError, match="vmap cannot map"):
        mapped(q[None])
    with pytest.raises(spattn.ArgumentError, match="expected 4 dimensions"):
        spattn.torch.top_tiles(torch.zeros(3, 4), 2)

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions on scores, gradients by slopes and biases, and scales of any sign."""

import numpy as np
import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402
from torch.nn.attention.flex_attention import (  # noqa: E402
    create_block_mask,
    flex_attention,
)

BATCH, HEADS, QUERIES, KEYS, DIM = 2, 4, 90, 120, 64
OFFSET = KEYS - QUERIES


def tensors(device, kv_heads=HEADS):
    generator = torch.Generator().manual_seed(3)
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    shapes = [(BATCH, HEADS, QUERIES, DIM), *[(BATCH, kv_heads, KEYS, DIM)] * 2]
    return [
        torch.randn(s, generator=generator).to(device, dtype).requires_grad_()
        for s in shapes
    ]


def distances(device):
    queries = torch.arange(QUERIES, device=device)[:, None]
    return queries + OFFSET - torch.arange(KEYS, device=device)


def plain(query, key, value, modify, scale=DIM**-0.5):
    """Causal attention in float64, whose scores are modified."""
    query, key, value = (x.double() for x in (query, key, value))
    group = query.shape[1] // key.shape[1]
    key, value = (x.repeat_interleave(group, 1) for x in (key, value))
    scores = modify(scale * query @ key.transpose(2, 3))
    scores = scores.masked_fill(distances(query.device) < 0, -torch.inf)
    return scores.softmax(-1) @ value


def check(inputs, found, expected, device):
    """Compares outputs and gradients, whose errors are of their norms."""
    tolerance = 3e-2 if device == "cuda" else 2e-5
    gradient = torch.randn_like(found)
    results = [found, *torch.autograd.grad(found, inputs, gradient)]
    exact = [expected, *torch.autograd.grad(expected, inputs, gradient.double())]
    for a, b in zip(results, exact, strict=True):
        error = (a.double() - b.double()).norm() / b.double().norm().clamp(min=1e-6)
        assert error < tolerance, (a.shape, error)


def relative(score, batch, head, query, key):
    return score - 0.01 * (query + OFFSET - key) * (head + 1) + 0.1 * batch


def capped(score, batch, head, query, key):
    return 5 * torch.tanh(score / 5)


def branches(score, batch, head, query, key):
    distance = query - key
    near = (distance % 3 == 0) & ~(head > 2)
    score = torch.where(near, score * 0.5, torch.maximum(score, -score * 0.25))
    return score + torch.where(distance // 4 > 1, 0.5, torch.sigmoid(score))


def functions(score, batch, head, query, key):
    size = torch.abs(score) + 1.0
    roots = torch.sqrt(size) + torch.rsqrt(size) + torch.log(size) + torch.log2(size)
    return torch.minimum(roots * score, size**2) - torch.exp(-size) + torch.exp2(-size)


def constant(score, batch, head, query, key):
    return 0.125 * (key - query) + 0.0


MODS = [relative, capped, branches, functions]


@pytest.mark.parametrize("kv_heads", [4, 2])
@pytest.mark.parametrize("mod", MODS)
def test_score_mod(device, mod, kv_heads):
    inputs = tensors(device, kv_heads)
    found = spattn.torch.attention(*inputs, spattn.causal(), score_mod=mod)
    numbers = [
        torch.arange(BATCH, device=device)[:, None, None, None],
        torch.arange(HEADS, device=device)[:, None, None],
        torch.arange(QUERIES, device=device)[:, None],
        torch.arange(KEYS, device=device),
    ]
    check(inputs, found, plain(*inputs, lambda s: mod(s, *numbers)), device)


@pytest.mark.parametrize("mod", [*MODS, constant])
def test_equals_flex_attention(mod):
    """FlexAttention in eager mode takes the same function."""
    inputs = [x.detach() for x in tensors("cpu")]

    def mask_mod(b, h, q, k):
        return q + OFFSET >= k

    mask = create_block_mask(mask_mod, None, None, QUERIES, KEYS, device="cpu")
    expected = flex_attention(*inputs, score_mod=mod, block_mask=mask)
    found = spattn.torch.attention(*inputs, spattn.causal(), score_mod=mod)
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=2e-5)
    arrays = (x.numpy() for x in inputs)
    found = spattn.attention(*arrays, spattn.causal(), score_mod=mod)
    np.testing.assert_allclose(found, expected.numpy(), atol=2e-5, rtol=2e-5)


def test_score_mod_behind_others(device):
    """Soft cap, slopes and biases come first."""
    inputs = tensors(device)
    slopes = torch.linspace(0, 0.1, HEADS, device=device, requires_grad=True)
    bias = torch.linspace(-1, 1, HEADS * 33, device=device).reshape(HEADS, 33)
    bias = bias.requires_grad_()

    def mod(score, batch, head, query, key):
        return 3 * torch.tanh(score / 3)

    def modify(scores):
        d = distances(device)
        scores = 2 * torch.tanh(scores / 2) - slopes.double()[:, None, None] * d.abs()
        return mod(scores + bias.double()[:, (d + 16).clamp(0, 32)], *[None] * 4)

    found = spattn.torch.attention(
        *inputs,
        spattn.causal(),
        soft_cap=2.0,
        alibi_slopes=slopes,
        distance_bias=bias,
        score_mod=mod,
    )
    check([*inputs, slopes, bias], found, plain(*inputs, modify), device)


@pytest.mark.parametrize("count", [1, 3, 33, 400])
def test_gradients_by_biases(device, count):
    inputs = tensors(device, kv_heads=2)
    bias = torch.randn(HEADS, count, device=device, requires_grad=True)
    entry = (distances(device) + count // 2).clamp(0, count - 1)
    each = bias.double()[:, entry]
    found = spattn.torch.attention(*inputs, spattn.causal(), distance_bias=bias)
    expected = plain(*inputs, lambda scores: scores + each)
    gradient = torch.randn_like(found)
    (actual,) = torch.autograd.grad(found, bias, gradient, retain_graph=True)
    (pairs,) = torch.autograd.grad(expected, each, gradient.double(), retain_graph=True)

    def by_entry(x):
        zeros = x.new_zeros(HEADS, count)
        return zeros.index_add(1, entry.flatten(), x.flatten(1))

    # What pairs contribute has no sum in a row, so that with few numbers it nearly
    # cancels: errors are of its size.
    error = (actual.double() - by_entry(pairs)).norm() / by_entry(pairs.abs()).norm()
    assert error < (1e-2 if device == "cuda" else 1e-5)
    # With one number for all, only rounding is left of the gradient; in bf16, that may
    # be seen with three.
    cancels = count == 1 or (count == 3 and device == "cuda")
    check(inputs if cancels else [*inputs, bias], found, expected, device)


@pytest.mark.parametrize("sinks", [False, True])
def test_gradients_by_slopes(device, sinks):
    inputs = tensors(device)
    slopes = torch.tensor([0.5, 0.1, 0.0, -0.02], device=device, requires_grad=True)

    def modify(scores):
        return scores - slopes.double()[:, None, None] * distances(device).abs()

    if sinks:
        logits = torch.ones(HEADS, device=device, requires_grad=True)
        found = spattn.torch.attention(
            *inputs, spattn.causal(), alibi_slopes=slopes, sinks=logits
        )
        grads = torch.autograd.grad(found.square().sum(), [slopes, logits])
        assert all(x.isfinite().all() and x.abs().sum() > 0 for x in grads)
        return
    found = spattn.torch.attention(*inputs, spattn.causal(), alibi_slopes=slopes)
    check([*inputs, slopes], found, plain(*inputs, modify), device)


@pytest.mark.parametrize("scale", [-0.2, 0.0])
@pytest.mark.parametrize("mod", [None, capped])
def test_scales_of_any_sign(device, scale, mod):
    inputs = tensors(device)
    found = spattn.torch.attention(*inputs, spattn.causal(), scale=scale, score_mod=mod)

    def modify(scores):
        return scores if mod is None else mod(scores, *[None] * 4)

    wrt = inputs if scale else inputs[2:]
    check(wrt, found, plain(*inputs, modify, scale), device)


def test_documents(device):
    """Queries and keys are counted from the start of a document."""
    inputs = [x.detach()[:1, :, :QUERIES] for x in tensors(device)]
    cu = torch.tensor([0, 41, QUERIES], dtype=torch.int32, device=device)
    packed = spattn.torch.attention(
        *inputs, spattn.causal(), cu_seqlens_q=cu, score_mod=relative
    )
    for first, end in ((0, 41), (41, QUERIES)):
        alone = spattn.torch.attention(
            *(x[:, :, first:end] for x in inputs), spattn.causal(), score_mod=relative
        )
        torch.testing.assert_close(packed[:, :, first:end], alone, atol=1e-2, rtol=1e-2)


def test_compile(device):
    inputs = tensors(device)
    slopes = torch.linspace(0, 0.1, HEADS, device=device, requires_grad=True)
    structure = spattn.causal().text

    def call(query, slopes):
        return spattn.torch.attention(
            query, *inputs[1:], structure, alibi_slopes=slopes, score_mod=capped
        )

    compiled = torch.compile(call, backend="aot_eager", fullgraph=True)
    grads = [
        torch.autograd.grad(f(inputs[0], slopes).square().sum(), [inputs[0], slopes])
        for f in (call, compiled)
    ]
    for a, b in zip(*grads, strict=True):
        torch.testing.assert_close(a, b, atol=1e-2, rtol=1e-2)


def test_deterministic(device):
    """Slopes have gradients with the same bits; biases do on a CPU."""
    inputs = tensors(device)
    bias = torch.randn(HEADS, 33, device=device, requires_grad=True)
    slopes = torch.ones(HEADS, device=device, requires_grad=True)
    torch.use_deterministic_algorithms(True)
    try:
        grads = [
            torch.autograd.grad(
                spattn.torch.attention(
                    *inputs, spattn.causal(), alibi_slopes=slopes
                ).sum(),
                slopes,
            )[0]
            for _ in range(2)
        ]
        assert torch.equal(*grads)
        out = spattn.torch.attention(*inputs, spattn.causal(), distance_bias=bias)
        if device == "cpu":
            torch.autograd.grad(out.sum(), bias)
            return
        with pytest.raises(spattn.CompileError, match="sums have no order"):
            torch.autograd.grad(out.sum(), bias)
    finally:
        torch.use_deterministic_algorithms(False)


def test_positions_come_last(device):
    """Equal positions have their score whatever a function makes of others."""
    inputs = tensors(device, kv_heads=2)
    slopes = torch.linspace(0, 0.1, HEADS, device=device, requires_grad=True)
    bias = torch.linspace(-1, 1, HEADS * 33, device=device).reshape(HEADS, 33)
    bias = bias.requires_grad_()
    generator = torch.Generator().manual_seed(5)
    places = [
        torch.randint(0, 40, (BATCH, *size), generator=generator, dtype=torch.int32)
        for size in ((HEADS, QUERIES), (2, KEYS))
    ]
    places[1][:, :, 0] = -1
    query_positions, key_positions = (x.to(device) for x in places)
    apart = (
        query_positions[..., None] - key_positions.repeat_interleave(2, 1)[:, :, None]
    )

    def modify(scores):
        d = distances(device)
        scores = scores - slopes.double()[:, None, None] * d.abs()
        scores = capped(scores + bias.double()[:, (d + 16).clamp(0, 32)], *[None] * 4)
        return scores.masked_fill(apart == 0, -1.5).masked_fill(apart < 0, -torch.inf)

    found = spattn.torch.attention(
        *inputs,
        spattn.causal(),
        alibi_slopes=slopes,
        distance_bias=bias,
        score_mod=capped,
        query_positions=query_positions,
        key_positions=key_positions,
        causal_positions=True,
        self_score=-1.5,
    )
    check([*inputs, slopes, bias], found, plain(*inputs, modify), device)


def test_lists_of_tiles(device):
    inputs = tensors(device, kv_heads=2)
    slopes = torch.linspace(0, 0.1, HEADS, device=device, requires_grad=True)
    bias = torch.linspace(-1, 1, HEADS * 33, device=device).reshape(HEADS, 33)
    bias = bias.requires_grad_()
    tiles = torch.tensor([[True, False], [True, True]], device=device)[None, None]
    lists = spattn.TileLists.from_tiles(tiles, mask=spattn.causal())
    listed = tiles[0, 0].repeat_interleave(64, 0).repeat_interleave(64, 1)
    listed = listed[:QUERIES, :KEYS]

    def modify(scores):
        d = distances(device)
        scores = scores - slopes.double()[:, None, None] * d.abs()
        scores = capped(scores + bias.double()[:, (d + 16).clamp(0, 32)], *[None] * 4)
        return scores.masked_fill(~listed, -torch.inf)

    found = spattn.torch.attention(
        *inputs,
        spattn.none(),
        alibi_slopes=slopes,
        distance_bias=bias,
        score_mod=capped,
        tiles=lists,
    )
    check([*inputs, slopes, bias], found, plain(*inputs, modify), device)


@pytest.mark.parametrize("what", ["score_mod", "positions"])
def test_residues(device, what):
    """Rows of a residue class keep their numbers and positions."""
    generator = torch.Generator().manual_seed(3)
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    inputs = [
        torch.randn((1, heads, 256, DIM), generator=generator)
        .to(device, dtype)
        .requires_grad_()
        for heads in (4, 2, 2)
    ]
    numbers = torch.arange(256, device=device)
    apart = numbers[:, None] - numbers
    places = torch.arange(256, dtype=torch.int32, device=device) // 3
    more = {"score_mod": lambda s, b, h, q, k: s + 0.03 * (q - k)}
    if what == "positions":
        more = {
            "query_positions": places.expand(1, 4, 256).contiguous(),
            "key_positions": places.expand(1, 2, 256).contiguous(),
            "self_score": -2.0,
        }
    structure = spattn.causal() & spattn.residues("distances", 0, 1, 2)
    found = spattn.torch.attention(*inputs, structure, **more)
    query, key, value = (x.double() for x in inputs)
    key, value = (x.repeat_interleave(2, 1) for x in (key, value))
    scores = DIM**-0.5 * query @ key.transpose(2, 3)
    if what == "score_mod":
        scores = scores + 0.03 * apart
    else:
        scores = scores.masked_fill(places[:, None] == places, -2.0)
    scores = scores.masked_fill((apart < 0) | (apart % 2 != 0), -torch.inf)
    check(inputs, found, scores.softmax(-1) @ value, device)


def test_vmap():
    """Mapped dimensions are folded into the batch, whose numbers these are not."""
    inputs = [x.detach() for x in tensors("cpu")]

    def call(mod):
        return lambda *x: spattn.torch.attention(
            *(y[None] for y in x), spattn.causal(), score_mod=mod
        )[0]

    found = torch.vmap(call(capped))(*inputs)
    expected = spattn.torch.attention(*inputs, spattn.causal(), score_mod=capped)
    torch.testing.assert_close(found, expected)
    with pytest.raises(spattn.UnsupportedError, match="depends on the batch entry"):
        torch.vmap(call(relative))(*inputs)


@pytest.mark.parametrize(
    "mod, error, message",
    [
        (3, spattn.ArgumentError, "expected a function of score, batch"),
        (lambda s, b, h, q, k: torch.sin(s), spattn.UnsupportedError, "compute sin"),
        (
            lambda s, b, h, q, k: s if q > k else -s,
            spattn.UnsupportedError,
            "use torch.where",
        ),
        (
            lambda s, b, h, q, k: s + torch.ones(4)[0:2],
            spattn.UnsupportedError,
            "use alibi_slopes or distance_bias",
        ),
        (lambda s, b, h, q, k: q // k, spattn.UnsupportedError, "above 0"),
        (lambda s, b, h, q, k: s**k, spattn.UnsupportedError, "powers are by"),
        (lambda s, b, h, q, k: s + 2**40, spattn.ArgumentError, "of 32 bits"),
    ],
)
def test_bad_functions(mod, error, message):
    inputs = tensors("cpu")
    with pytest.raises(error, match=message):
        spattn.torch.attention(*inputs, spattn.causal(), score_mod=mod)

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reformer's attention, against its definition in plain torch and against
reformer-pytorch, where that is installed."""

import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402
from spattn.torch import reformer  # noqa: E402

DTYPES = {"cpu": torch.float32, "cuda": torch.bfloat16}
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
#: (batch, heads, length, dim, value dim), bucket size, rounds, chunks of an entry.
CASES = [
    ((2, 3, 64, 16, 24), 8, 3, 2),
    ((1, 2, 128, 64, 64), 16, 4, 1),
    ((1, 2, 96, 32, 32), 24, 2, 4),
    ((2, 1, 32, 8, 8), 16, 1, 2),
    ((1, 1, 512, 64, 64), 64, 2, 2),
]


def make(sizes, bucket_size, rounds, device="cpu", seed=0):
    """qk, v, the gradient of the output, and rotations."""
    batch, heads, length, dim, value_dim = sizes
    random = torch.Generator().manual_seed(seed)
    shapes = (
        (batch, heads, length, dim),
        (batch, heads, length, value_dim),
        (batch, heads, length, value_dim),
        (dim, rounds, length // bucket_size // 2),
    )
    return [
        torch.randn(shape, generator=random).to(device, DTYPES[device])
        for shape in shapes
    ]


def define(qk, v, hashes, bucket_size, causal, self_score=-5e4):
    """One list of one head, token by token, by the definition. `hashes` are (rounds,
    length)."""
    rounds, length = hashes.shape
    listed = [
        (r, i)
        for r in range(rounds)
        for i in sorted(range(length), key=lambda i, r=r: (int(hashes[r, i]), i))
    ]
    key = qk / qk.norm(dim=-1, keepdim=True).clamp(min=1e-12)
    outputs, lses = {}, {}
    count = len(listed) // bucket_size
    for chunk in range(count):

        def tokens(number):
            return listed[number * bucket_size : (number + 1) * bucket_size]

        seen = [i for _, i in tokens((chunk - 1) % count) + tokens(chunk)]
        for r, i in tokens(chunk):
            allowed = [j for j in seen if j <= i] if causal else seen
            scores = key[allowed] @ qk[i] * qk.shape[-1] ** -0.5
            same = torch.tensor([j == i for j in allowed], device=qk.device)
            scores = scores.masked_fill(same, self_score)
            lses[r, i] = scores.logsumexp(0)
            outputs[r, i] = scores.softmax(0) @ v[allowed]
    result = []
    for i in range(length):
        weights = torch.stack([lses[r, i] for r in range(rounds)]).softmax(0)
        result.append(weights @ torch.stack([outputs[r, i] for r in range(rounds)]))
    return torch.stack(result)


def plain(qk, v, rotations, bucket_size, causal):
    """The definition, for all heads, in float64; hashes are of the tensors' dtype."""
    with torch.no_grad():
        rotated = torch.einsum("bhnd,drk->bhrnk", qk, rotations)
        hashes = torch.cat([rotated, -rotated], -1).argmax(-1)
    qk, v = qk.double(), v.double()
    return torch.stack(
        [
            torch.stack(
                [
                    define(qk[b, h], v[b, h], hashes[b, h], bucket_size, causal)
                    for h in range(qk.shape[1])
                ]
            )
            for b in range(qk.shape[0])
        ]
    )


def with_gradients(function, qk, v, grad, *more, **options):
    qk, v = (x.detach().clone().requires_grad_() for x in (qk, v))
    output = function(qk, v, *more, **options)
    return output.detach(), *torch.autograd.grad(output, (qk, v), grad.to(output.dtype))


def check(results, expected, tolerance):
    for name, x, y in zip(("output", "qk", "v"), results, expected, strict=True):
        error = (x.double() - y.double()).norm() / y.double().norm()
        assert error < tolerance, (name, float(error))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_is_the_definition(case, causal, device, monkeypatch):
    sizes, bucket_size, rounds, chunks = case
    monkeypatch.setattr(reformer, "CHUNKS", chunks)
    qk, v, grad, rotations = make(sizes, bucket_size, rounds, device)
    results = with_gradients(
        spattn.torch.lsh_attention,
        *(qk, v, grad),
        bucket_size=bucket_size,
        rounds=rounds,
        causal=causal,
        rotations=rotations,
    )
    if device == "cuda":
        # Where products round alike, hashes are alike: those of the call.
        hashes = reformer.hash_tokens(qk, rotations)
        expected = with_gradients(of_hashes, qk, v, grad, hashes, bucket_size, causal)
    else:
        expected = with_gradients(plain, qk, v, grad, rotations, bucket_size, causal)
    check(results, expected, 1e-4 if device == "cpu" else 2e-2)


def of_hashes(qk, v, hashes, bucket_size, causal):
    """The definition by given hashes."""
    qk, v, hashes = qk.cpu().double(), v.cpu().double(), hashes.cpu()
    heads = qk.flatten(0, 1), v.flatten(0, 1), hashes
    return (
        torch.stack([define(*x, bucket_size, causal) for x in zip(*heads, strict=True)])
        .view(*qk.shape[:3], -1)
        .to("cuda")
    )


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("rounds", [1, 4])
def test_is_reformer_pytorch(rounds, causal):
    """Hashes that are drawn from torch's generator are those of the public code, and so
    is the attention in float64."""
    public = pytest.importorskip("reformer_pytorch")
    sizes = 2, 3, 128, 32, 32
    qk, v, grad, _ = make(sizes, 16, rounds)
    torch.manual_seed(5)
    results = with_gradients(
        spattn.torch.lsh_attention,
        *(qk, v, grad),
        bucket_size=16,
        rounds=rounds,
        causal=causal,
    )
    attention = public.LSHAttention(bucket_size=16, n_hashes=rounds, causal=causal)
    torch.manual_seed(5)
    buckets = attention.hash_vectors(8, qk.flatten(0, 1))
    torch.manual_seed(5)
    rotations = torch.randn(32, rounds, 4)
    hashes = reformer.hash_tokens(qk, rotations) + 8 * torch.arange(rounds)[:, None]
    assert torch.equal(hashes.flatten(1), buckets)
    attention.hash_vectors = lambda *arguments, **options: buckets

    def call(qk, v):
        return attention(qk.flatten(0, 1), v.flatten(0, 1))[0].view(v.shape)

    expected = with_gradients(call, qk.double(), v.double(), grad)
    check(results, expected, 1e-4)


@pytest.mark.parametrize("device", DEVICES)
def test_hashes_of_the_kernel(device):
    """They are those of torch's operations where products are exact, and make the same
    lists."""
    random = torch.Generator().manual_seed(4)
    qk = torch.randint(-3, 4, (2, 3, 64, 16), generator=random)
    rotations = torch.randint(-3, 4, (16, 3, 4), generator=random)
    qk, rotations = (x.to(device, DTYPES[device]) for x in (qk, rotations))
    qk[:, :, 0] = 0
    found = reformer._hash_by_kernel(qk, rotations)
    rotated = torch.einsum("bhnd,drk->bhrnk", qk.double(), rotations.double())
    expected = torch.cat([rotated, -rotated], -1).argmax(-1).flatten(0, 1)
    assert torch.equal(found.long(), expected)
    if device == "cpu":
        assert torch.equal(reformer.hash_tokens(qk, rotations), expected)
    lists, others = (reformer._Lists.of(x, 8, 8) for x in (found, expected))
    assert torch.equal(lists.tokens, others.tokens)
    assert torch.equal(lists.places, others.places)


def test_one_bucket_pair_is_full_attention():
    """With two chunks, each token sees all others: hashes do not matter."""
    qk, v, grad, rotations = make((1, 2, 64, 16, 16), 32, 1)

    def full(qk, v):
        key = torch.nn.functional.normalize(qk, dim=-1)
        scores = qk @ key.transpose(2, 3) / 4
        scores = scores.masked_fill(torch.eye(64, dtype=bool), -5e4)
        return scores.softmax(-1) @ v

    results = with_gradients(
        spattn.torch.lsh_attention,
        *(qk, v, grad),
        bucket_size=32,
        rounds=1,
        causal=False,
        rotations=rotations,
    )
    check(results, with_gradients(full, qk, v, grad), 1e-5)


def test_a_token_sees_itself_where_it_sees_nothing_else():
    qk, v, _, _ = make((1, 2, 64, 16, 16), 8, 2)
    output = spattn.torch.lsh_attention(qk, v, bucket_size=8, rounds=2)
    torch.testing.assert_close(output[:, :, 0], v[:, :, 0])


def test_draws_rotations_from_a_generator():
    qk, v, _, _ = make((1, 2, 64, 16, 16), 8, 2)

    def call(seed):
        generator = torch.Generator().manual_seed(seed)
        return spattn.torch.lsh_attention(qk, v, bucket_size=8, generator=generator)

    assert torch.equal(call(1), call(1))
    assert not torch.equal(call(1), call(2))


def test_transposed_and_half_inputs():
    qk, v, _, rotations = make((2, 3, 64, 16, 24), 8, 3)
    options = {"bucket_size": 8, "rounds": 3, "rotations": rotations}
    expected = spattn.torch.lsh_attention(qk, v, **options)
    apart = [x.transpose(1, 2).contiguous().transpose(1, 2) for x in (qk, v)]
    assert torch.equal(spattn.torch.lsh_attention(*apart, **options), expected)
    with torch.autocast("cpu", torch.bfloat16):
        output = spattn.torch.lsh_attention(qk, v, **options)
    assert output.dtype == torch.bfloat16


def test_gradient_of_a_sum():
    """Whose gradient has strides of 0."""
    qk, v = (torch.randn(1, 2, 64, 16, requires_grad=True) for _ in range(2))
    rotations = torch.randn(16, 1, 4)
    options = {"bucket_size": 8, "rounds": 1, "rotations": rotations}
    output = spattn.torch.lsh_attention(qk, v, **options)
    found = torch.autograd.grad(output.sum(), (qk, v), retain_graph=True)
    dense = torch.autograd.grad(output, (qk, v), torch.ones_like(output))
    assert all(map(torch.equal, found, dense))


def test_module():
    torch.manual_seed(0)
    module = spattn.torch.ReformerAttention(32, 4, bucket_size=8, rounds=2)
    input = torch.randn(2, 64, 32, requires_grad=True)
    rotations = torch.randn(8, 2, 4)
    output = module(input, rotations=rotations)
    assert output.shape == input.shape
    output.square().sum().backward()
    assert all(x.grad.abs().sum() > 0 for x in (input, *module.parameters()))
    # What comes later changes nothing, for the same hashes of what was there.
    assert "bucket_size=8" in repr(module)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"v": torch.zeros(1, 2, 32, 8)}, "same batch size, heads and length"),
        ({"bucket_size": 12}, "multiple of 2 \\* bucket_size, 24, got 64"),
        ({"bucket_size": 0}, "bucket_size that is a positive integer"),
        ({"rounds": 1.5}, "rounds that is a positive integer"),
        ({"rotations": torch.zeros(8, 4, 3)}, "the shape \\(8, 4, 4\\)"),
        ({"qk": torch.zeros(2, 64, 8)}, "qk: expected 4 dimensions"),
    ],
)
def test_refuses(change, message):
    arguments = {"qk": torch.zeros(1, 2, 64, 8), "v": torch.zeros(1, 2, 64, 8)}
    with pytest.raises(spattn.ArgumentError, match=message):
        spattn.torch.lsh_attention(**{**arguments, "bucket_size": 8, **change})

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Positions from torch and NumPy, against plain torch."""

import numpy as np
import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402

DTYPES = {"cpu": torch.float32, "cuda": torch.bfloat16}
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
VARIANTS = [
    {"causal_positions": True},
    {"self_score": -3.5},
    {"causal_positions": True, "self_score": -1e3},
]


def make(device="cpu", queries=150, keys=130, dim=64):
    random = torch.Generator().manual_seed(0)
    q = torch.randn((2, 4, queries, dim), generator=random)
    k, v = (torch.randn((2, 2, keys, dim), generator=random) for _ in range(2))
    places = [
        torch.randint(-9, keys, x.shape[:3], generator=random, dtype=torch.int32)
        for x in (q, k)
    ]
    # One query is ahead of all keys, and the positions of one head are far away.
    places[0][0, 0, 5] = -10
    for x in places:
        x[1] += 1 << 30
    tensors = [x.to(device, DTYPES[device]) for x in (q, k, v)]
    return tensors, [x.to(device) for x in places]


def plain(q, k, v, query_positions, key_positions, causal_positions=False, **more):
    """(output, log-sum-exp) in float64."""
    self_score = more.get("self_score")
    q, k, v = (x.double() for x in (q, k, v))
    k, v, places = (x.repeat_interleave(2, 1) for x in (k, v, key_positions))
    scores = q @ k.transpose(2, 3) * q.shape[3] ** -0.5
    apart = query_positions[..., None].long() - places[:, :, None].long()
    if self_score is not None:
        scores = scores.masked_fill(apart == 0, self_score)
    if causal_positions:
        scores = scores.masked_fill(apart < 0, -torch.inf)
    empty = scores.isneginf().all(-1, keepdim=True)
    p = scores.masked_fill(empty, 0).softmax(-1).masked_fill(empty, 0)
    return p @ v, scores.logsumexp(-1)


def error_of(x, y):
    return float((x.detach().double() - y).norm() / y.detach().norm())


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_is_plain_torch(variant, device):
    tensors, places = make(device)
    tensors = [x.requires_grad_() for x in tensors]
    output, lse = spattn.torch.attention(
        *tensors,
        spattn.full(),
        query_positions=places[0],
        key_positions=places[1],
        return_lse=True,
        **variant,
    )
    expected, expected_lse = plain(*tensors, *places, **variant)
    tolerance = 1e-5 if device == "cpu" else 1e-2
    assert error_of(output, expected) < tolerance
    finite = expected_lse.isfinite()
    assert torch.equal(lse.isfinite(), finite)
    torch.testing.assert_close(
        lse[finite].double(), expected_lse[finite], rtol=tolerance, atol=tolerance
    )
    grad = torch.randn_like(output)
    results = torch.autograd.grad(output, tensors, grad)
    wanted = torch.autograd.grad(expected, tensors, grad.double())
    for x, y in zip(results, wanted, strict=True):
        assert error_of(x, y.double()) < 2 * tolerance


@pytest.mark.parametrize("variant", VARIANTS)
def test_numpy(variant):
    tensors, places = make(dim=16)
    output = spattn.attention(
        *(x.numpy() for x in tensors),
        spattn.full(),
        query_positions=places[0].numpy(),
        key_positions=places[1].numpy(),
        **variant,
    )
    expected, _ = plain(*tensors, *places, **variant)
    assert error_of(torch.from_numpy(output), expected) < 1e-5
    with pytest.raises(spattn.ArgumentError, match="f16, bf16 or i32, got int64"):
        spattn.attention(
            *(x.numpy() for x in tensors),
            spattn.full(),
            query_positions=places[0].numpy().astype(np.int64),
            key_positions=places[1].numpy(),
            **variant,
        )


def test_sorted_causal_attention():
    """Rows in any order, with their places as positions, are causal attention."""
    q, k, v = (torch.randn(1, 2, 100, 16) for _ in range(3))
    order = torch.stack([torch.randperm(100) for _ in range(2)])[None]
    places = order.int()
    index = order[..., None].expand(q.shape)
    output = spattn.torch.attention(
        *(x.gather(2, index) for x in (q, k, v)),
        spattn.full(),
        query_positions=places,
        key_positions=places,
        causal_positions=True,
    )
    expected = spattn.torch.attention(q, k, v, spattn.causal())
    torch.testing.assert_close(output, expected.gather(2, index))


def test_vmap_and_compile():
    (q, k, v), places = make()

    def call(q, k, v, query_positions, key_positions):
        return spattn.torch.attention(
            q,
            k,
            v,
            "#spattn.full",
            query_positions=query_positions,
            key_positions=key_positions,
            causal_positions=True,
            self_score=-2.0,
        )

    expected = call(q, k, v, *places)
    mapped = torch.func.vmap(call)(*(x[:, None] for x in (q, k, v, *places)))
    torch.testing.assert_close(mapped[:, 0], expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"causal_positions": False}, "expected with causal_positions or self_score"),
        ({"key_positions": None}, "key_positions: expected with causal_positions"),
        (
            {"query_positions": torch.zeros(2, 4, 150)},
            "query_positions: expected int32",
        ),
        (
            {"query_positions": torch.zeros(2, 4, 9, dtype=torch.int32)},
            "the shape \\(2, 4, 150\\)",
        ),
        ({"self_score": float("nan")}, "self_score to be a number from -1e6 to 1e6"),
    ],
)
def test_refuses(change, message):
    tensors, places = make()
    options = {
        "query_positions": places[0],
        "key_positions": places[1],
        "causal_positions": True,
    }
    with pytest.raises(spattn.ArgumentError, match=message):
        spattn.torch.attention(*tensors, spattn.full(), **{**options, **change})

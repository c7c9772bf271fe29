# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Intervals of queries, against FlexAttention in eager mode."""

import math

import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402
from torch.nn.attention.flex_attention import (  # noqa: E402
    AuxRequest,
    create_block_mask,
    create_mask,
    flex_attention,
)


def longformer(p, j):
    return ((p - j).abs() <= 20) | (j < 30) | (p < 30)


def causal_longformer(p, j):
    return (p >= j) & ((p - j < 20) | (j < 30) | (p < 30))


def blocks(p, j):
    ends = torch.tensor([40, 77, 130])
    return torch.bucketize(p, ends, right=True) == torch.bucketize(j, ends, right=True)


def images(p, j):
    found = p >= j
    for lo, hi in ((10, 50), (70, 120)):
        found = found | ((lo <= p) & (p < hi) & (lo <= j) & (j < hi))
    return found


def rectangle(p, j):
    return (p >= 50) & (p < 110) & (j >= 5) & (j < 60)


def prefix(p, j):
    return (p >= j) | ((p < 45) & (j < 45))


#: Structures, and where a query at place p among the keys sees key j.
CASES = {
    "longformer": (
        spattn.window(left=20, right=20) | spattn.global_tokens(30),
        longformer,
    ),
    "causal longformer": (
        spattn.causal() & (spattn.window(20) | spattn.global_tokens(30)),
        causal_longformer,
    ),
    "blocks": (
        spattn.block(0, 40)
        | spattn.block(40, 77)
        | spattn.block(77, 130)
        | spattn.block(130, math.inf),
        blocks,
    ),
    "images": (
        spattn.causal() | spattn.block(10, 50) | spattn.block(70, 120),
        images,
    ),
    "rectangle": (spattn.queries(50, 110) & spattn.keys(5, 60), rectangle),
    "prefix": (spattn.causal() | spattn.block(0, 45), prefix),
}


def tensors(queries, keys, heads=2, dim=16):
    generator = torch.Generator().manual_seed(7)

    def draw(length):
        shape = (2, heads, length, dim)
        return torch.randn(shape, generator=generator).requires_grad_()

    return draw(queries), draw(keys), draw(keys)


@pytest.mark.parametrize("queries", [160, 60, 1])
@pytest.mark.parametrize("name", CASES)
def test_flex_attention(name, queries):
    """All queries, and the last ones of them with a cache.

    FlexAttention has no gradients on CPUs; those are compared with what autograd makes
    of the mask of the same function.
    """
    structure, sees = CASES[name]
    query, key, value = inputs = tensors(queries, 160)
    offset = 160 - queries

    def mask_mod(b, h, i, j):
        return sees(i + offset, j)

    output, lse = spattn.torch.attention(*inputs, structure, return_lse=True)
    tolerance = {"atol": 2e-5, "rtol": 2e-5}
    expected, aux = flex_attention(
        *(x.detach() for x in inputs),
        block_mask=create_block_mask(mask_mod, None, None, queries, 160, "cpu"),
        return_aux=AuxRequest(lse=True),
    )
    torch.testing.assert_close(output, expected, **tolerance)
    torch.testing.assert_close(lse, aux.lse, **tolerance)

    scores = query @ key.mT / query.shape[-1] ** 0.5
    allowed = create_mask(mask_mod, None, None, queries, 160, "cpu")
    # Rows without keys have the output 0, and no gradient.
    scores = scores.masked_fill(~allowed, -1e30)
    plain = (scores.softmax(-1) * allowed) @ value
    torch.testing.assert_close(plain, expected, **tolerance)
    grad = torch.randn_like(output)
    for ours, theirs in zip(
        torch.autograd.grad(output, inputs, grad),
        torch.autograd.grad(plain, inputs, grad),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, **tolerance)


@pytest.mark.parametrize("name", CASES)
def test_does_not_depend_on_the_split(name):
    """A cache changes nothing: the last queries alone have the rows of all."""
    structure, _ = CASES[name]
    query, key, value = tensors(160, 160)
    whole = spattn.torch.attention(query, key, value, structure)
    for count in (1, 33, 100):
        part = spattn.torch.attention(query[:, :, -count:], key, value, structure)
        torch.testing.assert_close(part, whole[:, :, -count:], atol=1e-5, rtol=1e-5)


def test_causal_global_tokens_are_sinks():
    """The same pairs, and the same work."""
    structure = CASES["causal longformer"][0]
    sinks = spattn.sink(30) | spattn.window(20)
    for tile in ((16, 16), (64, 32)):
        ours, theirs = (s.stats(160, heads=1, tile=tile) for s in (structure, sinks))
        assert ours.pairs == theirs.pairs
        assert (ours.full, ours.masked) == (theirs.full, theirs.masked)

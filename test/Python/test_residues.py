# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Strided distances, and lattices of places, against FlexAttention in eager mode."""

import math

import definition
import numpy as np
import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402
from plain_torch import check_case, make  # noqa: E402
from torch.nn.attention.flex_attention import (  # noqa: E402
    AuxRequest,
    create_block_mask,
    create_mask,
    flex_attention,
)

HEADS = 4
#: Longformer: a dilation for each head.
DILATIONS = (1, 1, 2, 4)


def longformer(h, i, j):
    dilation = torch.tensor(DILATIONS)[h]
    return ((i - j).abs() <= 30 * dilation) & ((i - j) % dilation == 0)


def sparse_strided(h, i, j):
    return (i >= j) & ((i - j < 16) | ((i - j) % 16 == 0))


def sparse_fixed(h, i, j):
    return (i >= j) & ((i // 64 == j // 64) | (j % 64 >= 56))


SEGMENT, RATIO = 128, 2


def longnet(h, i, j):
    """Segments of 128, in which a head has every other place."""
    group = h // (HEADS // RATIO)
    inside = (i // SEGMENT == j // SEGMENT) & (i >= j)
    return inside & (i % RATIO == group) & (j % RATIO == group)


def blocks(size, length):
    """Places of the same block see each other; the last block may be shorter."""
    ends = [*range(size, length, size), math.inf]
    parts = [spattn.block(lo, hi) for lo, hi in zip([0, *ends], ends, strict=False)]
    united = parts[0]
    for part in parts[1:]:
        united = united | part
    return united


def segment(group, length):
    return (
        spattn.residues("queries", group, group + 1, RATIO)
        & spattn.residues("keys", group, group + 1, RATIO)
        & spattn.causal()
        & blocks(SEGMENT, length)
    )


#: Structures of a length, and where head `h` of 4 sees key `j` from query `i`.
CASES = {
    "longformer": (
        lambda length: spattn.per_head(
            [
                spattn.dilated_window(dilation, left=30, right=30)
                for dilation in DILATIONS
            ]
        ),
        longformer,
    ),
    "sparse transformer, strided": (
        lambda length: spattn.window(16) | spattn.causal() & spattn.strided(16),
        sparse_strided,
    ),
    "sparse transformer, fixed": (
        lambda length: (
            spattn.causal() & (blocks(64, length) | spattn.residues("keys", 56, 64, 64))
        ),
        sparse_fixed,
    ),
    "longnet": (
        lambda length: spattn.per_head(
            *((HEADS // RATIO, segment(g, length)) for g in range(RATIO))
        ),
        longnet,
    ),
}


def tensors(length, key_heads=HEADS, layout="bhnd", batch=2, dim=16):
    generator = torch.Generator().manual_seed(5)

    def draw(heads):
        shape = (batch, heads, length, dim)
        drawn = torch.randn(shape, generator=generator)
        if layout == "bnhd":
            drawn = drawn.transpose(1, 2).contiguous()
        return drawn.requires_grad_()

    return draw(HEADS), draw(key_heads), draw(key_heads)


# Lengths that are multiples of strides, for attention within classes, and others.
@pytest.mark.parametrize("length", [256, 161])
@pytest.mark.parametrize("name", CASES)
def test_flex_attention(name, length):
    structure_of, sees = CASES[name]
    structure = structure_of(length)
    query, key, value = inputs = tensors(length)

    def mask_mod(b, h, i, j):
        return sees(h, i, j)

    output, lse = spattn.torch.attention(*inputs, structure, return_lse=True)
    tolerance = {"atol": 2e-5, "rtol": 2e-5}
    expected, aux = flex_attention(
        *(x.detach() for x in inputs),
        block_mask=create_block_mask(mask_mod, None, HEADS, length, length, "cpu"),
        return_aux=AuxRequest(lse=True),
    )
    torch.testing.assert_close(output, expected, **tolerance)
    torch.testing.assert_close(lse, aux.lse, **tolerance)

    scores = query @ key.mT / query.shape[-1] ** 0.5
    allowed = create_mask(mask_mod, None, HEADS, length, length, "cpu")
    # Rows without keys have the output 0, and no gradient.
    scores = scores.masked_fill(~allowed, -1e30)
    plain = (scores.softmax(-1) * allowed) @ value
    grad = torch.randn_like(output)
    for ours, theirs in zip(
        torch.autograd.grad(output, inputs, grad),
        torch.autograd.grad(plain, inputs, grad),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, **tolerance)


DIVIDED = {
    "all heads": spattn.dilated_window(2, 40),
    "per head": spattn.per_head(
        (2, spattn.window(50)), (2, spattn.dilated_window(4, left=9, right=20))
    ),
    "one class": spattn.per_head((2, segment(0, 256)), (2, segment(1, 256))),
    "with a sink": spattn.strided(2) & (spattn.window(30) | spattn.sink(4)),
}


def check_attention(inputs, structure, layout="bhnd", alignment="end"):
    """Output, log-sum-exp and gradients, against the definition."""
    output, lse = spattn.torch.attention(
        *inputs, structure, layout=layout, alignment=alignment, return_lse=True
    )
    grad_output, grad_lse = torch.randn_like(output), torch.randn_like(lse)
    # What a query sees none of has no log-sum-exp.
    loss = (output * grad_output).sum() + (
        torch.where(lse.isfinite(), lse, 0) * grad_lse
    ).sum()
    gradients = torch.autograd.grad(loss, inputs)

    def rows(x):
        x = x.detach()
        return (x.transpose(1, 2) if layout == "bnhd" else x).numpy()

    arrays = [rows(x) for x in inputs]
    expected, expected_lse = definition.attention(
        *arrays, str(structure), alignment=alignment
    )
    definition.check(rows(output), expected, "f32", factor=4)
    definition.check(lse.detach().numpy(), expected_lse, "f32", factor=4)
    assert lse.is_contiguous()
    wanted = definition.gradients(
        *arrays,
        str(structure),
        rows(grad_output),
        np.where(np.isfinite(expected_lse), grad_lse.numpy(), 0),
        alignment=alignment,
    )
    for own, other in zip(gradients, wanted, strict=True):
        definition.check(rows(own), other, "f32", factor=20)


def has_kernel(text):
    return any(text in str(kernel) for kernel in spattn.loaded_kernels())


@pytest.mark.parametrize("layout", ["bhnd", "bnhd"])
@pytest.mark.parametrize("key_heads", [4, 2, 1])
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("name", DIVIDED)
def test_classes(name, batch, key_heads, layout):
    """Heads whose groups share keys, in any memory order: as all pairs say."""
    inputs = tensors(256, key_heads, layout, batch, dim=8)
    check_attention(inputs, DIVIDED[name], layout)


@pytest.mark.parametrize("queries", [256, 250])
@pytest.mark.parametrize("name", DIVIDED)
def test_devices(name, queries, device):
    """Within classes, and by masks, as plain torch computes it."""
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    case = make(DIVIDED[name], device, dtype, queries=queries, kv_heads=2)
    check_case(
        case,
        lambda case: spattn.torch.attention(
            *case.tensors, case.structure, return_lse=True
        ),
        lse=True,
    )


@pytest.mark.parametrize("alignment", ["end", "start"])
@pytest.mark.parametrize("lengths", [(128, 256), (256, 128)])
def test_classes_of_unequal_lengths(lengths, alignment):
    queries, keys = lengths
    query = tensors(queries, dim=8)[0]
    _, key, value = tensors(keys, dim=8)
    structure = spattn.dilated_window(2, left=40, right=10)
    check_attention((query, key, value), structure, alignment=alignment)


@pytest.mark.parametrize("layout", ["bhnd", "bnhd"])
def test_classes_and_others(layout):
    """A window and a stride are two attentions and a merge, where that takes less."""
    strided = spattn.window(16) | spattn.causal() & spattn.strided(8)
    structure = spattn.per_head((2, spattn.causal()), (2, strided))
    check_attention(tensors(2048, 2, layout, batch=1, dim=8), structure, layout)
    assert has_kernel("#spattn.distances<2 to inf>")


def test_classes_take_less():
    """The kernel is one of a window of a fourth of the distances."""
    inputs = tensors(512, dim=24)
    spattn.torch.attention(*inputs, spattn.dilated_window(4, 33))
    assert has_kernel("#spattn.window<left = 32, right = 0>")


def test_counts():
    """Pairs are counted exactly; tiles are visited as if there were no residues."""
    dilated = spattn.dilated_window(4, 128)
    stats = dilated.stats(1024, heads=1, tile=(64, 64))
    window = spattn.window(4 * 127 + 1).stats(1024, heads=1, tile=(64, 64))
    classes = spattn.window(128).stats(256, heads=1)
    assert stats.pairs == 4 * classes.pairs
    assert (stats.visited, stats.full) == (window.visited, 0)
    assert spattn.strided(8).plot(64, heads=1).svg

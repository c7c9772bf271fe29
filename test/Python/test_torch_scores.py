# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Modified scores from torch: soft caps, ALiBi slopes, and biases by distance."""

import itertools
from dataclasses import replace

import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402
from plain_torch import DTYPES, check_case, check_same, compare, make, plain  # noqa: E402
from torch.nn.attention.flex_attention import (  # noqa: E402
    create_block_mask,
    flex_attention,
)

MODIFIERS = {
    "cap": {"soft_cap": 2.0},
    "slopes": {"alibi_slopes": 1},
    "bias": {"distance_bias": 21},
    "all": {"soft_cap": 1.5, "alibi_slopes": 1, "distance_bias": 64},
}
STRUCTURES = [
    spattn.causal(),
    spattn.exclusive_bands(),
    spattn.window(left=30, right=9),
]


def ours(case):
    return spattn.torch.attention(
        *case.tensors, case.structure, sinks=case.sinks, return_lse=True, **case.options
    )


def modified(structure, device, which, dtype=torch.bfloat16, **sizes):
    case = make(structure, device, dtype, **sizes)
    heads = case.query.shape[1]
    generator = torch.Generator().manual_seed(5)
    options = dict(MODIFIERS[which])
    if "alibi_slopes" in options:
        # Those of the paper, which are 1/4, 1/16, ... for 4 heads.
        options["alibi_slopes"] = 2.0 ** (-8 / heads * torch.arange(1, heads + 1))
    if "distance_bias" in options:
        shape = heads, options["distance_bias"]
        options["distance_bias"] = torch.randn(shape, generator=generator)
    on_device = {
        name: value.to(device) if isinstance(value, torch.Tensor) else value
        for name, value in options.items()
    }
    return replace(case, **on_device)


@pytest.mark.parametrize("which", MODIFIERS)
@pytest.mark.parametrize("structure", STRUCTURES)
def test_attention_and_gradients(device, structure, which):
    for dtype in DTYPES[torch.device(device).type]:
        case = modified(
            structure, device, which, dtype, kv_heads=2, queries=90, keys=120
        )
        check_case(case, ours, lse=True, gradient_of=("output", "lse"))


@pytest.mark.parametrize("which", MODIFIERS)
def test_alignment_and_sinks(device, which):
    case = modified(
        spattn.window(left=40, right=20), device, which, alignment="start", keys=90
    )
    case = replace(case, sinks=torch.ones(4, device=device))
    check_case(case, ours, lse=True)


@pytest.mark.parametrize("which", MODIFIERS)
def test_equals_flex_attention(which):
    """FlexAttention in eager mode, with the modifiers as a function of scores."""
    case = modified(
        spattn.window(left=30, right=9), "cpu", which, torch.float32, keys=100
    )
    queries, keys = case.query.shape[2], case.key.shape[2]

    def score_mod(score, b, h, q, k):
        d = q + keys - queries - k
        if case.soft_cap is not None:
            score = case.soft_cap * torch.tanh(score / case.soft_cap)
        if case.alibi_slopes is not None:
            score = score - case.alibi_slopes[h] * d.abs()
        if case.distance_bias is not None:
            count = case.distance_bias.shape[1]
            entry = (d + count // 2).clamp(0, count - 1)
            score = score + case.distance_bias[h, entry]
        return score

    def mask_mod(b, h, q, k):
        d = q + keys - queries - k
        return (d <= 30) & (d >= -9)

    mask = create_block_mask(mask_mod, None, None, queries, keys, device="cpu")
    expected, lse = flex_attention(
        *case.tensors, score_mod=score_mod, block_mask=mask, return_lse=True
    )
    output, found = ours(case)
    torch.testing.assert_close(output, expected, atol=2e-5, rtol=2e-5)
    torch.testing.assert_close(found, lse, atol=2e-5, rtol=2e-5)


def test_output_alone(device):
    """The shorter way, with one result."""
    case = modified(spattn.causal(), device, "all").with_gradients()
    both, _ = ours(case)
    output = spattn.torch.attention(*case.tensors, case.structure, **case.options)
    assert torch.equal(output, both)
    grad = torch.randn_like(output)
    first = torch.autograd.grad(both, case.inputs, grad)
    second = torch.autograd.grad(output, case.inputs, grad)
    for a, b in zip(first, second, strict=True):
        torch.testing.assert_close(a, b, atol=2e-2, rtol=2e-2)


def test_caps_take_no_kernel_of_their_own(device):
    case = modified(spattn.causal(), device, "cap")
    ours(case)
    kernels = spattn.torch._launcher.counts()[0]
    other = replace(case, soft_cap=30.0)
    output, _ = ours(other)
    assert spattn.torch._launcher.counts()[0] == kernels
    exact, _ = plain(other.mapped(torch.Tensor.double))
    compare(output, exact, exact.to(output.dtype)).check(output.dtype)


def test_module(device):
    case = modified(spattn.causal(), device, "all")
    module = spattn.torch.Attention(spattn.causal(), soft_cap=case.soft_cap)
    output = module(
        *case.tensors,
        alibi_slopes=case.alibi_slopes,
        distance_bias=case.distance_bias.double(),
    )
    assert torch.equal(output, ours(case)[0])


def test_numbers_of_heads_with_strides(device):
    case = modified(spattn.causal(), device, "all")
    strided = replace(
        case,
        alibi_slopes=case.alibi_slopes.repeat_interleave(2)[::2],
        distance_bias=case.distance_bias.T.contiguous().T,
    )
    assert torch.equal(ours(strided)[0], ours(case)[0])


@pytest.mark.parametrize("which", MODIFIERS)
def test_compile(device, which):
    torch.compiler.reset()

    @torch.compile(fullgraph=True, dynamic=True, backend="aot_eager")
    def call(q, k, v, soft_cap, slopes, bias):
        return spattn.torch.attention(
            q,
            k,
            v,
            "#spattn.causal",
            soft_cap=soft_cap,
            alibi_slopes=slopes,
            distance_bias=bias,
        )

    for queries in (40, 70):
        case = modified(spattn.causal(), device, which, queries=queries)
        case = case.with_gradients()
        scores = case.soft_cap, case.alibi_slopes, case.distance_bias
        found = call(*case.tensors, *scores)
        expected, _ = ours(case)
        check_same(found, expected, case.inputs)


def test_opcheck(device):
    case = modified(spattn.exclusive_bands(), device, "all").with_gradients()
    names = "soft_cap", "alibi_slopes", "distance_bias"
    torch.library.opcheck(
        torch.ops.spattn.attention.default,
        (*case.tensors, case.structure),
        {name: getattr(case, name) for name in names},
    )


def test_vmap():
    case = modified(spattn.causal(), "cpu", "all")

    def call(q, k, v):
        return spattn.torch.attention(q, k, v, case.structure, **case.options)

    mapped = torch.func.vmap(call)(*(x[None] for x in case.tensors))
    assert torch.equal(mapped[0], call(*case.tensors))
    with pytest.raises(spattn.UnsupportedError, match="vmap cannot map alibi_slopes"):
        torch.func.vmap(
            lambda s: spattn.torch.attention(
                *case.tensors, case.structure, alibi_slopes=s
            )
        )(case.alibi_slopes[None])


@pytest.mark.parametrize("which", MODIFIERS)
def test_documents(device, which):
    """Each document of a pack is an attention of its own."""
    case = modified(
        spattn.window(left=40, right=9),
        device,
        which,
        DTYPES[torch.device(device).type][0],
        batch=1,
        kv_heads=2,
        queries=100,
    ).with_gradients()
    options = {**case.options, "sinks": torch.ones(4, device=device)}
    cu = torch.tensor([0, 33, 34, 100], dtype=torch.int32, device=device)

    def call(*tensors, **sequences):
        return spattn.torch.attention(*tensors, case.structure, **options, **sequences)

    packed = call(*case.tensors, cu_seqlens_q=cu)
    parts = [
        call(*(x[:, :, first:end] for x in case.tensors))
        for first, end in itertools.pairwise(cu.tolist())
    ]
    alone = torch.cat(parts, 2)
    tolerance = 2e-5 if device == "cpu" else 2e-2
    torch.testing.assert_close(packed, alone, atol=tolerance, rtol=tolerance)
    grad = torch.randn_like(packed)
    first = torch.autograd.grad(packed, case.inputs, grad)
    second = torch.autograd.grad(alone, case.inputs, grad)
    for a, b in zip(first, second, strict=True):
        torch.testing.assert_close(a, b, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"soft_cap": 0.0}, "a soft_cap that is positive and finite, got 0.0"),
        ({"soft_cap": -1.0}, "a soft_cap that is positive and finite"),
        ({"soft_cap": float("inf")}, "a soft_cap that is positive and finite"),
        ({"soft_cap": float("nan")}, "a soft_cap that is positive and finite"),
        ({"alibi_slopes": torch.ones(3)}, "one slope per query head, the shape"),
        ({"alibi_slopes": torch.ones(4, 1)}, "one slope per query head, the shape"),
        ({"alibi_slopes": [1.0] * 4}, "expected a torch.Tensor, got list"),
        ({"distance_bias": torch.ones(4)}, "numbers per query head, the shape"),
        ({"distance_bias": torch.ones(4, 0)}, "numbers per query head, the shape"),
        ({"distance_bias": torch.ones(3, 5)}, "numbers per query head, the shape"),
        (
            {"distance_bias": torch.ones(4, 5, device="meta")},
            "expected the device of query",
        ),
    ],
)
def test_bad_arguments(options, message):
    case = make(spattn.causal())
    with pytest.raises(spattn.ArgumentError, match=message):
        spattn.torch.attention(*case.tensors, case.structure, **options)

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sink logits from torch, and their gradient."""

import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402
from plain_torch import Case, check_case, check_same, compare, make, plain  # noqa: E402

STRUCTURES = [spattn.causal(), spattn.exclusive_bands(), spattn.window(16)]


def ours(case):
    return spattn.torch.attention(
        *case.tensors, case.structure, sinks=case.sinks, return_lse=True, **case.options
    )


def with_sinks(structure, device, dtype=torch.bfloat16, **sizes):
    case = make(structure, device, dtype, **sizes)
    generator = torch.Generator().manual_seed(5)
    sinks = 2 * torch.randn(case.query.shape[1], generator=generator)
    return Case(
        *case.tensors, case.structure, case.scale, case.alignment, sinks.to(device)
    )


@pytest.mark.parametrize("of", [("output",), ("lse",), ("output", "lse")], ids=str)
@pytest.mark.parametrize("structure", STRUCTURES)
def test_attention_and_gradients(device, structure, of):
    case = with_sinks(structure, device, kv_heads=2, queries=90, keys=120)
    check_case(case, ours, lse=True, gradient_of=of)


def test_output_alone(device):
    """The shorter way, with one result."""
    case = with_sinks(spattn.causal(), device).with_gradients()
    both, _ = ours(case)
    output = spattn.torch.attention(*case.tensors, case.structure, sinks=case.sinks)
    assert torch.equal(output, both)
    grad = torch.randn_like(output)
    first = torch.autograd.grad(both, case.inputs, grad)
    second = torch.autograd.grad(output, case.inputs, grad)
    for a, b in zip(first, second, strict=True):
        torch.testing.assert_close(a, b, atol=2e-2, rtol=2e-2)


def test_extreme_sinks(device):
    """Sinks far above all scores leave nothing, and those far below all of it."""
    case = make(spattn.window(9), device, torch.bfloat16)
    infinite = -torch.inf
    sinks = torch.tensor([infinite, -1e4, 0.0, 1e4], device=device)
    output, lse = ours(Case(*case.tensors, case.structure, sinks=sinks))
    without, lse_without = spattn.torch.attention(
        *case.tensors, case.structure, return_lse=True
    )
    for head in (0, 1):
        torch.testing.assert_close(output[:, head], without[:, head])
        torch.testing.assert_close(lse[:, head], lse_without[:, head])
    assert (output[:, 3] == 0).all() and (lse[:, 3] == 1e4).all()
    assert output.isfinite().all()


def test_rows_without_keys(device):
    case = with_sinks(spattn.exclusive_bands(), device)
    _, lse = ours(case)
    _, without = plain(Case(*case.tensors, case.structure), torch.float64)
    empty = without.isinf()
    assert empty.any()
    expected = case.sinks[None, :, None].expand_as(lse)
    assert torch.equal(lse[empty], expected[empty])


def test_module_and_other_dtypes(device):
    """A sink of another dtype gets its gradient in that dtype."""
    case = with_sinks(spattn.causal(), device).with_gradients()
    sinks = case.sinks.detach().bfloat16().requires_grad_()
    module = spattn.torch.Attention(spattn.causal())
    output = module(*case.tensors, sinks=sinks)
    output.float().square().sum().backward()
    assert sinks.grad.dtype == torch.bfloat16 and sinks.grad.abs().sum() > 0
    exact, _ = plain(case, torch.float64)
    compare(output, exact, exact.to(output.dtype)).check(output.dtype)


def test_compile(device):
    torch.compiler.reset()

    @torch.compile(fullgraph=True, dynamic=True, backend="aot_eager")
    def call(q, k, v, sinks):
        return spattn.torch.attention(q, k, v, "#spattn.causal", sinks=sinks)

    for queries in (40, 70):
        case = with_sinks(spattn.causal(), device, queries=queries).with_gradients()
        found = call(*case.inputs)
        expected = spattn.torch.attention(
            *case.tensors, case.structure, sinks=case.sinks
        )
        check_same(found, expected, case.inputs)


def test_opcheck(device):
    case = with_sinks(spattn.exclusive_bands(), device).with_gradients()
    torch.library.opcheck(
        torch.ops.spattn.attention.default,
        (*case.tensors, case.structure),
        {"sinks": case.sinks},
    )


def test_vmap():
    case = with_sinks(spattn.causal(), "cpu")

    def call(q, k, v):
        return spattn.torch.attention(q, k, v, case.structure, sinks=case.sinks)

    mapped = torch.func.vmap(call)(*(x[None] for x in case.tensors))
    assert torch.equal(mapped[0], call(*case.tensors))
    with pytest.raises(spattn.UnsupportedError, match="vmap cannot map sinks"):
        torch.func.vmap(
            lambda s: spattn.torch.attention(*case.tensors, case.structure, sinks=s)
        )(case.sinks[None])


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda s: s[:2], "one logit per query head, the shape"),
        (lambda s: s[None], "one logit per query head, the shape"),
        (lambda s: s.tolist(), "expected a torch.Tensor, got list"),
        (lambda s: s.to("meta"), "expected the device of query"),
    ],
)
def test_bad_sinks(change, message):
    case = with_sinks(spattn.causal(), "cpu")
    with pytest.raises(spattn.ArgumentError, match=message):
        spattn.torch.attention(*case.tensors, case.structure, sinks=change(case.sinks))

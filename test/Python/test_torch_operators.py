# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The operators of spattn.torch among what PyTorch does with operators."""

import copy
import pickle
import threading

import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402
from plain_torch import check_case, make, stored  # noqa: E402
from torch.utils.checkpoint import (  # noqa: E402
    CheckpointPolicy,
    checkpoint,
    create_selective_checkpoint_contexts,
)

attention = torch.ops.spattn.attention.default
attention_backward = torch.ops.spattn.attention_backward.default


def ours(case):
    return spattn.torch.attention(
        *case.tensors, case.structure, return_lse=True, **case.options
    )


def directly(case):
    """The operator itself, as compiled graphs call it."""
    return attention(*case.tensors, case.structure, case.scale, "bhnd", case.alignment)


@pytest.mark.parametrize("order", ["bhnd", "bnhd"])
@pytest.mark.parametrize("layout", ["bhnd", "bnhd"])
def test_opcheck(device, layout, order):
    case = make(spattn.local_band(), device, torch.bfloat16, kv_heads=2, value_dim=128)
    tensors = [
        stored(x, order) if layout == "bhnd" else stored(x, order).transpose(1, 2)
        for x in case.tensors
    ]
    arguments = (case.structure, 0.2, layout, "end")
    output, lse = attention(*tensors, *arguments)
    leaves = [x.detach().clone().requires_grad_() for x in tensors]
    torch.library.opcheck(attention, (*leaves, *arguments), atol=2e-2, rtol=2e-2)
    grad = torch.randn_like(output)
    torch.library.opcheck(
        attention_backward, (grad, None, *tensors, output, lse, *arguments)
    )
    torch.library.opcheck(
        attention_backward, (grad, None, *tensors, output, lse, *arguments, True)
    )


def test_autograd_of_the_operator(device):
    """It has the same gradients as the function, which takes a shorter way."""
    case = make(spattn.local_band(), device, torch.bfloat16, kv_heads=2)
    _, grads = check_case(case, directly, lse=True)
    _, others = check_case(case, ours, lse=True)
    for a, b in zip(grads, others, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("call", [ours, directly])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_autocast(device, call, dtype):
    case = make(spattn.causal(), device, torch.float32).with_gradients()
    case.key = case.key.detach().to(dtype)
    with torch.autocast(device, dtype=dtype):
        output, lse = call(case)
    assert output.dtype == dtype and lse.dtype == torch.float32
    output.float().sum().backward()
    assert case.query.grad.dtype == torch.float32
    low = make(spattn.causal(), device, dtype)
    expected = spattn.torch.attention(*low.tensors, low.structure)
    assert torch.equal(output, expected)


def test_autocast_of_another_device():
    case = make(spattn.causal())
    with torch.autocast("cuda", dtype=torch.bfloat16):
        assert ours(case)[0].dtype == torch.float32


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpoint(device, reentrant):
    case = make(spattn.exclusive_bands(), device, torch.bfloat16).with_gradients()
    output, _ = ours(case)
    grad = torch.randn_like(output)
    expected = torch.autograd.grad(output, case.tensors, grad)
    again = checkpoint(
        lambda *x: spattn.torch.attention(*x, case.structure),
        *case.tensors,
        use_reentrant=reentrant,
    )
    again.backward(grad)
    for tensor, other in zip(case.tensors, expected, strict=True):
        assert torch.equal(tensor.grad, other)


def test_selective_checkpoint(device):
    """A policy may keep the results of the operator, by its name."""
    case = make(spattn.causal(), device, torch.bfloat16).with_gradients()
    computed = []

    def policy(ctx, op, *args, **kwargs):
        if op == attention and ctx.is_recompute:
            computed.append(op)
        keeps = op == attention
        return (
            CheckpointPolicy.MUST_SAVE if keeps else CheckpointPolicy.PREFER_RECOMPUTE
        )

    def block(*tensors):
        return spattn.torch.attention(*tensors, case.structure).sin()

    output = checkpoint(
        block,
        *case.tensors,
        use_reentrant=False,
        context_fn=lambda: create_selective_checkpoint_contexts(policy),
    )
    output.sum().backward()
    expected = torch.autograd.grad(block(*case.tensors).sum(), case.tensors)
    for tensor, other in zip(case.tensors, expected, strict=True):
        assert torch.equal(tensor.grad, other)


def test_double_backward(device):
    case = make(spattn.causal(), device, torch.bfloat16).with_gradients()
    for call in (ours, directly):
        output = call(case)[0].float()
        (grad,) = torch.autograd.grad(
            output.square().sum(), case.query, create_graph=True
        )
        with pytest.raises(spattn.UnsupportedError, match="no second derivative"):
            torch.autograd.grad(grad.float().sum(), case.query)


def test_deterministic(device):
    case = make(
        spattn.causal(), device, torch.bfloat16, batch=1, queries=600
    ).with_gradients()
    torch.use_deterministic_algorithms(True)
    try:
        runs = []
        for _ in range(3):
            output, _ = ours(case)
            runs.append(torch.autograd.grad(output, case.tensors, output.detach()))
    finally:
        torch.use_deterministic_algorithms(False)
    for run in runs[1:]:
        for a, b in zip(run, runs[0], strict=True):
            assert torch.equal(a, b)


def test_deterministic_is_asked_for(monkeypatch):
    asked = []
    kernel_of = spattn.torch._launcher.kernel_of

    def note(request):
        asked.append((bool(request.gradients), bool(request.deterministic)))
        return kernel_of(request)

    monkeypatch.setattr(spattn.torch._launcher, "kernel_of", note)
    for deterministic in (False, True):
        torch.use_deterministic_algorithms(deterministic)
        try:
            case = make(spattn.window(13), dim=48).with_gradients()
            ours(case)[0].sum().backward()
        finally:
            torch.use_deterministic_algorithms(False)
    assert asked == [(False, False), (True, False), (True, True)]


def test_functional_transforms(device):
    case = make(spattn.causal(), device, torch.bfloat16, batch=3)

    def loss(query, key, value):
        output = spattn.torch.attention(query, key, value, case.structure)
        return output.float().square().sum()

    found = torch.func.grad(loss, argnums=(0, 1, 2))(*case.tensors)
    leaves = case.with_gradients()
    loss(*leaves.tensors).backward()
    for a, b in zip(found, leaves.tensors, strict=True):
        assert torch.equal(a, b.grad)


def test_vmap(device):
    case = make(spattn.exclusive_bands(), device, torch.bfloat16, batch=6)
    query, key, value = (x.unflatten(0, (3, 2)) for x in case.tensors)

    def one(query, key, value):
        return spattn.torch.attention(query, key, value, case.structure)

    def loss(query, key, value):
        return one(query, key, value).float().square().sum()

    found = torch.vmap(one, in_dims=(0, 1, None))(query, key.transpose(0, 1), value[0])
    grads = torch.vmap(torch.func.grad(loss), in_dims=(0, 1, None))(
        query, key.transpose(0, 1), value[0]
    )
    for i in range(3):
        arguments = query[i], key[i], value[0]
        assert torch.equal(found[i], one(*arguments))
        assert torch.equal(grads[i], torch.func.grad(loss)(*arguments))


def test_meta():
    case = make(spattn.causal(), kv_heads=2, value_dim=32)
    tensors = [x.to("meta") for x in case.tensors]
    output, lse = spattn.torch.attention(*tensors, case.structure, return_lse=True)
    assert output.shape == (2, 4, 70, 32) and lse.shape == (2, 4, 70)
    assert output.device.type == lse.device.type == "meta"


def test_inference_mode(device):
    with torch.inference_mode():
        case = make(spattn.causal(), device, torch.bfloat16)
        output, _ = ours(case)
    assert not output.requires_grad


def test_threads(device):
    """Calls from several threads at once, which meet unknown kernels together."""
    cases = [
        make(spattn.window(5 + i % 3), device, torch.bfloat16, seed=i, queries=60 + i)
        for i in range(12)
    ]
    results = [None] * len(cases)

    def run(i):
        case = cases[i].with_gradients()
        output, _ = ours(case)
        output.sum().backward()
        results[i] = output.detach(), case.query.grad

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(cases))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for case, found in zip(cases, results, strict=True):
        assert torch.equal(found[0], ours(case)[0])


def test_modules(device):
    torch.manual_seed(0)
    structure = spattn.sink(2) | spattn.window(8)
    module = spattn.torch.SelfAttention(
        128, 2, structure, kv_heads=1, device=device, dtype=torch.bfloat16
    )
    assert structure.text in repr(module)
    input = torch.randn(2, 50, 128, device=device, dtype=torch.bfloat16)
    output = module(input)
    assert output.shape == input.shape
    output.sum().backward()
    assert all(p.grad.isfinite().all() for p in module.parameters())
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert torch.equal(other(input), output)
    core = spattn.torch.Attention(structure, scale=0.5, layout="bnhd")
    assert "scale=0.5, layout='bnhd'" in repr(core)
    assert not list(core.parameters())
    with pytest.raises(spattn.ArgumentError, match="a multiple of heads, got 10 and 3"):
        spattn.torch.SelfAttention(10, 3, structure)

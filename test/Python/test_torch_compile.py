# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""spattn.torch under torch.compile: whole graphs, and one for all lengths."""

import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402
from plain_torch import make, stored  # noqa: E402
from torch._dynamo.testing import CompileCounterWithBackend  # noqa: E402

LENGTHS = [*range(40, 1000, 40), *range(37, 1300, 47)][:50]


@pytest.fixture(autouse=True)
def fresh():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def block(query, key, value, structure, layout="bhnd"):
    output, lse = spattn.torch.attention(
        query.sin(), key, value, structure, layout=layout, return_lse=True
    )
    return output * 2, lse


def check_equal(compiled, case, backward=True):
    """Results and gradients are those of the function as it is."""
    both = []
    for function in (block, compiled):
        own = case.with_gradients()
        output, lse = function(*own.tensors, case.structure)
        if backward:
            output.sum().backward()
        both.append((output, lse, *(x.grad for x in own.tensors)))
    for a, b in zip(*both, strict=True):
        if a is not None:
            torch.testing.assert_close(a, b, atol=2e-2, rtol=2e-2)


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("order", ["bhnd", "bnhd"])
def test_no_recompilation(device, backward, order):
    assert len(set(LENGTHS)) == 50
    counter = CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(block, fullgraph=True, dynamic=True, backend=counter)
    for length in LENGTHS:
        case = make(
            spattn.local_band(), device, torch.bfloat16, batch=1, queries=length
        )
        case.query, case.key, case.value = (stored(x, order) for x in case.tensors)
        check_equal(compiled, case, backward)
    assert counter.frame_count == 1


def test_automatic_dynamic_lengths(device):
    """Without `dynamic`, the second length makes a graph for all others."""
    counter = CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(block, fullgraph=True, backend=counter)
    for length in LENGTHS:
        case = make("#spattn.causal", device, torch.bfloat16, batch=1, queries=length)
        check_equal(compiled, case)
    assert counter.frame_count == 2


def test_unequal_lengths(device):
    counter = CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(block, fullgraph=True, dynamic=True, backend=counter)
    for queries, keys in ((40, 70), (33, 90), (120, 60), (7, 300)):
        case = make(
            spattn.window(20), device, torch.bfloat16, queries=queries, keys=keys
        )
        check_equal(compiled, case)
    assert counter.frame_count == 1


def test_structures_in_graphs(device):
    """Structures may be those of a closure, or of a module."""

    structure = spattn.sink(4) | spattn.window(16)

    def inside(query, key, value):
        return spattn.torch.attention(query, key, value, structure)

    case = make(structure, device, torch.bfloat16)
    expected = inside(*case.tensors)
    compiled = torch.compile(inside, fullgraph=True, backend="aot_eager")
    assert torch.equal(compiled(*case.tensors), expected)
    module = spattn.torch.Attention(structure)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    assert torch.equal(compiled(*case.tensors), expected)


def test_sdpa_in_graphs(device):
    def inside(query, key, value):
        return spattn.torch.scaled_dot_product_attention(
            query, key, value, is_causal=True, enable_gqa=True
        )

    case = make(spattn.causal(), device, torch.bfloat16, kv_heads=2)
    expected = inside(*case.tensors)
    compiled = torch.compile(inside, fullgraph=True, backend="aot_eager")
    assert torch.equal(compiled(*case.tensors), expected)


def test_autocast_in_graphs(device):
    def inside(query, key, value):
        with torch.autocast(device, dtype=torch.bfloat16):
            return spattn.torch.attention(query, key, value, "#spattn.causal")

    case = make(spattn.causal(), device).with_gradients()
    compiled = torch.compile(inside, fullgraph=True, backend="aot_eager")
    results = []
    for function in (inside, compiled):
        output = function(*case.tensors)
        assert output.dtype == torch.bfloat16
        results.append((output, *torch.autograd.grad(output.sum(), case.tensors)))
    for a, b in zip(*results, strict=True):
        assert torch.equal(a, b)


def test_inductor(device):
    """The whole of torch.compile, with the projections around."""
    torch.manual_seed(0)
    module = spattn.torch.SelfAttention(
        128, 2, spattn.exclusive_bands(), device=device, dtype=torch.bfloat16
    )
    compiled = torch.compile(module, fullgraph=True, dynamic=True)
    for length in (50, 130):
        results = []
        input = torch.randn(2, length, 128, device=device, dtype=torch.bfloat16)
        for function in (module, compiled):
            module.zero_grad()
            output = function(input)
            output.sum().backward()
            results.append((output, *(p.grad.clone() for p in module.parameters())))
        for a, b in zip(*results, strict=True):
            torch.testing.assert_close(a, b, atol=3e-2, rtol=3e-2)


def test_export(device):
    class Block(torch.nn.Module):
        def forward(self, query, key, value):
            return block(query, key, value, "#spattn.causal")

    case = make(spattn.causal(), device, torch.bfloat16)
    length = torch.export.Dim("length", min=2, max=4096)
    program = torch.export.export(
        Block(), case.tensors, dynamic_shapes=[{2: length}] * 3
    )
    assert "spattn.attention.default" in str(program.graph)
    other = make(spattn.causal(), device, torch.bfloat16, queries=131)
    found = program.module()(*other.tensors)
    for a, b in zip(found, block(*other.tensors, "#spattn.causal"), strict=True):
        assert torch.equal(a, b)


def test_wrong_shapes_in_graphs():
    compiled = torch.compile(block, fullgraph=True, backend="aot_eager")
    case = make(spattn.causal(), keys=50)
    with pytest.raises(Exception, match="value: expected the length of key, 50"):
        compiled(case.query, case.key, case.value[:, :, :40], case.structure)

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""spattn.torch on a GPU: streams, graphs, devices, memory."""

import time

import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402
from plain_torch import check_case, make, plain  # noqa: E402

pytestmark = pytest.mark.gpu


def ours(case):
    return spattn.torch.attention(*case.tensors, case.structure, return_lse=True)


def forward_and_backward(case):
    output, lse = ours(case)
    grads = torch.autograd.grad(output, case.tensors, output.detach())
    return output, lse, *grads


def test_current_stream():
    """Calls go into the current stream, behind what is there already."""
    case = make(spattn.causal(), "cuda", torch.bfloat16, queries=512)
    expected = ours(case)
    stream = torch.cuda.Stream()
    query = torch.zeros_like(case.query)
    torch.cuda.synchronize()
    with torch.cuda.stream(stream):
        torch.cuda._sleep(50_000_000)
        query.copy_(case.query)
        case.query = query
        found = ours(case)
        assert not stream.query()  # Nobody has waited.
        copies = [x.clone() for x in found]
    stream.synchronize()
    for a, b in zip(copies, expected, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("structure", [spattn.causal(), spattn.exclusive_bands()])
def test_graph(structure):
    """A graph of forward and backward, replayed on other numbers."""
    case = make(structure, "cuda", torch.bfloat16, queries=600, dim=128)
    case = case.with_gradients()
    torch.use_deterministic_algorithms(True)
    try:
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            forward_and_backward(case)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            results = forward_and_backward(case)
        for seed in (1, 2):
            other = make(
                structure, "cuda", torch.bfloat16, seed, queries=600, dim=128
            ).with_gradients()
            with torch.no_grad():
                for a, b in zip(case.tensors, other.tensors, strict=True):
                    a.copy_(b)
            graph.replay()
            for a, b in zip(results, forward_and_backward(other), strict=True):
                assert torch.equal(a, b)
    finally:
        torch.use_deterministic_algorithms(False)


def test_callable_graph():
    """torch.cuda.make_graphed_callables, as trainers use it."""
    module = spattn.torch.SelfAttention(
        128, 2, spattn.local_band(), device="cuda", dtype=torch.bfloat16
    )
    sample = torch.randn(
        2, 256, 128, device="cuda", dtype=torch.bfloat16, requires_grad=True
    )
    # A graph of autograd that is alive would keep nodes of another stream.
    with torch.no_grad():
        expected = module(sample)
    graphed = torch.cuda.make_graphed_callables(module, (sample,))
    assert torch.equal(graphed(sample), expected)


def test_reduce_overhead():
    """torch.compile's own graphs."""
    module = spattn.torch.SelfAttention(
        128, 2, spattn.causal(), device="cuda", dtype=torch.bfloat16
    )
    input = torch.randn(2, 256, 128, device="cuda", dtype=torch.bfloat16)
    expected = module(input)
    compiled = torch.compile(module, mode="reduce-overhead", fullgraph=True)
    for _ in range(4):
        found = compiled(input)
        torch.testing.assert_close(found, expected, atol=2e-2, rtol=2e-2)


def test_devices():
    """Tensors decide on which GPU a call runs, whichever is the current one."""
    if torch.cuda.device_count() < 2:
        pytest.skip("needs two GPUs")
    for current in (0, 1):
        for device in ("cuda:0", "cuda:1"):
            with torch.cuda.device(current):
                case = make(spattn.causal(), device, torch.bfloat16)
                (output, _), _ = check_case(case, ours, lse=True)
                assert output.device == torch.device(device)
                assert torch.cuda.current_device() == current
    case = make(spattn.causal(), "cuda:0", torch.bfloat16)
    with pytest.raises(spattn.ArgumentError, match="expected the device of query"):
        spattn.torch.attention(case.query, case.key.to("cuda:1"), case.value, "full")


def test_memory():
    """Nothing stays behind, and there is no copy of operands that need none."""
    case = make(spattn.causal(), "cuda", torch.bfloat16, queries=2048, dim=128)
    case = case.with_gradients()
    swapped = [
        x.detach().transpose(1, 2).contiguous().transpose(1, 2).requires_grad_()
        for x in case.tensors
    ]
    for tensors in (case.tensors, swapped):
        for _ in range(2):
            torch.cuda.synchronize()
            before = torch.cuda.memory_allocated()
            torch.cuda.reset_peak_memory_stats()
            output = spattn.torch.attention(*tensors, case.structure)
            peak = torch.cuda.max_memory_allocated() - before
            # The output, log-sum-exps, and a counter or so.
            assert peak < 1.2 * output.numel() * output.element_size()
            torch.autograd.grad(output.sum(), tensors)
            del output
            torch.cuda.synchronize()
            # The engine's thread may let go of gradients a moment later.
            for _ in range(100):
                if torch.cuda.memory_allocated() == before:
                    break
                time.sleep(0.01)
            assert torch.cuda.memory_allocated() == before


def test_lengths_of_all_classes():
    """Each class of lengths has a kernel of its own, tuned for it."""
    for length in (100, 1500, 5000, 9000):
        case = make(
            spattn.window(300), "cuda", torch.bfloat16, batch=1, heads=2, queries=length
        )
        check_case(case, ours, lse=True)


def test_many_heads_and_batches():
    case = make(
        spattn.exclusive_bands(),
        "cuda",
        torch.bfloat16,
        batch=9,
        heads=24,
        kv_heads=8,
        queries=400,
    )
    check_case(case, ours, lse=True)


def _far_apart(case, how):
    """Scores that grow or shrink along the keys, or are all far from 0."""
    _, _, keys, dim = case.key.shape
    if how in ("growing", "shrinking"):
        factors = torch.linspace(0.5, 60, keys, device="cuda").to(case.key.dtype)
        factors = factors if how == "growing" else factors.flip(0)
        case.key = case.key * factors[:, None]
    else:
        case.query[..., 0] = dim**0.5
        case.key[..., 0] = 100 if how == "high" else -100
    return case


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("dim", [64, 128, 256])
@pytest.mark.parametrize("how", ["growing", "shrinking", "low", "high"])
def test_scores_far_apart(how, dim, dtype):
    """Sums of probabilities leave the range in which kernels look for no maximum, in
    rows that have seen keys and in those that have not."""
    for structure in (
        spattn.causal(),
        spattn.exclusive_bands(),
        spattn.window(100),
        spattn.local_band(),
    ):
        case = make(structure, "cuda", dtype, batch=1, queries=1000, dim=dim)
        case = _far_apart(case, how)
        output, lse = ours(case)
        exact, exact_lse = plain(case, torch.float64)
        empty = exact_lse == -torch.inf
        assert torch.equal(lse == -torch.inf, empty)
        error = (lse - exact_lse).masked_fill(empty, 0).abs().max()
        assert error <= 1e-3
        # Probabilities are rounded, and so is the output.
        error = (output - exact).abs().max()
        assert error <= 8 * torch.finfo(dtype).eps * exact.abs().max()

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""spattn.torch.attention: its values, gradients, strides and layouts."""

import random
import threading

import definition
import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402
from plain_torch import DTYPES, check_case, make, plain, stored  # noqa: E402
from spattn._prototypes import ELEMENTS  # noqa: E402
from spattn.torch import _launcher  # noqa: E402


def ours(case):
    return spattn.torch.attention(
        *case.tensors, case.structure, return_lse=True, **case.options
    )


@pytest.mark.parametrize("dtype", DTYPES["cpu"], ids=str)
@pytest.mark.parametrize(
    "structure",
    [
        spattn.exclusive_bands(),
        spattn.local_band(),
        spattn.causal(),
        spattn.sink(4) | spattn.window(16),
        spattn.per_head((1, spattn.full()), (3, spattn.exclusive_bands())),
    ],
    ids=str,
)
def test_structures(device, dtype, structure):
    if dtype not in DTYPES[device]:
        pytest.skip("kernels for GPUs take float16 and bfloat16")
    case = make(structure, device, dtype)
    (output, lse), _ = check_case(case, ours, lse=True)
    assert output.dtype == dtype and lse.dtype == torch.float32


@pytest.mark.parametrize("seed", range(30))
def test_random(device, seed):
    pick = random.Random(seed)
    kv_heads = pick.choice([1, 2, 3])
    heads = kv_heads * pick.choice([1, 2, 4])
    longest = 90 if device == "cpu" else 700
    structure, _ = definition.drawn.head_structures(pick, heads)
    case = make(
        structure,
        device,
        pick.choice(DTYPES[device]),
        seed,
        batch=pick.choice([1, 3]),
        heads=heads,
        kv_heads=kv_heads,
        queries=pick.randint(1, longest),
        keys=pick.randint(1, longest),
        dim=pick.choice([64, 128]),
        value_dim=pick.choice([64, 128]),
        scale=pick.choice([None, 0.3]),
        alignment=pick.choice(["end", "start"]),
    )
    check_case(case, ours, lse=True)


def test_rows_without_keys(device):
    case = make(spattn.exclusive_bands(), device, torch.bfloat16)
    _, exact = plain(case, torch.float64)
    empty = exact.isinf()
    assert empty.any() and not empty.all()
    (output, lse), (grad, _, _) = check_case(case, ours, lse=True)
    assert (output[empty] == 0).all() and (lse[empty] == -torch.inf).all()
    assert (grad[empty] == 0).all()


@pytest.mark.parametrize("of", [("lse",), ("output", "lse")], ids=str)
@pytest.mark.parametrize("structure", [spattn.causal(), spattn.exclusive_bands()])
def test_gradient_of_lse(device, structure, of):
    case = make(structure, device, torch.bfloat16, kv_heads=2, value_dim=128)
    check_case(case, ours, lse=True, gradient_of=of)
    # As a broadcast number, too.
    leaves = case.with_gradients()
    _, lse = ours(leaves)
    seen = lse.isfinite()
    lse[seen].sum().backward()
    first = leaves.query.grad
    leaves.query.grad = None
    _, lse = ours(leaves)
    lse.backward(torch.ones(1, 1, 1, device=device).expand(lse.shape))
    assert torch.equal(leaves.query.grad, first)


@pytest.mark.parametrize("order", ["bhnd", "bnhd"])
@pytest.mark.parametrize("layout", ["bhnd", "bnhd"])
def test_layouts(device, layout, order):
    """Both orders in memory in both layouts, without copies of anything."""
    case = make("#spattn.causal", device, torch.bfloat16, kv_heads=2, value_dim=128)
    case.query, case.key, case.value = (stored(x, order) for x in case.tensors)

    def swap(x):
        return x.transpose(1, 2) if layout == "bnhd" else x

    def attention(case):
        output, lse = spattn.torch.attention(
            *(swap(x) for x in case.tensors),
            case.structure,
            layout=layout,
            return_lse=True,
        )
        return swap(output), lse

    (output, lse), grads = check_case(case, attention, lse=True)
    assert lse.is_contiguous()
    # Like query, like output; and gradients like their tensors.
    for tensor, like in zip((output, *grads), (case.query, *case.tensors), strict=True):
        assert (tensor.stride(1) < tensor.stride(2)) == (
            like.stride(1) < like.stride(2)
        )


def strided(kind, x):
    """The same numbers with other strides, or at another address."""
    wide = x.new_zeros(*x.shape[:3], x.shape[3] + 24)
    if kind == "wide rows":
        view = wide[..., : x.shape[3]]
    elif kind == "odd rows":
        view = x.new_zeros(*x.shape[:3], x.shape[3] + 3)[..., : x.shape[3]]
    elif kind == "odd address":
        view = x.new_zeros(x.numel() + 1)[1:].view(x.shape)
    elif kind == "columns":
        view = x.new_zeros(*x.shape[:2], x.shape[3], x.shape[2]).transpose(2, 3)
    elif kind == "every second":
        view = x.new_zeros(*x.shape[:2], 2 * x.shape[2], x.shape[3])[:, :, ::2]
    else:
        assert kind == "batch last"
        view = x.new_zeros(*x.shape[1:3], x.shape[0], x.shape[3]).permute(2, 0, 1, 3)
    return view.copy_(x)


@pytest.mark.parametrize(
    "kind",
    ["wide rows", "odd rows", "odd address", "columns", "every second", "batch last"],
)
def test_strides(device, kind):
    case = make(spattn.local_band(), device, torch.bfloat16, kv_heads=2)
    expected = ours(case)
    case.query, case.key, case.value = (strided(kind, x) for x in case.tensors)
    results = ours(case)
    for result, other in zip(results, expected, strict=True):
        assert torch.equal(result, other)
    check_case(case, ours, lse=True)


def test_broadcast_operands(device):
    """Strides of 0, which are those of the gradient of a sum, too."""
    case = make(spattn.causal(), device, torch.bfloat16)
    case.key, case.value = (x[:1].expand(2, -1, -1, -1) for x in case.tensors[1:])
    expected = make(spattn.causal(), device, torch.bfloat16).with_gradients()
    expected.key, expected.value = case.key.contiguous(), case.value.contiguous()
    results = []
    for x in (case, expected):
        query = x.query.detach().clone().requires_grad_()
        output = spattn.torch.attention(query, x.key, x.value, x.structure)
        output.sum().backward()
        results.append((output.detach(), query.grad))
    for a, b in zip(*results, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    "sizes",
    [
        {"batch": 0},
        {"queries": 0, "keys": 5},
        {"queries": 5, "keys": 0},
        {"queries": 0, "keys": 0},
        {"queries": 1, "keys": 1, "heads": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("layout", ["bhnd", "bnhd"])
def test_nothing(device, sizes, layout):
    case = make(spattn.full(), device, torch.bfloat16, **sizes)
    leaves = [x.requires_grad_() for x in case.tensors]
    swapped = [x.transpose(1, 2) if layout == "bnhd" else x for x in leaves]
    output, lse = spattn.torch.attention(
        *swapped, case.structure, layout=layout, return_lse=True
    )
    assert output.shape == swapped[0].shape and lse.shape == case.query.shape[:3]
    if sizes.get("keys") == 0:
        assert (output == 0).all() and (lse == -torch.inf).all()
    output.sum().backward()
    for leaf in leaves:
        assert leaf.grad.shape == leaf.shape
        if sizes.get("keys") == 0 or sizes.get("queries") == 0:
            assert (leaf.grad == 0).all()


def test_some_gradients(device):
    """Only what is asked for gets a gradient, whichever it is."""
    case = make(spattn.causal(), device, torch.bfloat16)
    full = case.with_gradients()
    spattn.torch.attention(*full.tensors, full.structure).sum().backward()
    for i in range(3):
        leaves = [x.detach().clone() for x in case.tensors]
        leaves[i].requires_grad_()
        spattn.torch.attention(*leaves, case.structure).sum().backward()
        for j, (leaf, other) in enumerate(zip(leaves, full.tensors, strict=True)):
            if i == j:
                assert torch.equal(leaf.grad, other.grad)
            else:
                assert leaf.grad is None


def test_structures_as_text_and_object():
    case = make(spattn.window(9))
    expected = spattn.torch.attention(*case.tensors, spattn.window(9))
    found = spattn.torch.attention(*case.tensors, spattn.window(9).text)
    assert torch.equal(expected, found)


def test_lookups():
    """A kernel is asked for once, and a call prepared once for each shape."""
    case = make(spattn.window(11), dim=40)
    before = _launcher.counts()
    for _ in range(3):
        spattn.torch.attention(*case.tensors, case.structure)
    assert _launcher.counts() == (before[0] + 1, before[1] + 1)
    # Of the same class of lengths.
    shorter = [x[:, :, :65] for x in case.tensors]
    spattn.torch.attention(*shorter, case.structure)
    assert _launcher.counts() == (before[0] + 1, before[1] + 2)


def test_scale_by_argument():
    """The scale is an argument: other ones need no other kernel."""
    case = make(spattn.causal(), dim=24)
    spattn.torch.attention(*case.tensors, case.structure)
    before = _launcher.counts()
    for scale in (0.1, 0.7, -0.3):
        case.scale = scale
        check = ours(case)[0]
        assert not check.isnan().any()
    assert _launcher.counts() == before
    check_case(case, ours, lse=True)


@pytest.mark.parametrize("recording", [False, True])
@pytest.mark.parametrize("device", [-1, 0])
def test_gradients_in_the_background(monkeypatch, recording, device):
    """A forward pass that autograd records starts to compile the gradients."""
    asked = []

    class Kernel:
        handle = 7

    def kernel_for(problem, target, *lengths, device):
        asked.append((problem.gradients, target, lengths, device))
        if problem.gradients:
            raise spattn.CompileError("left for the call that needs it")
        return Kernel()

    monkeypatch.setattr(_launcher, "kernel_for", kernel_for)
    monkeypatch.setattr(_launcher, "recording", recording)
    sizes = (8, 4, 64, 64, 100, 120)
    request = _launcher._Request(
        b"#spattn.causal", b"end", b"sequence", *sizes, ELEMENTS["bf16"], device
    )
    assert _launcher.kernel_of(request) == 7
    for thread in threading.enumerate():
        if thread.name == "spattn-gradients":
            thread.join()
    target = "cpu" if device < 0 else "cuda"
    expected = {(False, target, (100, 120), 0)}
    if recording and device == 0:
        expected.add((True, target, (100, 120), 0))
    assert set(asked) == expected and len(asked) == len(expected)


def test_recording():
    """Whether autograd records a call is noted before the call."""
    case = make(spattn.causal())
    ours(case)
    assert not _launcher.recording
    ours(case.with_gradients())
    assert _launcher.recording

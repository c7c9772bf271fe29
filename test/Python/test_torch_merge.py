# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Merges of attentions in PyTorch, against plain PyTorch in float64."""

import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402
from plain_torch import DTYPES, check_case, make, stored  # noqa: E402
from spattn.errors import ArgumentError, UnsupportedError  # noqa: E402

merge_operator = torch.ops.spattn.merge.default
merge_backward = torch.ops.spattn.merge_backward.default
TOLERANCE = {torch.float32: 2e-5, torch.float16: 4e-3, torch.bfloat16: 3e-2}


def plain_merge(outputs, lses):
    """The definition. A part that is empty has no gradient."""
    lses = torch.stack(list(lses))
    lse = torch.logsumexp(lses, 0)
    finite = torch.where(lse == -torch.inf, 0, lse)
    weights = torch.exp(lses - finite).unsqueeze(-1)
    return (weights * torch.stack(list(outputs))).sum(0), lse


def random_parts(device, dtypes, shape=(2, 3, 70, 64), empty=0.2, seed=1):
    generator = torch.Generator().manual_seed(seed)
    outputs, lses = [], []
    for dtype in dtypes:
        outputs.append(torch.randn(shape, generator=generator).to(device, dtype))
        lse = 3 * torch.randn(shape[:-1], generator=generator)
        lse[torch.rand(shape[:-1], generator=generator) < empty] = -torch.inf
        lses.append(lse.to(device))
    return outputs, lses


def leaves(tensors, dtype=None):
    return [x.detach().to(dtype or x.dtype).clone().requires_grad_() for x in tensors]


def close(got, want, dtype):
    tolerance = TOLERANCE[dtype]
    torch.testing.assert_close(
        got.double(), want.double(), rtol=tolerance, atol=4 * tolerance
    )


@pytest.mark.parametrize("order", ["bhnd", "bnhd"])
@pytest.mark.parametrize("with_lse", [False, True])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_gradients(device, count, with_lse, order):
    for dtype in DTYPES[device]:
        # All of one type, and one in float32, as a running sum is.
        for dtypes in ([dtype] * count, [torch.float32, *[dtype] * (count - 1)]):
            outputs, lses = random_parts(device, dtypes, empty=0)
            outputs = [stored(x, order) for x in outputs]
            ours, our_lses = leaves(outputs), leaves(lses)
            exact, exact_lses = (leaves(x, torch.float64) for x in (outputs, lses))
            out, lse = spattn.torch.merge(ours, our_lses, return_lse=True)
            want, want_lse = plain_merge(exact, exact_lses)
            assert out.dtype == dtypes[0]
            close(out, want, out.dtype)
            close(lse, want_lse, torch.float32)
            dout = torch.randn_like(out)
            dlse = torch.randn_like(lse) if with_lse else torch.zeros_like(lse)
            results = (out, lse) if with_lse else (out,)
            torch.autograd.backward(results, (dout, dlse)[: len(results)])
            torch.autograd.backward((want, want_lse), (dout.double(), dlse.double()))
            for got, reference in zip(ours, exact, strict=True):
                close(got.grad, reference.grad, got.dtype)
            for got, reference in zip(our_lses, exact_lses, strict=True):
                # Sums over 64 columns of float32 products of exact numbers.
                torch.testing.assert_close(
                    got.grad.double(), reference.grad, rtol=1e-4, atol=2e-4
                )


def test_empty_parts(device):
    """They are neutral, whatever they hold, and their gradients are 0."""
    dtype = DTYPES[device][-1]
    outputs, lses = random_parts(device, [dtype] * 3, empty=0.4)
    lses[0][0, 0], lses[1][0, 0], lses[2][0, 0] = 3 * [-torch.inf]
    empty = [lse == -torch.inf for lse in lses]
    kept = [
        x.masked_fill(e.unsqueeze(-1), 0) for x, e in zip(outputs, empty, strict=True)
    ]
    outputs = [
        x.masked_fill(e.unsqueeze(-1), torch.nan)
        for x, e in zip(outputs, empty, strict=True)
    ]
    want, want_lse = plain_merge([x.double() for x in kept], [x.double() for x in lses])
    ours, our_lses = leaves(outputs), leaves(lses)
    out, lse = spattn.torch.merge(ours, our_lses, return_lse=True)
    close(out, want, dtype)
    close(lse, want_lse, torch.float32)
    assert (out[0, 0] == 0).all()
    assert (lse[0, 0] == -torch.inf).all()
    dout = torch.randn_like(out)
    # Nothing reaches rows without a part.
    dout[0, 0] = torch.nan
    torch.autograd.backward((out, lse), (dout, torch.full_like(lse, 0.5)))
    for x, number, mask in zip(ours, our_lses, empty, strict=True):
        assert (x.grad[mask] == 0).all()
        assert (number.grad[mask] == 0).all()
        assert x.grad[~mask].isfinite().all()
        assert number.grad[~mask].isfinite().all()


def test_properties(device):
    dtype = DTYPES[device][0]
    outputs, lses = random_parts(device, [dtype] * 4)
    out, lse = spattn.torch.merge(outputs, lses, return_lse=True)
    backwards = spattn.torch.merge(outputs[::-1], lses[::-1], return_lse=True)
    pairs = [
        spattn.torch.merge(
            outputs[i : i + 2], lses[i : i + 2], dtype=torch.float32, return_lse=True
        )
        for i in (0, 2)
    ]
    nested = spattn.torch.merge(*zip(*pairs, strict=True), return_lse=True, dtype=dtype)
    # Tensors of all parts are sequences of them, without copies.
    stacked = spattn.torch.merge(
        torch.stack(outputs), torch.stack(lses), return_lse=True
    )
    for other in (backwards, nested, stacked):
        close(other[0], out, dtype)
        close(other[1], lse, torch.float32)


@pytest.mark.parametrize("layout", ["bhnd", "bnhd"])
@pytest.mark.parametrize("gradient_of", [("output",), ("output", "lse")])
def test_split_keys(device, layout, gradient_of):
    """Attentions to ranges of keys, merged, are the whole with its gradients, end to
    end: through outputs and log-sum-exps."""
    structure = spattn.per_head(
        (2, spattn.local_band()), (2, spattn.sink(4) | spattn.window(20))
    )

    def split(case):
        tensors = case.tensors
        if layout == "bnhd":
            tensors = [x.transpose(1, 2) for x in tensors]
        parts = [
            spattn.torch.attention(
                *tensors, structure & spattn.keys(*pair), layout=layout, return_lse=True
            )
            for pair in ((0, 40), (40, 41), (41, 130))
        ]
        out, lse = spattn.torch.merge(
            *zip(*parts, strict=True), layout=layout, return_lse=True
        )
        return out if layout == "bhnd" else out.transpose(1, 2), lse

    for dtype in DTYPES[device]:
        case = make(structure, device, dtype, kv_heads=2, queries=130)
        check_case(case, split, lse=True, gradient_of=gradient_of)


def test_opcheck(device):
    dtype = DTYPES[device][-1]
    outputs, lses = random_parts(device, [dtype, torch.float32])
    arguments = leaves(outputs), leaves(lses)
    torch.library.opcheck(merge_operator, arguments, atol=2e-2, rtol=2e-2)
    torch.library.opcheck(
        merge_operator, (*arguments, "bhnd", "float32"), atol=2e-2, rtol=2e-2
    )
    grad = torch.randn_like(outputs[0])
    torch.library.opcheck(merge_backward, (grad, None, outputs, lses))
    torch.library.opcheck(
        merge_backward, (grad.float(), torch.randn_like(lses[0]), outputs, lses)
    )


def test_compile(device):
    """A merge of compiled attentions, with gradients, for several lengths."""
    dtype = DTYPES[device][-1]
    near, far = str(spattn.window(8)), "#spattn.distances<8 to inf>"

    def function(q, k, v):
        parts = [
            spattn.torch.attention(q, k, v, structure, return_lse=True)
            for structure in (near, far)
        ]
        return spattn.torch.merge([p[0] for p in parts], [p[1] for p in parts])

    torch._dynamo.reset()
    compiled = torch.compile(function, fullgraph=True, dynamic=True)
    for length in (30, 50):
        case = make(spattn.causal(), device, dtype, queries=length)
        tensors, others = leaves(case.tensors), leaves(case.tensors)
        out, want = compiled(*tensors), function(*others)
        torch.testing.assert_close(out, want)
        grad = torch.randn_like(out)
        out.backward(grad)
        want.backward(grad)
        for x, y in zip(tensors, others, strict=True):
            torch.testing.assert_close(x.grad, y.grad)


def test_transforms(device):
    """vmap and grad of torch.func; second derivatives are refused."""
    dtype = DTYPES[device][0]
    outputs, lses = random_parts(device, [dtype] * 2, shape=(3, 2, 4, 20, 16))

    def merged(a, b, x, y):
        return spattn.torch.merge([a, b], [x, y])

    got = torch.vmap(merged)(*outputs, *lses)
    want = [merged(*(t[i] for t in (*outputs, *lses))) for i in range(3)]
    torch.testing.assert_close(got, torch.stack(want))
    tensors = [x[0] for x in (*outputs, *lses)]

    def loss(*tensors):
        return merged(*tensors).float().square().sum()

    gradients = torch.func.grad(loss, argnums=(0, 1, 2, 3))(*tensors)
    ours = leaves(tensors)
    loss(*ours).backward()
    for got, want in zip(gradients, ours, strict=True):
        torch.testing.assert_close(got, want.grad)
    ours = leaves(tensors)
    first = torch.autograd.grad(loss(*ours), ours, create_graph=True)
    with pytest.raises(UnsupportedError, match="no second derivative"):
        first[0].sum().backward()


def test_many_parts():
    """More than there are kernels for on a GPU."""
    outputs, lses = random_parts("cpu", [torch.float32] * 40, shape=(1, 2, 9, 20))
    out, lse = spattn.torch.merge(outputs, lses, return_lse=True)
    want, want_lse = plain_merge(
        [x.double() for x in outputs], [x.double() for x in lses]
    )
    close(out, want, torch.float32)
    close(lse, want_lse, torch.float32)


def test_errors(device):
    dtype = DTYPES[device][-1]
    (a, b), (x, y) = random_parts(device, [dtype, dtype])
    for match, arguments in (
        ("outputs: expected one part or more, got none", ([], [])),
        ("lses: expected one for each of the 2 outputs, got 1", ([a, b], [x])),
        (r"outputs\[1\]: expected 4 dimensions", ([a, b[0]], [x, y])),
        (r"outputs\[1\]: expected the shape .*, got", ([a, b[:, :, 1:]], [x, y])),
        (r"lses\[0\]: expected float32, got torch.float16", ([a, b], [x.half(), y])),
        (r"lses\[1\]: expected the shape .*, got", ([a, b], [x, y[:1]])),
        (r"lses\[1\]: expected a torch.Tensor, got float", ([a, b], [x, 1.0])),
        (
            "outputs: expected float32, or one other dtype, got",
            ([a.half(), b.bfloat16()], [x, y]),
        ),
    ):
        with pytest.raises(ArgumentError, match=match):
            spattn.torch.merge(*arguments)
    with pytest.raises(ArgumentError, match="dtype: expected float32"):
        spattn.torch.merge([a, b], [x, y], dtype=torch.float64)
    with pytest.raises(ArgumentError, match="expected layout to be"):
        spattn.torch.merge([a, b], [x, y], layout="bhdn")

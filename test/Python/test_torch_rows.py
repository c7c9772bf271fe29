# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operators on rows by number, against torch's own operations."""

import re

import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402
from spattn.kernels import kernel_for  # noqa: E402
from spattn.merge_problem import problem_of  # noqa: E402
from spattn.rows_problem import RowsProblem  # noqa: E402
from spattn.torch import _rows_operators as rows_operators  # noqa: E402

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
DTYPES = {"cpu": torch.float32, "cuda": torch.bfloat16}
BATCH, HEADS, LENGTH, SOURCE, TERMS = 2, 3, 70, 50, 5


def make(device, dim=32):
    """A source, rows of the result's length, numbers, some of no row, and the same
    numbers of several terms."""
    random = torch.Generator().manual_seed(1)
    sizes = (BATCH, HEADS, SOURCE, dim), (BATCH, HEADS, LENGTH, dim)
    source, others = (
        torch.randn(size, generator=random).to(device, DTYPES[device]) for size in sizes
    )
    numbers = torch.randint(
        -3, SOURCE + 3, (BATCH, HEADS, LENGTH, TERMS), generator=random
    )
    numbers = numbers.to(device, torch.int32)
    return source, others, numbers[..., 0].contiguous(), numbers


def pick(source, numbers):
    """The rows of numbers, (batch, heads, length, terms), in float64; zeros for those
    of no row."""
    isrow = (numbers >= 0) & (numbers < source.shape[2])
    index = numbers.clamp(0, source.shape[2] - 1).long().flatten(2)
    picked = source.double().gather(2, index[..., None].expand(-1, -1, -1, 32))
    return picked.unflatten(2, numbers.shape[2:]) * isrow[..., None]


def unit(x):
    return x / (x.square().mean(-1, keepdim=True) + 1e-24).sqrt()


def close(found, expected):
    tolerance = 1e-5 if found.dtype == torch.float32 else 2e-2
    torch.testing.assert_close(found.double(), expected, rtol=tolerance, atol=tolerance)


def test_kernels_for_few_rows():
    problem = RowsProblem("gather_rows", 3, 32, "f32", marks=(False,))
    assert kernel_for(problem, "cpu", 3, SOURCE).problem == problem


@pytest.mark.parametrize("device", DEVICES)
def test_gathers(device):
    source, _, numbers, _ = make(device)
    expected = pick(source, numbers[..., None])[..., 0, :]
    same, ones = rows_operators.gather_rows([source, source], numbers, "01")
    assert torch.equal(same.double(), expected)
    close(ones, unit(expected))


@pytest.mark.parametrize("device", DEVICES)
def test_gathers_strided_rows(device):
    source, _, numbers, _ = make(device)
    apart = source.transpose(1, 2).contiguous().transpose(1, 2)
    (found,) = rows_operators.gather_rows([apart], numbers)
    (expected,) = rows_operators.gather_rows([source], numbers)
    assert found.is_contiguous()
    assert torch.equal(found, expected)


@pytest.mark.parametrize("device", DEVICES)
def test_sums(device):
    source, others, _, numbers = make(device)
    expected = pick(source, numbers).sum(3)
    close(rows_operators.sum_rows(source, numbers), expected)
    found = rows_operators.sum_rows(source, numbers, None, others)
    close(found, expected + others.double())


@pytest.mark.parametrize("device", DEVICES)
def test_sums_are_gradients(device):
    source, others, _, numbers = make(device)
    x = others.double().requires_grad_()
    (expected,) = torch.autograd.grad(unit(x), x, pick(source, numbers).sum(3))
    close(rows_operators.sum_rows(source, numbers, others), expected)


@pytest.mark.parametrize("device", DEVICES)
def test_merges(device):
    source, _, _, numbers = make(device)
    lses = torch.randn(source.shape[:3], device=device)
    lses[:, :, ::7] = float("-inf")
    isrow = (numbers >= 0) & (numbers < SOURCE)
    index = numbers.clamp(0, SOURCE - 1).long().flatten(2)
    picked = lses.double().gather(2, index).unflatten(2, numbers.shape[2:])
    picked = picked.masked_fill(~isrow, float("-inf"))
    output, lse = rows_operators.merge_rows(source, lses, numbers)
    expected = picked.logsumexp(-1)
    torch.testing.assert_close(lse.double(), expected, rtol=1e-4, atol=1e-4)
    weights = picked.softmax(-1).nan_to_num()
    close(output, (weights[..., None] * pick(source, numbers)).sum(3))


@pytest.mark.parametrize("device", DEVICES)
def test_hashes(device):
    source, *_ = make(device)
    vectors = torch.randn(1, 4, 24, 32).to(source)
    found = rows_operators.hash_rows(source, vectors)
    assert found.dtype == torch.int32 and found.shape == (BATCH, HEADS, SOURCE, 4)
    products = torch.einsum("bhnd,pkd->bhnpk", source.double(), vectors[0].double())
    both = torch.cat([products, -products], -1)
    largest = both.gather(-1, found[..., None].long())[..., 0]
    torch.testing.assert_close(largest, both.amax(-1), rtol=1e-3, atol=1e-5)


def test_sources_without_rows():
    source, _, numbers, several = make("cpu")
    none = source[:, :, :0]
    (found,) = rows_operators.gather_rows([none], numbers)
    assert not found.any()
    assert not rows_operators.sum_rows(none, several).any()
    output, lse = rows_operators.merge_rows(none, none[..., 0], several)
    assert not output.any() and (lse == float("-inf")).all()


def test_operators_are_torchs():
    """Schemas and fake implementations agree with the operators."""
    source, others, numbers, several = make("cpu")
    ops = torch.ops.spattn
    for operator, arguments in (
        (ops.gather_rows, ([source, source], numbers, "01")),
        (ops.sum_rows, (source, several, others, others)),
        (ops.merge_rows, (source, source[..., 0].contiguous(), several)),
        (ops.hash_rows, (source, torch.randn(1, 4, 8, 32))),
    ):
        torch.library.opcheck(operator.default, arguments)


def test_has_no_derivative():
    source, _, numbers, _ = make("cpu")
    (found,) = rows_operators.gather_rows([source.requires_grad_()], numbers)
    with pytest.raises(spattn.UnsupportedError, match="have no derivative"):
        found.sum().backward()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s, o, n, t: rows_operators.gather_rows([], n), "one tensor or more"),
        (lambda s, o, n, t: rows_operators.gather_rows([s], n, "01"), "a digit for"),
        (lambda s, o, n, t: rows_operators.gather_rows([s, o], n), "size of 50 in dim"),
        (lambda s, o, n, t: rows_operators.gather_rows([s], n.long()), "rows: exp"),
        (lambda s, o, n, t: rows_operators.gather_rows([s], t), "rows: expected 3 d"),
        (lambda s, o, n, t: rows_operators.sum_rows(s, n), "rows: expected 4 dim"),
        (lambda s, o, n, t: rows_operators.sum_rows(s, t, s), "unit_rms_of: expected"),
        (lambda s, o, n, t: rows_operators.sum_rows(s, t, o.half()), "the dtype of"),
        (lambda s, o, n, t: rows_operators.merge_rows(s, o[..., 0], t), "lses: expec"),
        (lambda s, o, n, t: rows_operators.hash_rows(s, o), "size of 1 in dimension 0"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(RuntimeError, match=message):
        call(*make("cpu"))


@pytest.mark.parametrize("chip", ["sm_80", "sm_90a"])
@pytest.mark.parametrize(
    "problem",
    [
        RowsProblem("gather_rows", 4, 64, "bf16", (False, True, False)),
        RowsProblem("sum_rows", 4, 64, "f16", (True, True), 4),
        RowsProblem("hash_rows", 4, 64, "bf16", terms=2),
        spattn.MergeProblem(4, 64, ("bf16",), lse=True, terms=4),
    ],
)
def test_problems_have_kernels(problem, chip):
    """For a GPU that need not be there."""
    kernel = spattn.compile(problem, chip)
    assert kernel.problem == problem_of(problem.fields()) == problem
    ptx = kernel.ir("ptx")
    hashes = getattr(problem, "operation", "") == "hash_rows"
    assert ("mma" if hashes else "ld.global.v4") in ptx
    for name in problem.operands:
        assert re.search(rf"\b{name}: ", kernel.description), kernel.description


def test_problems_that_are_none():
    with pytest.raises(spattn.ArgumentError, match="two marks"):
        RowsProblem("sum_rows", 4, 64, "f16", (True,), 4)
    with pytest.raises(spattn.ArgumentError, match="one source or more"):
        RowsProblem("gather_rows", 4, 64, "f16")
    with pytest.raises(spattn.ArgumentError, match="terms"):
        RowsProblem("hash_rows", 4, 64, "f16")
    with pytest.raises(spattn.ArgumentError, match="one part and no gradients"):
        spattn.MergeProblem(4, 64, ("f16", "f16"), terms=2)

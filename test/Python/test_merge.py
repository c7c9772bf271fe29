# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Merges of attentions on arrays, and kernels of merges."""

import definition
import numpy as np
import pytest
import spattn
from spattn import ArgumentError, CompileError, MergeProblem
from spattn.arrays import view_of

NEG_INF = float("-inf")


def random_parts(count, shape=(2, 3, 50, 24), seed=1):
    rng = np.random.default_rng(seed)
    outputs = rng.standard_normal((count, *shape)).astype(np.float32)
    lses = (5 * rng.standard_normal((count, *shape[:3]))).astype(np.float32)
    lses[rng.random(lses.shape) < 0.2] = NEG_INF
    return outputs, lses


def expected(outputs, lses):
    """The definition, in float64."""
    outputs, lses = np.asarray(outputs, np.float64), np.asarray(lses, np.float64)
    with np.errstate(divide="ignore"):
        lse = np.logaddexp.reduce(lses)
    weights = np.exp(lses - np.where(lse == NEG_INF, 0, lse))[..., None]
    return np.where(weights == 0, 0, weights * outputs).sum(0), lse


def test_split_keys():
    """Attentions to ranges of the keys, merged, are the attention to all of them."""
    rng = np.random.default_rng(3)
    q, k, v = rng.standard_normal((3, 2, 4, 70, 16)).astype(np.float32)
    structure = spattn.per_head(
        (2, spattn.local_band()), (2, spattn.sink(4) | spattn.window(20))
    )
    whole = spattn.attention(q, k, v, structure, lse=True)
    ranges = ((0, 11), (11, 40), (40, 70), (70, 90))
    parts = [
        spattn.attention(q, k, v, structure & spattn.keys(*pair), lse=True)
        for pair in ranges
    ]
    merged = spattn.merge(*zip(*parts, strict=True), lse=True)
    exact = definition.attention(q, k, v, structure)
    for got, alone, want in zip(merged, whole, exact, strict=True):
        np.testing.assert_allclose(got, alone, rtol=1e-5, atol=1e-5)
        definition.check(got, want, "f32")


@pytest.mark.parametrize("count", [1, 2, 5])
def test_definition(count):
    outputs, lses = random_parts(count)
    # What an empty part holds is not used.
    outputs[lses == NEG_INF] = np.nan
    out, lse = spattn.merge(list(outputs), list(lses), lse=True)
    want, want_lse = expected(outputs, lses)
    np.testing.assert_allclose(out, want, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(lse, want_lse, rtol=1e-5, atol=1e-5)
    # Arrays of all parts are sequences of them.
    np.testing.assert_array_equal(spattn.merge(outputs, lses), out)


def test_properties():
    """The order of parts does not matter, nor an empty part, nor merges of merges."""
    outputs, lses = random_parts(4)
    out, lse = spattn.merge(outputs, lses, lse=True)
    backwards = spattn.merge(outputs[::-1], lses[::-1], lse=True)
    empty = np.full_like(lses[0], NEG_INF)
    longer = spattn.merge(
        [*outputs, np.full_like(outputs[0], np.nan)], [*lses, empty], lse=True
    )
    pairs = [
        spattn.merge(outputs[i : i + 2], lses[i : i + 2], lse=True) for i in (0, 2)
    ]
    nested = spattn.merge(*zip(*pairs, strict=True), lse=True)
    for other in (backwards, longer, nested):
        np.testing.assert_allclose(other[0], out, rtol=1e-5, atol=2e-6)
        np.testing.assert_allclose(other[1], lse, rtol=1e-5, atol=2e-6)


def test_empty_rows():
    outputs, lses = random_parts(3)
    outputs[:], lses[:] = np.nan, NEG_INF
    out, lse = spattn.merge(outputs, lses, lse=True)
    assert (out == 0).all()
    assert (lse == NEG_INF).all()
    nothing = spattn.merge(outputs[:, :, :, :0], lses[:, :, :, :0])
    assert nothing.shape == (2, 3, 0, 24)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_lses_that_are_not_finite(value):
    """They make their rows NaN, and no others."""
    outputs, lses = random_parts(3)
    lses[1, 0, 0, 7] = value
    want = spattn.merge(np.delete(outputs, 7, 3), np.delete(lses, 7, 3), lse=True)
    out, lse = spattn.merge(outputs, lses, lse=True)
    assert np.isnan(out[0, 0, 7]).all()
    assert np.isnan(lse[0, 0, 7])
    np.testing.assert_array_equal(np.delete(out, 7, 2), want[0])
    np.testing.assert_array_equal(np.delete(lse, 7, 2), want[1])


def test_layout_and_out():
    outputs, lses = random_parts(2)
    want = spattn.merge(outputs, lses)
    swapped = np.ascontiguousarray(outputs.swapaxes(2, 3))
    out = np.empty((2, 50, 3, 24), np.float16)
    got = spattn.merge(swapped, lses, layout="bnhd", out=out)
    assert got is out
    np.testing.assert_allclose(got.swapaxes(1, 2), want, rtol=2e-3, atol=2e-3)
    half = spattn.merge([outputs[0].astype(np.float16), outputs[1]], lses)
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, want, rtol=4e-3, atol=4e-3)


def test_errors():
    outputs, lses = random_parts(2)
    for match, arguments in (
        ("outputs: expected one part or more, got none", ([], [])),
        ("lses: expected one for each of the 2 outputs, got 1", (outputs, lses[:1])),
        (
            r"lses\[1\]: expected 3 dimensions .*, got the shape \(3, 50\)",
            (outputs, [lses[0], lses[1][0]]),
        ),
        (
            r"lses\[0\]: expected elements of f32, got f16",
            (outputs, [lses[0].astype(np.float16), lses[1]]),
        ),
        (
            r"outputs\[1\]: expected the sizes \(2, 3, 50, 24\), got \(2, 3, 49, 24\)",
            ([outputs[0], outputs[1][:, :, 1:]], lses),
        ),
        (
            r"lses\[1\]: expected the sizes \(2, 3, 50\), got \(1, 3, 50\)",
            (outputs, [lses[0], lses[1][:1]]),
        ),
    ):
        with pytest.raises(ArgumentError, match=match):
            spattn.merge(*arguments)
    with pytest.raises(ArgumentError, match="expected layout to be"):
        spattn.merge(outputs, lses, layout="hbnd")
    with pytest.raises(ArgumentError, match="of one other type, got bf16 and f16"):
        MergeProblem(2, 8, ("f16", "bf16"))
    with pytest.raises(ArgumentError, match="expected one part or more"):
        MergeProblem(2, 8, ())


def test_gradient_kernel():
    problem = MergeProblem(3, 24, ("f32", "f32"), lse=True)
    backward = problem.backward(lse_gradient=True)
    assert backward.operands[-5:] == ("dlse", "do0", "do1", "dlse0", "dlse1")
    rng = np.random.default_rng(5)
    arrays = {
        name: rng.standard_normal(backward.shape(name, 2, 50)).astype(np.float32)
        for name in backward.operands
    }
    kernel = spattn.compile(backward)
    assert "merge_backward" in kernel.ir()
    assert "gradients of a merge of 2 parts" in repr(kernel)
    kernel.launch([view_of(arrays[name], name) for name in backward.operands])
    outputs = np.stack([arrays["o0"], arrays["o1"]]).astype(np.float64)
    lses = np.stack([arrays["lse0"], arrays["lse1"]]).astype(np.float64)
    out, lse = expected(outputs, lses)
    for i in range(2):
        weight = np.exp(lses[i] - lse)
        product = (arrays["do"] * (outputs[i] - out)).sum(-1)
        np.testing.assert_allclose(
            arrays[f"do{i}"], weight[..., None] * arrays["do"], rtol=1e-5, atol=1e-5
        )
        np.testing.assert_allclose(
            arrays[f"dlse{i}"],
            weight * (product + arrays["dlse"]),
            rtol=1e-4,
            atol=1e-4,
        )
    with pytest.raises(ArgumentError, match="only attention has a scale"):
        kernel.launch(
            [view_of(arrays[name], name) for name in backward.operands], scale=1.0
        )


@pytest.mark.parametrize("chip", ["sm_80", "sm_90a"])
def test_kernels_for_gpus(chip, tmp_path):
    problem = MergeProblem(8, 128, ("bf16", "f32"), lse=True)
    for what in (problem, problem.backward(lse_gradient=True)):
        kernel = spattn.compile(what, chip)
        assert "ld.global.v4" in kernel.ir("ptx")
        kernel.save(tmp_path / "merge.zip")
        loaded = spattn.load(tmp_path / "merge.zip")
        assert loaded.problem == what
        assert loaded.description.startswith(kernel.description)
    assert spattn.kernel_for(problem, chip, 1024, 1024) is spattn.kernel_for(
        problem, chip, 1024, 1024
    )
    with pytest.raises(CompileError, match="at most 16 parts"):
        spattn.compile(MergeProblem(8, 128, ("bf16",) * 17), chip)
    with pytest.raises(CompileError, match="a multiple of 8 up to 512"):
        spattn.compile(MergeProblem(8, 20, ("bf16",)), chip)

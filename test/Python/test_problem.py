# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Problems, and the classes of lengths."""

import pickle

import pytest
import spattn
from spattn import ArgumentError, Problem, _modules


def test_defaults_and_equality():
    problem = Problem("#spattn.causal", 8, 64)
    assert (problem.kv_heads, problem.value_dim, problem.out_dtype) == (8, 64, "bf16")
    assert problem == Problem(spattn.window(right=0), 8, 64, kv_heads=8)
    assert hash(problem) == hash(pickle.loads(pickle.dumps(problem)))
    # What makes no difference to a kernel makes none here.
    assert problem == Problem(spattn.causal(), 8, 64, deterministic=True)
    assert problem.backward() == problem.backward(lse_gradient=False)
    assert problem != problem.backward()
    with pytest.raises(AttributeError):
        problem.heads = 4


def test_operands():
    problem = Problem(spattn.causal(), 8, 64, "f16", kv_heads=2, value_dim=32, lse=True)
    assert problem.operands == ("q", "k", "v", "o", "lse")
    gradients = problem.backward()
    assert gradients.operands == (
        "q", "k", "v", "o", "lse", "do", "dq", "dk", "dv",
    )  # fmt: skip
    assert gradients.results == ("dq", "dk", "dv")
    assert gradients.shape("q", 3, 10, 20) == (3, 8, 10, 64)
    assert gradients.shape("dv", 3, 10, 20) == (3, 2, 20, 32)
    assert gradients.shape("do", 3, 10, 20) == (3, 8, 10, 32)
    assert gradients.shape("lse", 3, 10, 20) == (3, 8, 10)
    assert gradients.element("lse") == "f32" and gradients.element("dq") == "f16"


@pytest.mark.parametrize("gradients", [False, True, "with dlse"])
@pytest.mark.parametrize("lse", [False, True])
@pytest.mark.parametrize("alignment", ["end", "start"])
def test_ir_is_valid(gradients, lse, alignment):
    problem = Problem(
        spattn.sink(4) | spattn.window(64), 4, 32, "f32", kv_heads=2, value_dim=16,
        lse=lse, alignment=alignment,
    )  # fmt: skip
    if gradients:
        problem = problem.backward(lse_gradient=gradients == "with dlse")
    text = _modules.lower(problem.ir(), "")
    assert ("attention_backward" in text) == bool(gradients)
    assert ("dlse(" in text) == (gradients == "with dlse")
    assert ("alignment<start>" in text) == (alignment == "start")
    assert text.count("->") >= 1 and "scale(" in text


@pytest.mark.parametrize("gradients", [False, True])
def test_ir_with_modified_scores(gradients):
    problem = Problem(
        spattn.causal(), 4, 32, sinks=True, soft_cap=True, alibi_slopes=True,
        distance_bias=9,
    )  # fmt: skip
    if gradients:
        problem = problem.backward()
    assert problem.scalars == ("scale", "soft_cap")
    assert "sink slopes bias" in " ".join(problem.operands)
    assert problem.shape("slopes", 1, 2, 3) == (4,)
    assert problem.shape("bias", 1, 2, 3) == (4, 9) and problem.element("bias") == "f32"
    text = _modules.lower(problem.ir(), "")
    for clause in ("alibi_slopes(", "distance_bias(", "soft_cap("):
        assert clause in text


ERRORS = [
    (dict(heads=0), "heads that is a positive integer, got 0"),
    (dict(heads=2.0), "positive integer, got 2.0"),
    (dict(head_dim=True), "positive integer, got True"),
    (dict(kv_heads=3), "multiple of that of key heads, got 4 and 3"),
    (dict(dtype="float32"), "dtype to be 'f32' or 'f16' or 'bf16', got 'float32'"),
    (dict(out_dtype="f16"), "out_dtype to be 'bf16' or 'f32', got 'f16'"),
    (dict(alignment="middle"), "'end' or 'start'"),
    (dict(distance_bias=-1), "distance_bias that is a positive integer, got -1"),
    (dict(structure=spattn.per_head((3, spattn.full()))), "mixture for 3 heads, got 4"),
]


@pytest.mark.parametrize("number", range(len(ERRORS)))
def test_errors(number):
    changes, message = ERRORS[number]
    fields = {"structure": spattn.causal(), "heads": 4, "head_dim": 8, **changes}
    with pytest.raises(ArgumentError, match=message):
        Problem(**fields)


def test_length_classes():
    of = spattn.length_class
    assert of(1, 1) == of(0, 0) == of(1024, 1024) == 10
    assert of(1025, 7) == of(1, 2048) == 11
    assert of(4096, 4096) == 12
    assert of(131072, 131072) == of(10**8, 5) == 17

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Merges of attentions for JAX."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from ..errors import ArgumentError
from ..merge_problem import MergeProblem
from ..merging import LENGTH
from . import _ffi
from ._calls import DTYPES, refuse
from ._checks import ELEMENTS, checked
from ._shards import like, vary_alike


@dataclass(frozen=True)
class _Call:
    """The static arguments of a call."""

    problem: MergeProblem
    layout: str


def merge(
    outputs: Sequence[jax.Array] | jax.Array,
    lses: Sequence[jax.Array] | jax.Array,
    *,
    layout: str = "bhnd",
    dtype: Any = None,
    return_lse: bool = False,
) -> Any:
    """Merges attentions of the same queries to parts of the keys into one.

    `outputs` and `lses` are the results of `attention(..., return_lse=True)`, one pair
    for each part: sequences, or arrays whose first dimension is that of the parts. The
    merge is the attention to the keys of all parts, each counted as often as it is in
    one: `sum(exp(lses[p] - lse) * outputs[p])` with `lse = log(sum(exp(lses)))`. A
    part whose log-sum-exp is -inf is empty: its output is not used, and its gradients
    are 0.

    Gradients flow through outputs and log-sum-exps. Outputs may be float32, or of one
    other type; the result is of `dtype`, by default that of the first output. With
    `return_lse`, returns a pair: the output, and the log-sum-exp, (batch, heads,
    length) in float32.
    """
    outputs, lses = tuple(outputs), tuple(lses)
    if not outputs:
        raise ArgumentError("outputs: expected one part or more, got none")
    if len(outputs) != len(lses):
        raise ArgumentError(
            f"lses: expected one for each of the {len(outputs)} outputs, got "
            f"{len(lses)}"
        )
    outputs = [checked(f"outputs[{i}]", x, layout) for i, x in enumerate(outputs)]
    lses = [jnp.asarray(x) for x in lses]
    sizes = dict(zip(layout, outputs[0].shape, strict=True))
    numbers = tuple(sizes[dimension] for dimension in "bhn")
    expected = [outputs[0].shape] * len(outputs) + [numbers] * len(lses)
    names = [f"{kind}[{i}]" for kind in ("outputs", "lses") for i in range(len(lses))]
    for name, array, shape in zip(names, [*outputs, *lses], expected, strict=True):
        if array.shape != shape:
            raise ArgumentError(
                f"{name}: expected the shape {shape}, got {array.shape}"
            )
    for name, array in zip(names[len(lses) :], lses, strict=True):
        if array.dtype != jnp.float32:
            raise ArgumentError(f"{name}: expected float32, got {array.dtype}")
    out_dtype = outputs[0].dtype if dtype is None else jnp.dtype(dtype)
    if out_dtype.name not in ELEMENTS:
        raise ArgumentError(
            f"dtype: expected float32, float16 or bfloat16, got {out_dtype}"
        )
    problem = MergeProblem(
        sizes["h"],
        sizes["d"],
        tuple(ELEMENTS[x.dtype.name] for x in outputs),
        out_dtype=ELEMENTS[out_dtype.name],
        lse=return_lse,
    )
    arrays = vary_alike(dict(zip(names, [*outputs, *lses], strict=True)))
    results = _merge(tuple(arrays.values()), _Call(problem, layout))
    return results if return_lse else results[0]


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def _merge(operands, call: _Call):
    return _launch(call, *operands)


def _forward(operands, call: _Call):
    operands = tuple(primal.value for primal in operands)
    return _launch_once(call, *operands), operands


def _backward(call: _Call, operands, gradients):
    dout, *others = gradients
    if isinstance(dout, SymbolicZero):
        dout = jnp.zeros(dout.shape, dout.dtype)
    # A symbolic zero means that the loss does not depend on the log-sum-exp.
    dlse = [x for x in others if not isinstance(x, SymbolicZero)]
    problem = call.problem.backward(lse_gradient=bool(dlse))
    dout = dout.astype(DTYPES[problem.out_dtype])
    dlse = [x.astype(jnp.float32) for x in dlse]
    return (tuple(_launch_once(_Call(problem, call.layout), *operands, dout, *dlse)),)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _launch_once(call: _Call, *operands):
    """A launch in a forward or backward rule; differentiating it is an error."""
    return _launch(call, *operands)


_launch_once.defvjp(refuse, refuse)
_merge.defvjp(_forward, _backward, symbolic_zeros=True)


def _launch(call: _Call, *operands: jax.Array) -> tuple[jax.Array, ...]:
    """Calls a problem's kernel. Its results are the last of its operands."""
    problem, layout = call.problem, call.layout
    first = operands[0]
    results = []
    for name in problem.results:
        shape = problem.shape(name, first.shape[0], first.shape[layout.index("n")])
        if layout == "bnhd" and len(shape) == 4:
            shape = (shape[0], shape[2], shape[1], shape[3])
        results.append(like(first, shape, jnp.dtype(DTYPES[problem.element(name)])))
    numbers = math.nan, None
    return _ffi.call(problem, layout, numbers, LENGTH, LENGTH, operands, results)

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls of attention kernels, and their derivatives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from ..errors import UnsupportedError
from ..problem import Problem
from . import _ffi
from ._checks import ELEMENTS, OF_HEADS
from ._shards import like

DTYPES = {"i32": "int32"} | {element: name for name, element in ELEMENTS.items()}


@dataclass(frozen=True)
class Call:
    """The static arguments of a call."""

    problem: Problem
    layout: str
    scale: float
    soft_cap: float | None = None


@partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def run(operands, call: Call, deterministic: bool | None):
    return _launch(call, *operands)


def _forward(operands, call: Call, deterministic: bool | None):
    if call.problem.page_size and any(x.perturbed for x in operands):
        raise UnsupportedError(
            "page_table: attention to keys in pages has no gradients; apply "
            "jax.lax.stop_gradient to its arrays"
        )
    for name, primal in zip(call.problem.operands, operands):  # noqa: B905
        if name in ("slopes", "bias") and primal.perturbed:
            raise UnsupportedError(
                f"{OF_HEADS[name]}: spattn has no gradient by it; apply "
                "jax.lax.stop_gradient to it"
            )
    operands = tuple(primal.value for primal in operands)
    with_lse = replace(call, problem=replace(call.problem, lse=True))
    output, lse = _launch_once(with_lse, *operands)
    results = (output, lse) if call.problem.lse else (output,)
    return results, (operands, output, lse)


def _backward(call: Call, deterministic: bool | None, saved, gradients):
    (q, k, v, *optional), output, lse = saved
    dout, *others = gradients
    if isinstance(dout, SymbolicZero):
        dout = jnp.zeros_like(output)
    # A symbolic zero means that the loss does not depend on the log-sum-exp.
    dlse = [x for x in others if not isinstance(x, SymbolicZero)]
    problem = call.problem.backward(
        lse_gradient=bool(dlse), deterministic=deterministic
    )
    inputs = q, k, v, output, lse, dout, *dlse, *optional
    results = _launch_once(replace(call, problem=problem), *inputs)
    # Nothing else has a gradient.
    constants = [None] * (3 + len(optional) - len(results))
    return ((*results, *constants),)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _launch_once(call: Call, *operands):
    """A launch in a forward or backward rule; differentiating it is an error."""
    return _launch(call, *operands)


def refuse(call: Call, *operands):
    raise UnsupportedError(
        "spattn does not support second derivatives of attention; apply "
        "stop_gradient() to the first, or compute this attention with jax.numpy"
    )


_launch_once.defvjp(refuse, refuse)
run.defvjp(_forward, _backward, symbolic_zeros=True)


def _launch(call: Call, *operands: jax.Array) -> tuple[jax.Array, ...]:
    """Calls a problem's kernel. Its results are the last of its operands."""
    problem, layout = call.problem, call.layout
    q, k = operands[:2]
    batch = q.shape[0]
    queries, keys = (x.shape[layout.index("n")] for x in (q, k))
    if problem.page_size:
        # The last operand is the page table.
        keys *= operands[-1].shape[1]
    results = []
    for name in problem.results:
        shape = problem.shape(name, batch, queries, keys)
        if layout == "bnhd" and len(shape) == 4:
            shape = (shape[0], shape[2], shape[1], shape[3])
        dtype = jnp.dtype(DTYPES[problem.element(name)])
        results.append(like(q, shape, dtype))
    # Cotangents may have another dtype than the result.
    operands = [
        operand.astype(DTYPES[problem.element(name)])
        for name, operand in zip(problem.operands, operands)  # noqa: B905
    ]
    numbers = call.scale, call.soft_cap
    return _ffi.call(problem, layout, numbers, queries, keys, operands, results)

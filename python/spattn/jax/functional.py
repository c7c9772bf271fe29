# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The attention function for JAX."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero
from jax.sharding import NamedSharding, PartitionSpec

from ..errors import ArgumentError, UnsupportedError
from ..problem import Problem
from ..structure import Structure, as_structure
from . import _ffi
from ._shards import structure_of_shard

_ELEMENTS = {"float32": "f32", "float16": "f16", "bfloat16": "bf16"}
_DTYPES = {element: name for name, element in _ELEMENTS.items()}
_DIMENSIONS = {"b": "batch", "h": "heads", "n": "length", "d": "head dimension"}
#: The arguments of numbers of heads.
_OF_HEADS = {"sink": "sinks", "slopes": "alibi_slopes", "bias": "distance_bias"}
#: Dimensions that operands must agree on.
_AGREE = (("b", "k", "q"), ("b", "v", "q"), ("h", "v", "k"), ("n", "v", "k"))


@dataclass(frozen=True)
class _Call:
    """The static arguments of a call."""

    problem: Problem
    layout: str
    scale: float
    soft_cap: float | None = None


def attention(
    query: jax.Array,
    key: jax.Array,
    value: jax.Array,
    structure: Structure | str,
    *,
    scale: float | None = None,
    layout: str = "bhnd",
    alignment: str = "end",
    sinks: jax.Array | None = None,
    soft_cap: float | None = None,
    alibi_slopes: jax.Array | None = None,
    distance_bias: jax.Array | None = None,
    return_lse: bool = False,
    deterministic: bool | None = None,
    heads_axis: str | None = None,
) -> Any:
    """Computes attention over the (query, key) pairs that `structure` allows.

    Arrays have the dimensions (batch, heads, length, head dimension), or (batch,
    length, heads, head dimension) with `layout="bnhd"`; the batch may be missing if it
    is in all three, as under vmap. They are float32, float16 or bfloat16 on the CPU,
    and float16 or bfloat16 on a GPU. Key and value may have fewer heads than query
    (grouped-query attention), and value may have another head dimension.

    With `return_lse`, returns a pair: the output, and the log-sum-exp of each query's
    scores, (batch, heads, length) in float32. Gradients flow through both. A query
    that sees no key has the output 0, the log-sum-exp -inf, and no gradient.

    `scale` must be known at trace time and defaults to `1 / sqrt(head dimension)`. If
    query and key have different lengths, `alignment="end"` aligns the last query to
    the last key, and `"start"` the first query to the first key. `deterministic=True`
    makes gradients on GPUs bitwise reproducible; None takes the faster mode.

    `sinks` has one learned logit per query head. It takes part in the softmax of each
    of the head's queries, unscaled and without a value, and has a gradient. The
    log-sum-exp includes it; it is the sink where a query sees no key.

    Scores may be modified, in this order. `soft_cap`, known at trace time, caps them
    smoothly, to `soft_cap * tanh(score / soft_cap)`. `alibi_slopes` has one number per
    query head, and subtracts it times the size of the distance. `distance_bias`,
    (heads, n), adds the number of the distance: entry `n // 2` is that of distance 0,
    later ones are towards the past, and pairs that are farther apart take the first or
    the last. Slopes and biases have no gradient.

    Within `jax.shard_map`, the arrays are those of one shard. If heads are sharded,
    `heads_axis` is the mesh axis that they are sharded over, and `structure` describes
    all heads, from which each shard takes its part.
    """
    options: dict[str, Any] = {
        "scale": scale,
        "layout": layout,
        "alignment": alignment,
        "sinks": sinks,
        "soft_cap": soft_cap,
        "alibi_slopes": alibi_slopes,
        "distance_bias": distance_bias,
        "return_lse": return_lse,
        "deterministic": deterministic,
        "heads_axis": heads_axis,
    }
    if all(jnp.ndim(array) == 3 for array in (query, key, value)):
        batches = (jnp.asarray(array)[None] for array in (query, key, value))
        results = attention(*batches, structure, **options)
        return jax.tree.map(lambda result: result[0], results)
    structure = as_structure(structure)
    arrays = {
        name: _checked(name, array, layout)
        for name, array in (("q", query), ("k", key), ("v", value))
    }
    sizes = _sizes(arrays, layout)
    if scale is None:
        scale = 1 / math.sqrt(sizes["q"]["d"])
    elif isinstance(scale, jax.core.Tracer) or not math.isfinite(scale):
        raise ArgumentError(
            f"expected a scale that is a finite number when it is traced, got {scale}; "
            "multiply the queries by one that is an array"
        )
    if soft_cap is not None and (
        isinstance(soft_cap, jax.core.Tracer) or not 0 < soft_cap < math.inf
    ):
        raise ArgumentError(
            "expected a soft_cap that is a positive, finite number when it is traced, "
            f"got {soft_cap}"
        )
    of_heads = {"sink": sinks, "slopes": alibi_slopes, "bias": distance_bias}
    for name, array in of_heads.items():
        if array is not None:
            arrays[name] = _checked_of_heads(name, array, sizes["q"]["h"])
    arrays = _vary_alike(arrays)

    def call(structure: Structure) -> tuple[jax.Array, ...]:
        problem = Problem(
            structure,
            sizes["q"]["h"],
            sizes["q"]["d"],
            _ELEMENTS[arrays["q"].dtype.name],
            kv_heads=sizes["k"]["h"],
            value_dim=sizes["v"]["d"],
            lse=return_lse,
            sinks=sinks is not None,
            soft_cap=soft_cap is not None,
            alibi_slopes=alibi_slopes is not None,
            distance_bias=arrays["bias"].shape[1] if "bias" in arrays else 0,
            deterministic=None,
            alignment=alignment,
        )
        options = _Call(problem, layout, float(scale), soft_cap)
        return _attention(tuple(arrays.values()), options, deterministic)

    if heads_axis is None:
        results = call(structure)
    else:
        shards = jax.lax.axis_size(heads_axis)
        heads = sizes["q"]["h"] * shards
        parts = [structure_of_shard(structure, i, shards, heads) for i in range(shards)]
        if len(set(parts)) == 1:
            results = call(parts[0])
        else:
            branches = [partial(call, part) for part in parts]
            results = jax.lax.switch(jax.lax.axis_index(heads_axis), branches)
    return results if return_lse else results[0]


@partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def _attention(operands, call: _Call, deterministic: bool | None):
    return _launch(call, *operands)


def _forward(operands, call: _Call, deterministic: bool | None):
    for name, primal in zip(call.problem.operands, operands):  # noqa: B905
        if name in ("slopes", "bias") and primal.perturbed:
            raise UnsupportedError(
                f"{_OF_HEADS[name]}: spattn has no gradient by it; apply "
                "jax.lax.stop_gradient to it"
            )
    operands = tuple(primal.value for primal in operands)
    with_lse = replace(call, problem=replace(call.problem, lse=True))
    output, lse = _launch_once(with_lse, *operands)
    results = (output, lse) if call.problem.lse else (output,)
    return results, (operands, output, lse)


def _backward(call: _Call, deterministic: bool | None, saved, gradients):
    (q, k, v, *of_heads), output, lse = saved
    dout, *others = gradients
    if isinstance(dout, SymbolicZero):
        dout = jnp.zeros_like(output)
    # A symbolic zero means that the loss does not depend on the log-sum-exp.
    dlse = [x for x in others if not isinstance(x, SymbolicZero)]
    problem = call.problem.backward(
        lse_gradient=bool(dlse), deterministic=deterministic
    )
    inputs = q, k, v, output, lse, dout, *dlse, *of_heads
    results = _launch_once(replace(call, problem=problem), *inputs)
    constants = (jnp.zeros_like(x) for x in of_heads[len(results) - 3 :])
    return ((*results, *constants),)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _launch_once(call: _Call, *operands):
    """A launch in a forward or backward rule; differentiating it is an error."""
    return _launch(call, *operands)


def _refuse(call: _Call, *operands):
    raise UnsupportedError(
        "spattn does not support second derivatives of attention; apply "
        "stop_gradient() to the first, or compute this attention with jax.numpy"
    )


_launch_once.defvjp(_refuse, _refuse)
_attention.defvjp(_forward, _backward, symbolic_zeros=True)


def _launch(call: _Call, *operands: jax.Array) -> tuple[jax.Array, ...]:
    """Calls a problem's kernel. Its results are the last of its operands."""
    problem, layout = call.problem, call.layout
    q, k = operands[:2]
    batch = q.shape[0]
    queries, keys = (x.shape[layout.index("n")] for x in (q, k))
    results = []
    for name in problem.results:
        shape = problem.shape(name, batch, queries, keys)
        if layout == "bnhd" and len(shape) == 4:
            shape = (shape[0], shape[2], shape[1], shape[3])
        dtype = jnp.dtype(_DTYPES[problem.element(name)])
        results.append(_like(q, shape, dtype))
    # Cotangents may have another dtype than the result.
    operands = [
        operand.astype(_DTYPES[problem.element(name)])
        for name, operand in zip(problem.operands, operands)  # noqa: B905
    ]
    numbers = call.scale, call.soft_cap
    return _ffi.call(problem, layout, numbers, queries, keys, operands, results)


def _checked(name: str, array: Any, layout: str) -> jax.Array:
    """Converts an operand to an array, and checks its rank and dtype."""
    if layout not in ("bhnd", "bnhd"):
        raise ArgumentError(f"expected layout to be 'bhnd' or 'bnhd', got {layout!r}")
    if not hasattr(array, "shape"):
        raise ArgumentError(f"{name}: expected an array, got {array!r}")
    array = jnp.asarray(array)
    if array.ndim != 4:
        order = ", ".join(_DIMENSIONS[letter] for letter in layout)
        raise ArgumentError(
            f"{name}: expected 4 dimensions ({order}), got the shape {array.shape}"
        )
    if array.dtype.name not in _ELEMENTS:
        raise ArgumentError(
            f"{name}: expected float32, float16 or bfloat16, got {array.dtype}"
        )
    return array


def _checked_of_heads(name: str, array: Any, heads: int) -> jax.Array:
    shape, rank = jnp.shape(array), 2 if name == "bias" else 1
    if len(shape) != rank or shape[0] != heads or shape[-1] == 0:
        expected = {
            "sink": f"one logit per query head, the shape ({heads},)",
            "slopes": f"one slope per query head, the shape ({heads},)",
            "bias": f"numbers per query head, the shape ({heads}, distances)",
        }
        raise ArgumentError(
            f"{_OF_HEADS[name]}: expected {expected[name]}, got {shape}"
        )
    return jnp.asarray(array, jnp.float32)


def _sizes(arrays: dict[str, jax.Array], layout: str) -> dict[str, dict[str, int]]:
    """The sizes of the operands by dimension, after checking that they agree."""
    q = arrays["q"]
    for name, array in arrays.items():
        if array.dtype != q.dtype:
            raise ArgumentError(
                f"{name}: expected the dtype of q, {q.dtype}, got {array.dtype}"
            )
    sizes = {
        name: dict(zip(layout, array.shape))  # noqa: B905
        for name, array in arrays.items()
    }
    for dimension, a, b in (*_AGREE, ("d", "k", "q")):
        if sizes[a][dimension] != sizes[b][dimension]:
            raise ArgumentError(
                f"{a}: expected the {_DIMENSIONS[dimension]} of {b}, "
                f"{sizes[b][dimension]}, got {sizes[a][dimension]}"
            )
    return sizes


def _vary_alike(arrays: dict[str, jax.Array]) -> dict[str, jax.Array]:
    """Casts operands to vary over the same mesh axes, as shard_map requires."""
    varying = {name: _varying(array) for name, array in arrays.items()}
    union = frozenset().union(*varying.values())
    return {
        name: jax.lax.pcast(array, tuple(sorted(missing)), to="varying")
        if (missing := union - varying[name])
        else array
        for name, array in arrays.items()
    }


def _varying(array: jax.Array) -> frozenset[str]:
    manual = getattr(jax.typeof(array), "manual_axis_type", None)
    return manual.varying if manual is not None else frozenset()


def _like(array: jax.Array, shape: tuple[int, ...], dtype: Any) -> Any:
    """The type of a result that varies over the same mesh axes as `array`."""
    if not _varying(array):
        return jax.ShapeDtypeStruct(shape, dtype)
    aval = jax.typeof(array)
    whole = NamedSharding(aval.sharding.mesh, PartitionSpec(*[None] * len(shape)))
    manual = aval.manual_axis_type
    return jax.ShapeDtypeStruct(shape, dtype, sharding=whole, manual_axis_type=manual)

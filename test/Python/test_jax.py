# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The operator for JAX against the definition in float64, under JAX's transforms."""

import functools
import os
import subprocess
import sys

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import definition  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import spattn  # noqa: E402
import spattn.jax  # noqa: E402
from plain_jax import (  # noqa: E402
    EXCLUSIVE,
    MIXTURE,
    NAMES,
    check_all,
    double,
    draw,
)
from spattn.errors import ArgumentError, UnsupportedError  # noqa: E402

CASES = [
    pytest.param(EXCLUSIVE, {}, id="bands"),
    pytest.param(MIXTURE, {"kv_heads": 2}, id="mixture-grouped"),
    pytest.param(EXCLUSIVE, {"queries": 37, "keys": 100}, id="lengths"),
    pytest.param(spattn.window(9), {"value_dim": 24}, id="values"),
]


@pytest.mark.parametrize("structure, sizes", CASES)
@pytest.mark.parametrize("with_lse", [False, True])
def test_attention_and_gradients(structure, sizes, with_lse, element):
    q, k, v, dout, dlse = draw(element, **sizes)
    arrays = [double(x) for x in (q, k, v)]
    expected = definition.attention(*arrays, structure)
    if with_lse:
        call = functools.partial(
            spattn.jax.attention, structure=structure, return_lse=True
        )
        results, pull = jax.vjp(call, q, k, v)
        check_all(results, expected, element)
        seen = jnp.isfinite(results[1])
        dlse = jnp.where(seen, dlse, 0)
        gradients = pull((dout, dlse))
    else:
        call = functools.partial(spattn.jax.attention, structure=structure)
        result, pull = jax.vjp(call, q, k, v)
        check_all([result], expected[:1], element)
        dlse = jnp.zeros_like(dlse)
        gradients = pull(dout)
    expected = definition.gradients(*arrays, structure, double(dout), double(dlse))
    check_all(gradients, expected, element, factor=4)


@pytest.mark.parametrize("element", ["f16", "bf16"])
def test_sixteen_bits(element, platform):
    q, k, v, dout, _ = draw(element)
    result, pull = jax.vjp(lambda *x: spattn.jax.attention(*x, EXCLUSIVE), q, k, v)
    assert result.dtype == NAMES[element]
    arrays = [double(x) for x in (q, k, v)]
    check_all([result], definition.attention(*arrays, EXCLUSIVE)[:1], element)
    expected = definition.gradients(*arrays, EXCLUSIVE, double(dout))
    check_all(pull(dout), expected, element, factor=4)


def test_options(element):
    q, k, v, _, _ = draw(element, queries=40, keys=60)
    arrays = [double(x) for x in (q, k, v)]
    options = {"scale": 0.5, "alignment": "start"}
    actual = spattn.jax.attention(q, k, v, spattn.window(9), **options)
    expected, _ = definition.attention(*arrays, spattn.window(9), **options)
    definition.check(double(actual), expected, element)

    swapped = (jnp.swapaxes(x, 1, 2) for x in (q, k, v))
    actual, lse = spattn.jax.attention(
        *swapped, "#spattn.partition<exclusive>", layout="bnhd", return_lse=True
    )
    expected = definition.attention(*arrays, EXCLUSIVE)
    check_all((jnp.swapaxes(actual, 1, 2), lse), expected, element)


def test_jit(element):
    traces = []

    @jax.jit
    def loss(q, k, v):
        traces.append(q.shape)
        return (spattn.jax.attention(q, k, v, EXCLUSIVE).astype(jnp.float32) ** 2).sum()

    for queries in (64, 100, 64):
        q, k, v, _, _ = draw(element, queries=queries)
        gradients = jax.jit(jax.grad(loss, (0, 1, 2)))(q, k, v)
        out, _ = definition.attention(*(double(x) for x in (q, k, v)), EXCLUSIVE)
        expected = definition.gradients(
            *(double(x) for x in (q, k, v)), EXCLUSIVE, 2 * out
        )
        check_all(gradients, expected, element, factor=8)
    assert traces == [(2, 4, 64, 16), (2, 4, 100, 16)]


def test_checkpoint(element):
    q, k, v, dout, _ = draw(element)

    @jax.checkpoint
    def call(q, k, v):
        return spattn.jax.attention(q, k, v, MIXTURE)

    _, pull = jax.vjp(call, q, k, v)
    expected = definition.gradients(
        *(double(x) for x in (q, k, v)), MIXTURE, double(dout)
    )
    check_all(pull(dout), expected, element, factor=4)


@pytest.mark.parametrize("layout", ["bhnd", "bnhd"])
def test_vmap(layout, element):
    """Over batches, and over arrays without a batch, some of them shared."""
    q, k, v, dout, _ = draw(element, batch=6)
    arrays = [double(x) for x in (q, k, v)]
    if layout == "bnhd":
        q, k, v, dout = (jnp.swapaxes(x, 1, 2) for x in (q, k, v, dout))
    call = functools.partial(
        spattn.jax.attention, structure=MIXTURE, layout=layout, return_lse=True
    )
    back = (lambda x: jnp.swapaxes(x, 1, 2)) if layout == "bnhd" else (lambda x: x)

    split = [x.reshape(3, 2, *x.shape[1:]) for x in (q, k, v)]
    for each in (jax.vmap(call), jax.vmap(jax.vmap(call))):
        out, lse = each(*split)
        out, lse = (x.reshape(6, *x.shape[2:]) for x in (out, lse))
        check_all((back(out), lse), definition.attention(*arrays, MIXTURE), element)

    def loss(q, k, v, dout):
        return (call(q, k, v)[0] * dout).astype(jnp.float32).sum()

    gradients = jax.vmap(jax.grad(loss, (0, 1, 2)))(q, k, v, dout)
    expected = definition.gradients(*arrays, MIXTURE, double(back(dout)))
    check_all([back(x) for x in gradients], expected, element, factor=4)

    shared = jax.vmap(call, in_axes=(0, None, None))(q, k[0], v[0])[0]
    same = [arrays[0], *(np.broadcast_to(x[:1], x.shape) for x in arrays[1:])]
    expected, _ = definition.attention(*same, MIXTURE)
    definition.check(double(back(shared)), expected, element)


def test_compiled_program_of_another_process(tmp_path):
    """XLA's cache of programs has no address of a kernel that is gone."""
    program = """
import jax, jax.numpy as jnp, numpy as np, spattn, spattn.jax
from spattn.jax import _ffi
_ffi.kernel_for, kept = (lambda *a, **k: None), _ffi.kernel_for
x = jnp.asarray(np.random.default_rng(0).standard_normal((1, 2, 64, 16)), jnp.float32)
f = jax.jit(lambda x: spattn.jax.attention(x, x, x, spattn.exclusive_bands()))
compiled = f.lower(x).compile()
_ffi.kernel_for = kept
print(float(jnp.abs(compiled(x)).sum()))
"""
    environment = os.environ | {
        "JAX_PLATFORMS": "cpu",
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    outputs = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout)
        assert any(tmp_path.iterdir())
    assert outputs[0] == outputs[1]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"query": "q"}, "q: expected an array"),
        (
            {"query": np.zeros((2, 3), np.float32)},
            r"q: expected 4 dimensions .* \(2, 3\)",
        ),
        ({"key": np.zeros((2, 4, 8, 16), np.int32)}, "k: expected float32"),
        ({"key": np.zeros((2, 4, 8, 16), jnp.bfloat16)}, "k: expected the dtype of q"),
        (
            {"key": np.zeros((2, 4, 8, 8), np.float32)},
            "k: expected the head dimension of q",
        ),
        ({"value": np.zeros((2, 2, 8, 16), np.float32)}, "v: expected the heads of k"),
        ({"layout": "hbnd"}, "layout"),
        ({"scale": float("inf")}, "scale"),
        ({"structure": "#spattn.cuasal"}, "cuasal"),
        ({"structure": spattn.per_head((3, spattn.causal()))}, "3 heads"),
    ],
)
def test_refused(change, message):
    x = jnp.zeros((2, 4, 8, 16))
    arguments = {"query": x, "key": x, "value": x, "structure": EXCLUSIVE} | change
    with pytest.raises(ValueError, match=message):
        spattn.jax.attention(**arguments)


def test_refused_scale_that_is_traced():
    x = jnp.zeros((2, 4, 8, 16))
    call = jax.jit(lambda scale: spattn.jax.attention(x, x, x, EXCLUSIVE, scale=scale))
    with pytest.raises(ArgumentError, match="multiply the queries"):
        call(0.5)


def test_refused_second_derivative():
    x = jnp.ones((1, 2, 8, 16))

    def loss(x):
        return spattn.jax.attention(x, x, x, EXCLUSIVE).sum()

    with pytest.raises(UnsupportedError, match="second derivatives"):
        jax.grad(lambda x: jax.grad(loss)(x).sum())(x)

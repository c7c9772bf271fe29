# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Merges of attentions in JAX, against jax.numpy in float32."""

import os

import numpy as np
import pytest

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402
import spattn  # noqa: E402
import spattn.jax  # noqa: E402
from spattn.errors import ArgumentError, UnsupportedError  # noqa: E402


def random_parts(count, shape=(2, 3, 40, 16), seed=1):
    rng = np.random.default_rng(seed)
    outputs = [
        jnp.asarray(rng.standard_normal(shape), jnp.float32) for _ in range(count)
    ]
    lses = [
        jnp.asarray(3 * rng.standard_normal(shape[:3]), jnp.float32)
        for _ in range(count)
    ]
    return outputs, lses


def plain_merge(outputs, lses):
    lses = jnp.stack(lses)
    lse = jax.scipy.special.logsumexp(lses, axis=0)
    weights = jnp.exp(lses - lse)[..., None]
    return (weights * jnp.stack(outputs)).sum(0), lse


@pytest.mark.parametrize("jit", [False, True])
def test_gradients(jit):
    if jax.default_backend() == "gpu":
        pytest.skip("GPUs have others than float32 in attention's tests")
    outputs, lses = random_parts(3)
    rng = np.random.default_rng(2)
    dout = jnp.asarray(rng.standard_normal(outputs[0].shape), jnp.float32)
    dlse = jnp.asarray(rng.standard_normal(lses[0].shape), jnp.float32)

    def run(function):
        value = jax.jit(function) if jit else function
        return jax.vjp(value, outputs, lses)

    def ours(outputs, lses):
        return spattn.jax.merge(outputs, lses, return_lse=True)

    results, back = run(ours)
    wanted, wanted_back = run(plain_merge)
    for got, want in zip(results, wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)
    for grads in ((dout, dlse), (dout, 0 * dlse), (0 * dout, dlse)):
        found = jax.tree.leaves(back(grads))
        exact = jax.tree.leaves(wanted_back(grads))
        for got, want in zip(found, exact, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)
    # The output alone.
    gradient = jax.grad(lambda o, x: spattn.jax.merge(o, x).sum(), argnums=(0, 1))
    wanted = jax.grad(lambda o, x: plain_merge(o, x)[0].sum(), argnums=(0, 1))
    for got, want in zip(
        jax.tree.leaves(gradient(outputs, lses)),
        jax.tree.leaves(wanted(outputs, lses)),
        strict=True,
    ):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)


def test_split_keys():
    """Merged attentions to ranges of keys are the whole, with its gradients."""
    dtype = jnp.bfloat16 if jax.default_backend() == "gpu" else jnp.float32
    tolerance = 3e-2 if dtype == jnp.bfloat16 else 1e-5
    rng = np.random.default_rng(3)
    tensors = [jnp.asarray(x, dtype) for x in rng.standard_normal((3, 1, 2, 48, 16))]

    def split(q, k, v):
        parts = [
            spattn.jax.attention(
                q, k, v, spattn.causal() & spattn.keys(*pair), return_lse=True
            )
            for pair in ((0, 20), (20, 48))
        ]
        return spattn.jax.merge(*zip(*parts, strict=True))

    def whole(q, k, v):
        return spattn.jax.attention(q, k, v, spattn.causal())

    results = [
        (
            f(*tensors),
            *jax.grad(lambda *x, f=f: f(*x).sum(), argnums=(0, 1, 2))(*tensors),
        )
        for f in (jax.jit(split), whole)
    ]
    for got, want in zip(*results, strict=True):
        np.testing.assert_allclose(
            np.asarray(got, np.float32),
            np.asarray(want, np.float32),
            rtol=tolerance,
            atol=4 * tolerance,
        )


def test_layout_vmap_and_second_derivatives():
    outputs, lses = random_parts(2)
    want = spattn.jax.merge(outputs, lses)
    swapped = [x.swapaxes(1, 2) for x in outputs]
    got = spattn.jax.merge(swapped, lses, layout="bnhd")
    np.testing.assert_array_equal(got.swapaxes(1, 2), want)
    # Arrays of all parts are sequences of them.
    np.testing.assert_array_equal(
        spattn.jax.merge(jnp.stack(outputs), jnp.stack(lses)), want
    )
    several = jax.vmap(lambda o, x: spattn.jax.merge(o, x))(
        [jnp.stack([x, 2 * x]) for x in outputs], [jnp.stack([x, x]) for x in lses]
    )
    np.testing.assert_allclose(several[1], 2 * want, rtol=1e-6)
    assert spattn.jax.merge(outputs, lses, dtype=jnp.bfloat16).dtype == jnp.bfloat16

    def slope(outputs):
        return jax.grad(lambda o: spattn.jax.merge(o, lses).sum())(outputs)[0].sum()

    with pytest.raises(UnsupportedError, match="second derivatives"):
        jax.grad(slope)(outputs)


def test_errors():
    outputs, lses = random_parts(2)
    for match, arguments in (
        ("expected one part or more", ([], [])),
        ("expected one for each of the 2 outputs, got 1", (outputs, lses[:1])),
        (r"outputs\[1\]: expected the shape", ([outputs[0], outputs[1][:1]], lses)),
        (r"lses\[1\]: expected the shape", (outputs, [lses[0], lses[1][:, :1]])),
        (
            r"lses\[0\]: expected float32",
            (outputs, [lses[0].astype(jnp.float16), lses[1]]),
        ),
    ):
        with pytest.raises(ArgumentError, match=match):
            spattn.jax.merge(*arguments)

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sinks and modified scores in JAX, against plain jax.numpy."""

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402
import plain_jax  # noqa: E402
import spattn  # noqa: E402
import spattn.jax  # noqa: E402
from plain_jax import EXCLUSIVE, MIXTURE, check_alike, derived, draw  # noqa: E402
from spattn.errors import ArgumentError, UnsupportedError  # noqa: E402


@pytest.mark.parametrize("structure", [EXCLUSIVE, MIXTURE])
def test_sinks(structure, element):
    q, k, v, dout, dlse = draw(element, kv_heads=2)
    sinks = jnp.asarray([-2.0, 0.0, 1.0, 3.0])

    def call(q, k, v, sinks):
        return spattn.jax.attention(q, k, v, structure, sinks=sinks, return_lse=True)

    def plain(q, k, v, sinks):
        mask, d = plain_jax.pairs(structure, 4, 100, 100)
        return plain_jax.attention(q, k, v, mask, d, sinks=sinks)

    arrays = q, k, v, sinks
    results = derived(call, arrays, (dout, dlse))
    assert [x.dtype for x in results[2:]] == [x.dtype for x in arrays]
    check_alike(results, derived(plain, arrays, (dout, dlse)), element)

    # Over arrays and over sinks.
    many = jnp.stack((sinks, sinks - 1))
    found = jax.vmap(call, (None, None, None, 0))(q, k, v, many)
    for i in (0, 1):
        for a, b in zip(found, call(q, k, v, many[i]), strict=True):
            assert (a[i] == b).all()


MODIFIERS = {
    "cap": {"soft_cap": 1.5},
    "slopes": {"alibi_slopes": (4,)},
    "all": {"soft_cap": 1.5, "alibi_slopes": (4,), "distance_bias": (4, 23)},
}


@pytest.mark.parametrize("which", MODIFIERS)
def test_modified_scores(which, element):
    q, k, v, dout, _ = draw(element)
    random = np.random.default_rng(1)
    options = {
        name: jnp.asarray(random.standard_normal(value) / 9, jnp.float32)
        if isinstance(value, tuple)
        else value
        for name, value in MODIFIERS[which].items()
    }

    def call(q, k, v):
        return (spattn.jax.attention(q, k, v, spattn.causal(), **options),)

    def plain(q, k, v):
        mask, d = plain_jax.pairs(spattn.causal(), 4, 100, 100)
        return plain_jax.attention(q, k, v, mask, d, **options)[:1]

    results, expected = (derived(f, (q, k, v), (dout,)) for f in (call, plain))
    check_alike(results, expected, element)


def test_no_gradient_by_constants():
    q, k, v, *_ = draw("f32")
    with pytest.raises(UnsupportedError, match="alibi_slopes: .* no gradient by it"):
        jax.grad(
            lambda s: spattn.jax.attention(q, k, v, EXCLUSIVE, alibi_slopes=s).sum()
        )(jnp.ones(4))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"soft_cap": 0.0}, "a soft_cap that is a positive, finite number"),
        ({"alibi_slopes": jnp.zeros(3)}, "one slope per query head"),
        ({"distance_bias": jnp.zeros(2)}, "numbers per query head"),
    ],
)
def test_bad_modifiers(options, message):
    x = jnp.ones((1, 2, 8, 16))
    with pytest.raises(ArgumentError, match=message):
        spattn.jax.attention(x, x, x, EXCLUSIVE, **options)


def test_bad_sinks():
    x = jnp.ones((1, 2, 8, 16))
    with pytest.raises(ArgumentError, match="one logit per query head"):
        spattn.jax.attention(x, x, x, EXCLUSIVE, sinks=jnp.zeros(3))

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the tests of spattn.jax share: arrays, and the definition in plain jax.numpy."""

import os

import numpy as np
import pytest

# Before JAX looks for devices: several, of which each is a part of this CPU, and
# of a GPU's memory only what is used.
FLAG = "--xla_force_host_platform_device_count"
if FLAG not in os.environ.get("XLA_FLAGS", ""):
    os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + f" {FLAG}=4"
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
jax = pytest.importorskip("jax")

import definition  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import spattn  # noqa: E402
from structures import parse_masks  # noqa: E402

EXCLUSIVE = spattn.exclusive_bands()
MIXTURE = spattn.per_head(
    (2, spattn.local_band()), (2, spattn.sink(4) | spattn.window(20))
)
NAMES = {"f32": jnp.float32, "f16": jnp.float16, "bf16": jnp.bfloat16}


def has_gpu():
    try:
        return bool(jax.devices("gpu"))
    except RuntimeError:
        return False


def draw(
    element, heads=4, kv_heads=None, queries=100, keys=None, batch=2, value_dim=16
):
    """(q, k, v) and two gradients, rounded to the type of elements."""
    keys, kv_heads = keys or queries, kv_heads or heads
    shapes = [
        (batch, heads, queries, 16),
        (batch, kv_heads, keys, 16),
        (batch, kv_heads, keys, value_dim),
        (batch, heads, queries, value_dim),
    ]
    random = np.random.default_rng(0)
    arrays = [jnp.asarray(random.standard_normal(s), NAMES[element]) for s in shapes]
    dlse = jnp.asarray(random.standard_normal(shapes[0][:3]), jnp.float32)
    return (*arrays[:3], arrays[3], dlse)


def double(array):
    return np.asarray(array.astype(jnp.float32), np.float64)


def check_all(actual, expected, element, factor=1):
    assert len(actual) == len(expected)
    for each, right in zip(actual, expected, strict=True):
        definition.check(double(each), right, element, factor)


def pairs(structure, heads, queries, keys, alignment="end", length=None):
    """What each head sees, (heads, queries, keys), and the distances of pairs. Bounds
    depend on `length`, by default that of the keys."""
    i, j = np.arange(queries)[:, None], np.arange(keys)[None]
    d = i + (keys - queries if alignment == "end" else 0) - j
    length = keys if length is None else length
    masks = [mask(d, j, length) for mask in parse_masks(str(structure), heads)]
    return np.array([np.broadcast_to(x, d.shape) for x in masks]), d


def attention(
    q,
    k,
    v,
    mask,
    distances,
    *,
    rows=True,
    sinks=None,
    soft_cap=None,
    alibi_slopes=None,
    distance_bias=None,
):
    """(output, log-sum-exp) in float32 over the pairs of `mask`. `rows` is what
    queries there are, without those of padding."""
    q, k, v = (x.astype(jnp.float32) for x in (q, k, v))
    k, v = (jnp.repeat(x, q.shape[1] // x.shape[1], 1) for x in (k, v))
    scores = jnp.einsum("bhid,bhjd->bhij", q, k, precision="highest")
    scores = scores * q.shape[3] ** -0.5
    if soft_cap is not None:
        scores = soft_cap * jnp.tanh(scores / soft_cap)
    distances = distances[..., None, :, :]
    if alibi_slopes is not None:
        scores = scores - alibi_slopes[:, None, None] * abs(distances)
    if distance_bias is not None:
        n = distance_bias.shape[1]
        entry = np.clip(distances + n // 2, 0, n - 1)
        heads = np.arange(distance_bias.shape[0])[:, None, None]
        scores = scores + distance_bias[heads, entry]
    seen = mask.any(-1)
    # Of rows without keys, whose derivatives would be NaN, nothing is used.
    scores = jnp.where(seen[..., None], jnp.where(mask, scores, -jnp.inf), 0)
    lse = jnp.where(seen, jax.nn.logsumexp(scores, -1), -jnp.inf)
    if sinks is not None:
        with_sink = jnp.logaddexp(jnp.where(seen, lse, 0), sinks[:, None])
        lse = jnp.where(seen, with_sink, jnp.where(rows, sinks[:, None], -jnp.inf))
    p = jnp.exp(scores - jnp.where(seen, lse, 0)[..., None])
    p = jnp.where(mask, p, 0)
    out = jnp.einsum("bhij,bhjd->bhid", p, v, precision="highest")
    return jnp.where(np.asarray(rows)[..., None], out, 0), lse


def derived(function, inputs, cotangents):
    """The results of a function, and the gradients by its inputs."""

    @jax.jit
    def run(inputs, cotangents):
        results, pull = jax.vjp(function, *inputs)
        cotangents = (g.astype(x.dtype) for g, x in zip(cotangents, results))  # noqa: B905
        return *results, *pull(tuple(cotangents))

    return run(inputs, cotangents)


def check_alike(found, expected, element):
    """Compares arrays with those of plain jax.numpy, and the places of infinities."""
    tolerance = 1e-5 if element == "f32" else 3e-2
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape
        a, b = double(a), double(b)
        assert (np.isinf(a) == np.isinf(b)).all()
        a, b = (np.where(np.isinf(x), 0, x) for x in (a, b))
        assert np.abs(a - b).max(initial=0) < tolerance * max(1, np.abs(b).max())

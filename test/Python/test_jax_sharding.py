# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The operator for JAX on several devices, against the definition."""

import functools

import pytest

jax = pytest.importorskip("jax")

import definition  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import plain_jax  # noqa: E402
import spattn  # noqa: E402
import spattn.jax  # noqa: E402
from jax.sharding import PartitionSpec as P  # noqa: E402
from plain_jax import (  # noqa: E402
    EXCLUSIVE,
    FLAG,
    MIXTURE,
    check_alike,
    check_all,
    derived,
    double,
    draw,
    has_gpu,
)


def sharded(spec, structure, mesh, specs=None, **options):
    """Attention by shards, whose results are put together."""
    call = functools.partial(spattn.jax.attention, structure=structure, **options)
    return jax.jit(
        jax.shard_map(call, mesh=mesh, in_specs=specs or (spec,) * 3, out_specs=spec)
    )


def meshes():
    """Meshes of the most devices of a platform, two at least."""
    platform = "gpu" if has_gpu() and len(jax.devices("gpu")) > 1 else "cpu"
    devices = jax.devices(platform)
    if len(devices) < 4:
        pytest.skip(f"needs 4 devices; set XLA_FLAGS={FLAG}=4")
    element = "f32" if platform == "cpu" else "bf16"
    automatic = (jax.sharding.AxisType.Auto,) * 2
    names = ("data", "model")
    mesh = jax.make_mesh((2, 2), names, automatic, devices=devices[:4])
    return mesh, element


@pytest.mark.parametrize(
    "structure",
    [EXCLUSIVE, MIXTURE, spattn.window(9), spattn.exclusive_bands(length=64)],
)
def test_shard_map(structure):
    """Over batch and heads, of which each shard has its own part of the bands."""
    mesh, element = meshes()
    q, k, v, dout, _ = draw(element, heads=4, kv_heads=2)
    spec = P("data", "model")
    call = sharded(spec, structure, mesh, heads_axis="model")
    arrays = [double(x) for x in (q, k, v)]
    out, pull = jax.vjp(call, q, k, v)
    check_all([out], definition.attention(*arrays, structure)[:1], element)
    expected = definition.gradients(*arrays, structure, double(dout))
    check_all(pull(dout), expected, element, factor=4)


def test_shard_map_with_sinks():
    """Each shard has the sinks of its heads."""
    mesh, element = meshes()
    q, k, v, dout, _ = draw(element)
    sinks = jnp.asarray([-2.0, 0.0, 1.0, 3.0])
    spec = P("data", "model")

    def call(q, k, v, sinks):
        return spattn.jax.attention(q, k, v, EXCLUSIVE, sinks=sinks, heads_axis="model")

    sharded_call = jax.jit(
        jax.shard_map(
            call, mesh=mesh, in_specs=(spec, spec, spec, P("model")), out_specs=spec
        )
    )

    def plain(q, k, v, sinks):
        mask, d = plain_jax.pairs(EXCLUSIVE, 4, 100, 100)
        return plain_jax.attention(q, k, v, mask, d, sinks=sinks)[:1]

    arrays = q, k, v, sinks
    out, pull = jax.vjp(sharded_call, *arrays)
    results = out, *pull(dout)
    with jax.default_device(mesh.devices.flat[0]):
        arrays, dout = jax.device_put((arrays, dout), mesh.devices.flat[0])
        check_alike(results, derived(plain, arrays, (dout,)), element)


def test_shard_map_over_the_batch_alone():
    mesh, element = meshes()
    q, k, v, _, _ = draw(element, batch=4)
    call = sharded(P(("data", "model")), EXCLUSIVE, mesh)
    expected, _ = definition.attention(*(double(x) for x in (q, k, v)), EXCLUSIVE)
    definition.check(double(call(q, k, v)), expected, element)


def test_shard_map_with_shared_keys():
    """A key head that all shards need has the sum of their gradients."""
    mesh, element = meshes()
    q, k, v, dout, _ = draw(element, kv_heads=1)
    spec, keys = P("data", "model"), P("data")
    call = sharded(spec, EXCLUSIVE, mesh, (spec, keys, keys), heads_axis="model")
    arrays = [double(x) for x in (q, k, v)]
    out, pull = jax.vjp(call, q, k, v)
    check_all([out], definition.attention(*arrays, EXCLUSIVE)[:1], element)
    expected = definition.gradients(*arrays, EXCLUSIVE, double(dout))
    check_all(pull(dout), expected, element, factor=4)

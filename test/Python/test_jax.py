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
import spattn.jax  # noqa: E402
from jax.sharding import PartitionSpec as P  # noqa: E402
from spattn.errors import ArgumentError, UnsupportedError  # noqa: E402

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


@pytest.fixture(params=["cpu", pytest.param("gpu", marks=pytest.mark.gpu)])
def platform(request):
    """Where a test computes, by JAX's name."""
    if request.param == "gpu" and not has_gpu():
        pytest.skip("JAX has no GPU")
    with jax.default_device(jax.devices(request.param)[0]):
        yield request.param


@pytest.fixture
def element(platform):
    """The type that a platform's kernels compute with."""
    return "f32" if platform == "cpu" else "bf16"


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


def by_merging(q, k, v, structure, sinks):
    """Attention with sinks, from attention without: a sink takes a share of all."""
    out, lse = spattn.jax.attention(q, k, v, structure, return_lse=True)
    seen = jnp.isfinite(lse)
    finite = jnp.where(seen, lse, 0)
    share = jnp.where(seen, jax.nn.sigmoid(finite - sinks[:, None]), 0)
    merged = jnp.where(seen, jnp.logaddexp(finite, sinks[:, None]), sinks[:, None])
    return out * share[..., None].astype(out.dtype), merged


@pytest.mark.parametrize("structure", [EXCLUSIVE, MIXTURE])
def test_sinks(structure, element):
    q, k, v, dout, dlse = draw(element, kv_heads=2)
    sinks = jnp.asarray([-2.0, 0.0, 1.0, 3.0])

    def call(q, k, v, sinks):
        return spattn.jax.attention(q, k, v, structure, sinks=sinks, return_lse=True)

    def merged(q, k, v, sinks):
        return by_merging(q, k, v, structure, sinks)

    results, pull = jax.vjp(jax.jit(call), q, k, v, sinks)
    expected, expected_pull = jax.vjp(merged, q, k, v, sinks)
    tolerance = 1e-5 if element == "f32" else 3e-2
    for group in (
        zip(results, expected, strict=True),
        zip(pull((dout, dlse)), expected_pull((dout, dlse)), strict=True),
    ):
        for a, b in group:
            assert a.dtype == b.dtype and a.shape == b.shape
            scale = max(1, float(jnp.abs(double(b)).max()))
            assert np.abs(double(a) - double(b)).max() < tolerance * scale

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


def modified(q, k, v, options):
    """Causal attention with modified scores, of arrays with as many heads."""
    scores = (q @ k.swapaxes(2, 3)).astype(jnp.float32) / 4
    if cap := options.get("soft_cap"):
        scores = cap * jnp.tanh(scores / cap)
    i, j = (jnp.arange(n) for n in scores.shape[2:])
    distances = i[:, None] - j
    if "alibi_slopes" in options:
        slopes = options["alibi_slopes"][:, None, None]
        scores = scores - slopes * abs(distances)
    if "distance_bias" in options:
        bias = options["distance_bias"]
        last = bias.shape[1] - 1
        scores = scores + bias[:, jnp.clip(distances + bias.shape[1] // 2, 0, last)]
    scores = jnp.where(distances >= 0, scores, -jnp.inf)
    return jax.nn.softmax(scores) @ v.astype(jnp.float32)


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
        return spattn.jax.attention(q, k, v, spattn.causal(), **options)

    result, pull = jax.vjp(jax.jit(call), q, k, v)
    expected, expected_pull = jax.vjp(lambda *x: modified(*x, options), q, k, v)
    tolerance = 1e-5 if element == "f32" else 3e-2
    gradients = expected_pull(dout.astype(jnp.float32))
    for a, b in zip((result, *pull(dout)), (expected, *gradients), strict=True):
        scale = max(1, float(jnp.abs(double(b)).max()))
        assert np.abs(double(a) - double(b)).max() < tolerance * scale


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
    out, pull = jax.vjp(sharded_call, q, k, v, sinks)
    with jax.default_device(mesh.devices.flat[0]):
        q, k, v, sinks = (jax.device_put(x) for x in (q, k, v, sinks))
        expected, expected_pull = jax.vjp(
            lambda *x: by_merging(*x[:3], EXCLUSIVE, x[3])[0], q, k, v, sinks
        )
        expected_gradients = expected_pull(jax.device_put(dout))
    pairs = zip(pull(dout), expected_gradients, strict=True)
    for a, b in ((out, expected), *pairs):
        assert np.abs(double(a) - double(b)).max() < 1e-5


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

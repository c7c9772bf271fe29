# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Packed documents and padding in JAX, against plain jax.numpy for each document."""

import functools
from types import SimpleNamespace

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402
import plain_jax  # noqa: E402
import spattn  # noqa: E402
import spattn.jax  # noqa: E402
from definition import bad_sequences  # noqa: E402
from jax.sharding import PartitionSpec as P  # noqa: E402
from plain_jax import EXCLUSIVE, MIXTURE, check_alike, derived, draw  # noqa: E402

STRUCTURES = [
    spattn.causal(),
    EXCLUSIVE,
    MIXTURE,
    spattn.prefix(5) & spattn.keys(0, 40),
]
#: Documents in the rows of a pack: of many tiles, of none, of one row.
DOCUMENTS = [0, 130, 130, 131, 200, 263, 300]


def plain(q, k, v, structure, rows, bound_length="sequence", alignment="end", **scores):
    """(output, log-sum-exp) of a batch; `rows` are (queries from, to, keys from, to) of
    the sequences of each batch entry."""
    (batch, heads, queries), keys = q.shape[:3], k.shape[2]
    mask = np.zeros((batch, heads, queries, keys), bool)
    distances = np.zeros((batch, queries, keys), int)
    length = keys if bound_length == "pack" else None
    for b, sequences in enumerate(rows):
        for first, end, first_key, end_key in sequences:
            sizes = end - first, end_key - first_key
            of_pairs = plain_jax.pairs(structure, heads, *sizes, alignment, length)
            place = np.s_[first:end, first_key:end_key]
            mask[b, :, *place], distances[b, *place] = of_pairs
    used, used_keys = (in_sequences(rows, x.shape, i) for x, i in ((q, 0), (k, 2)))
    q = jnp.where(used[:, None, :, None], q, 0)
    k, v = (jnp.where(used_keys[:, None, :, None], x, 0) for x in (k, v))
    return plain_jax.attention(q, k, v, mask, distances, rows=used[:, None], **scores)


def packed(ends, keys=None):
    """The rows of one pack."""
    keys = ends if keys is None else keys
    return [list(zip(ends[:-1], ends[1:], keys[:-1], keys[1:], strict=True))]


def in_sequences(rows, shape, side):
    """Which rows are those of a sequence; `side` is 0 for queries, 2 for keys."""
    used = np.zeros((shape[0], shape[2]), bool)
    for b, sequences in enumerate(rows):
        for sequence in sequences:
            used[b, sequence[side] : sequence[side + 1]] = True
    return used


def poisoned(array, rows, side):
    """The same with NaN in padding."""
    used = in_sequences(rows, array.shape, side)
    return jnp.where(used[:, None, :, None], array, jnp.nan)


def integers(values):
    return {name: jnp.asarray(x, jnp.int32) for name, x in values.items()}


def check(arrays, structure, rows, element, options=None, layout="bhnd", **sequences):
    """Compares results and gradients with those of plain jax.numpy, of arrays with NaN
    in their padding."""
    q, k, v, dout, dlse = arrays
    q, dout = (poisoned(x, rows, 0) for x in (q, dout))
    k, v = (poisoned(x, rows, 2) for x in (k, v))
    constants, sinks = dict(options or {}), ()
    if "sinks" in constants:
        sinks = (constants.pop("sinks"),)
    bound_length = constants.pop("bound_length", "sequence")

    def swapped(x):
        return jnp.swapaxes(x, 1, 2) if layout == "bnhd" else x

    def call(q, k, v, *sinks, **sequences):
        out, lse = spattn.jax.attention(
            *(swapped(x) for x in (q, k, v)),
            structure,
            sinks=sinks[0] if sinks else None,
            layout=layout,
            bound_length=bound_length,
            return_lse=True,
            **constants,
            **sequences,
        )
        return swapped(out), lse

    def expected(q, k, v, *sinks):
        more = {"sinks": sinks[0]} if sinks else {}
        return plain(q, k, v, structure, rows, bound_length, **constants, **more)

    given = functools.partial(call, **integers(sequences))
    inputs, cotangents = (q, k, v, *sinks), (dout, dlse)
    wanted = derived(expected, inputs, cotangents)
    check_alike(derived(given, inputs, cotangents), wanted, element)


@pytest.mark.parametrize("bound_length", ["sequence", "pack"])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_documents(structure, bound_length, element):
    arrays = draw(element, kv_heads=2, queries=310, batch=1)
    check(
        arrays,
        structure,
        packed(DOCUMENTS),
        element,
        {"bound_length": bound_length},
        cu_seqlens_q=DOCUMENTS,
    )


@pytest.mark.parametrize("alignment", ["end", "start"])
def test_documents_of_keys(alignment, element):
    """Queries and keys of other lengths, and documents without one of them."""
    queries, keys = [3, 60, 60, 140, 150], [0, 90, 110, 110, 220]
    check(
        draw(element, queries=150, keys=230, batch=1),
        EXCLUSIVE,
        packed(queries, keys),
        element,
        {"alignment": alignment},
        cu_seqlens_q=queries,
        cu_seqlens_k=keys,
    )


@pytest.mark.parametrize("layout", ["bhnd", "bnhd"])
def test_documents_of_each_row(layout, element):
    ends = [[0, 20, 64], [10, 10, 70]]
    rows = [packed(row)[0] for row in ends]
    arrays = draw(element, queries=80)
    check(arrays, spattn.causal(), rows, element, layout=layout, cu_seqlens_q=ends)


def test_scores_of_documents(element):
    """With sinks, which have a gradient, and with all that modifies scores."""
    random = np.random.default_rng(1)
    options = {
        "sinks": jnp.asarray([-2.0, 0.0, 1.0, 3.0]),
        "soft_cap": 1.5,
        "alibi_slopes": jnp.asarray(random.standard_normal(4) / 9, jnp.float32),
        "distance_bias": jnp.asarray(random.standard_normal((4, 23)), jnp.float32),
    }
    arrays = draw(element, queries=310, batch=1)
    rows = packed(DOCUMENTS)
    check(arrays, MIXTURE, rows, element, options, cu_seqlens_q=DOCUMENTS)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_right_padding(structure, element):
    lengths = [70, 1, 0, 33]
    arrays = draw(element, kv_heads=2, queries=70, batch=4)
    rows = [[(0, n, 0, n)] for n in lengths]
    lengths = {"query_lengths": lengths, "key_lengths": lengths}
    check(arrays, structure, rows, element, **lengths)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_left_padding(structure, element):
    starts = [0, 69, 70, 33]
    arrays = draw(element, kv_heads=2, queries=70, batch=4)
    rows = [[(n, 70, n, 70)] for n in starts]
    check(arrays, structure, rows, element, query_starts=starts, key_starts=starts)


def test_padding_of_keys_only(element):
    """As of encoders, whose queries are all computed."""
    lengths = [90, 64, 0]
    arrays = draw(element, queries=50, keys=90, batch=3)
    rows = [[(0, 50, 0, n)] for n in lengths]
    check(arrays, spattn.full(), rows, element, key_lengths=lengths)


def test_one_program_for_all_documents(element):
    """jit traces once for as many documents, wherever they end."""
    q, k, v, *_ = draw(element, queries=100, batch=1)
    traces = []

    @jax.jit
    def call(q, k, v, cu):
        traces.append(cu.shape)
        return spattn.jax.attention(q, k, v, EXCLUSIVE, cu_seqlens_q=cu)

    for ends in ([0, 30, 100], [0, 99, 100], [0, 0, 64]):
        found = call(q, k, v, jnp.asarray(ends, jnp.int32))
        check_alike([found], plain(q, k, v, EXCLUSIVE, packed(ends))[:1], element)
    assert traces == [(3,)]


def test_lists_of_integers():
    """Numbers known at trace time may come from NumPy or be lists."""
    q, k, v, *_ = draw("f32", queries=100, batch=1)
    ends = [0, 30, 100]
    expected, _ = plain(q, k, v, EXCLUSIVE, packed(ends))
    for cu in (ends, np.array(ends)):
        found = spattn.jax.attention(q, k, v, EXCLUSIVE, cu_seqlens_q=cu)
        check_alike([found], [expected], "f32")


def test_vmap_of_padding(element):
    """Over batches, and over arrays without a batch, whose lengths are numbers."""
    q, k, v, dout, _ = draw(element, batch=6, queries=70)
    lengths = [70, 1, 0, 33, 64, 65]
    rows = [[(0, n, 0, n)] for n in lengths]
    expected, *gradients = derived(
        lambda *x: plain(*x, EXCLUSIVE, rows)[:1], (q, k, v), (dout,)
    )
    numbers = jnp.asarray(lengths, jnp.int32)

    def call(q, k, v, n, **options):
        return spattn.jax.attention(
            q, k, v, EXCLUSIVE, query_lengths=n, key_lengths=n, **options
        )

    split = [x.reshape(3, 2, *x.shape[1:]) for x in (q, k, v, numbers)]
    for function in (jax.vmap(call), jax.vmap(jax.vmap(call))):
        check_alike([function(*split).reshape(expected.shape)], [expected], element)

    def loss(q, k, v, n, dout):
        return (call(q, k, v, n) * dout).astype(jnp.float32).sum()

    mapped = jax.vmap(jax.grad(loss, (0, 1, 2)))(q, k, v, numbers, dout)
    check_alike(mapped, gradients, element)

    # Arrays of numbers of heads make a call for each.
    sinks = functools.partial(call, sinks=jnp.asarray([-2.0, 0.0, 1.0, 3.0]))
    mapped, whole = jax.vmap(sinks)(q, k, v, numbers), sinks(q, k, v, numbers)
    assert (mapped == whole).all()


def test_vmap_of_documents(element):
    """Over packs, of shared documents and of their own."""
    q, k, v, *_ = draw(element, queries=80)
    ends = [[0, 20, 64], [10, 10, 70]]

    def call(q, k, v, cu):
        return spattn.jax.attention(q, k, v, EXCLUSIVE, cu_seqlens_q=cu)

    own = jax.vmap(call)(q, k, v, jnp.asarray(ends, jnp.int32))
    rows = [packed(row)[0] for row in ends]
    check_alike([own], plain(q, k, v, EXCLUSIVE, rows)[:1], element)
    mapped = jax.vmap(call, (0, 0, 0, None))(q, k, v, jnp.asarray(ends[0], jnp.int32))
    check_alike([mapped], plain(q, k, v, EXCLUSIVE, rows[:1] * 2)[:1], element)


def test_shards_of_the_batch():
    """Each shard has the lengths of its rows."""
    devices = jax.devices("cpu")
    if len(devices) < 4:
        pytest.skip(f"needs 4 devices; set XLA_FLAGS={plain_jax.FLAG}=4")
    automatic = (jax.sharding.AxisType.Auto,)
    mesh = jax.make_mesh((4,), ("data",), automatic, devices=devices[:4])
    q, k, v, *_ = draw("f32", queries=70, batch=4)
    lengths = jnp.asarray([70, 1, 0, 33], jnp.int32)

    def loss(q, k, v, n):
        out = spattn.jax.attention(
            q, k, v, EXCLUSIVE, query_lengths=n, key_lengths=n, return_lse=False
        )
        return jax.lax.psum((out**2).sum(), "data")

    spec = P("data")
    whole = jax.shard_map(loss, mesh=mesh, in_specs=(spec,) * 4, out_specs=P())
    found = jax.value_and_grad(jax.jit(whole), (0, 1, 2))(q, k, v, lengths)
    rows = [[(0, n, 0, n)] for n in (70, 1, 0, 33)]
    expected = derived(
        lambda *x: ((plain(*x, EXCLUSIVE, rows)[0] ** 2).sum(),),
        (q, k, v),
        (jnp.ones(()),),
    )
    check_alike((found[0], *found[1]), expected, "f32")


def test_head_dimensions_of_a_gpu(monkeypatch):
    """Head dimensions that a GPU does not take are padded."""
    likely = SimpleNamespace(likely_platform=lambda operands: "gpu")
    monkeypatch.setattr(spattn.jax.functional, "_ffi", likely)
    random = np.random.default_rng(0)
    shapes = [(1, 2, 50, 13), (1, 2, 50, 13), (1, 2, 50, 21)]
    q, k, v = (jnp.asarray(random.standard_normal(s), jnp.float32) for s in shapes)

    def call(q, k, v):
        return spattn.jax.attention(q, k, v, EXCLUSIVE, return_lse=True)

    def expected(q, k, v):
        return plain_jax.attention(q, k, v, *plain_jax.pairs(EXCLUSIVE, 2, 50, 50))

    with jax.default_device(jax.devices("cpu")[0]):
        jaxpr = str(jax.make_jaxpr(call)(q, k, v))
        assert "f32[1,2,50,16]" in jaxpr and "f32[1,2,50,24]" in jaxpr
        cotangents = jnp.ones((1, 2, 50, 21)), jnp.ones((1, 2, 50))
        found, wanted = (derived(f, (q, k, v), cotangents) for f in (call, expected))
        check_alike(found, wanted, "f32")


@pytest.mark.parametrize(
    "sequences, message",
    bad_sequences("float32"),
)
def test_bad_sequences(sequences, message):
    q, k, v, *_ = draw("f32", queries=70, batch=1)
    with pytest.raises(spattn.ArgumentError, match=message):
        spattn.jax.attention(q, k, v, spattn.causal(), **sequences)


def test_bad_lengths_without_a_batch():
    q, k, v, *_ = (x[0] for x in draw("f32", queries=70, batch=1))
    with pytest.raises(spattn.ArgumentError, match=r"a number where .* shape \(1,\)"):
        spattn.jax.attention(q, k, v, spattn.causal(), key_lengths=jnp.array([7]))


@pytest.mark.parametrize(
    "ends, message",
    [
        ([0, 50, 40], "expected ascending rows from 50 to 70"),
        ([0, 71], "expected ascending rows from 0 to 70"),
        ([-1, 70], "expected ascending rows from 0 to 70"),
    ],
)
def test_bad_rows(ends, message):
    """On the CPU, calls refuse what a trace does not know."""
    with jax.default_device(jax.devices("cpu")[0]):
        q, k, v, *_ = draw("f32", queries=70, batch=1)
        call = jax.jit(
            lambda cu: spattn.jax.attention(q, k, v, EXCLUSIVE, cu_seqlens_q=cu)
        )
        errors = ValueError, jax.errors.JaxRuntimeError
        with pytest.raises(errors, match=message):
            call(jnp.asarray(ends, jnp.int32)).block_until_ready()

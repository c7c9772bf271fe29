# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Keys and values in pages from JAX, against the same without pages."""

import numpy as np
import page_cases
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402
import spattn  # noqa: E402
import spattn.jax  # noqa: E402
from jax.sharding import AxisType  # noqa: E402
from jax.sharding import PartitionSpec as P  # noqa: E402
from plain_jax import NAMES  # noqa: E402

TOLERANCE = {"f32": 1e-5, "bf16": 2e-2}


def draw(element, *more, **options):
    def convert(x):
        return jnp.asarray(x, to.get(x.dtype.name))

    to = {"float32": NAMES[element]}
    return page_cases.draw(convert, *more, **options)


def close(found, wanted, element):
    near = {"rtol": TOLERANCE[element], "atol": TOLERANCE[element]}
    np.testing.assert_allclose(
        *(np.asarray(x.astype(jnp.float32)) for x in (found, wanted)), **near
    )


LENGTHS = jnp.array([70, 1, 80], jnp.int32)


@pytest.mark.parametrize("layout", ["bhnd", "bnhd"])
@pytest.mark.parametrize("page_size", [16, 64, 256])
@pytest.mark.parametrize("queries", [1, 70])
def test_values(platform, element, layout, page_size, queries):
    q, k, v, table, whole = draw(element, page_size, layout, queries=queries)
    structure = spattn.causal() & spattn.window(50) | spattn.sink(3)

    @jax.jit
    def call(q, k, v, table, lengths):
        return spattn.jax.attention(
            *(q, k, v, structure),
            layout=layout,
            page_table=table,
            key_lengths=lengths,
            return_lse=True,
        )

    found, lse = call(q, k, v, table, LENGTHS)
    rows = q if layout == "bhnd" else q.swapaxes(1, 2)
    wanted, wanted_lse = spattn.jax.attention(
        rows, *whole, structure, key_lengths=LENGTHS, return_lse=True
    )
    close(found if layout == "bhnd" else found.swapaxes(1, 2), wanted, element)
    close(lse, wanted_lse, element)
    # What is past the keys is not read.
    used = -(-LENGTHS // page_size)
    table = jnp.where(jnp.arange(5) < used[:, None], table, 10**6)
    assert (call(q, k, v, table, LENGTHS)[0] == found).all()


def test_what_modifies_scores(platform, element):
    q, k, v, table, whole = draw(element)
    structure, more = page_cases.modifiers()
    for name in ("sinks", "alibi_slopes", "distance_bias"):
        more[name] = jnp.asarray(more[name])
    more |= {
        "query_lengths": jnp.array([6, 1, 0], jnp.int32),
        "bound_length": "pack",
    }
    found = spattn.jax.attention(q, k, v, structure, page_table=table, **more)
    wanted = spattn.jax.attention(q, *whole, structure, **more)
    close(found, wanted, element)


def test_vmap(platform, element):
    """Each call has its pool, or all have one."""
    q, k, v, table, whole = draw(element)

    def call(q, k, v, table):
        return spattn.jax.attention(q, k, v, spattn.causal(), page_table=table)

    both = [jnp.stack((x, x[::-1])) for x in (q, k, v)]
    tables = jnp.stack((table, k.shape[0] - 1 - table[::-1]))
    found = jax.vmap(call)(*both, tables)
    wanted = spattn.jax.attention(q, *whole, spattn.causal())
    close(found[0], wanted, element)
    close(found[1], wanted[::-1], element)
    found = jax.vmap(call, in_axes=(0, None, None, 0))(
        both[0], k, v, jnp.stack((table, table[::-1]))
    )
    close(found[1], wanted[::-1], element)


def test_heads_of_shards(platform, element):
    """Heads of queries and of the pool are sharded; the table is not."""
    if platform != "cpu":
        pytest.skip("needs two devices")
    q, k, v, table, whole = draw(element)
    structure = spattn.exclusive_bands()
    mesh = jax.make_mesh((2,), ("tp",), (AxisType.Auto,), devices=jax.devices()[:2])

    def call(q, k, v, table):
        return spattn.jax.attention(
            q, k, v, structure, page_table=table, heads_axis="tp"
        )

    heads = P(None, "tp")
    specs = {"in_specs": (heads, heads, heads, P()), "out_specs": heads}
    found = jax.jit(jax.shard_map(call, mesh=mesh, **specs))(q, k, v, table)
    wanted = spattn.jax.attention(q, *whole, structure)
    close(found, wanted, element)


def test_a_page_that_is_not_there(platform, element):
    q, k, v, table, whole = draw(element)
    for page in (17, -3):
        wrong = table.at[1, 2].set(page)

        def call(wrong=wrong):
            found = spattn.jax.attention(q, k, v, spattn.full(), page_table=wrong)
            return found.block_until_ready()

        if platform == "cpu":
            with pytest.raises(Exception, match=f"has the page {page} at 2 of batch"):
                call()
            continue
        without = [x.at[1, :, 64:96].set(0) for x in whole]
        close(call(), spattn.jax.attention(q, *without, spattn.full()), element)


def test_errors(platform, element):
    q, k, v, table, _ = draw(element)
    full = spattn.full()

    def call(keys=k, values=v, page_table=table, queries=q, **more):
        return spattn.jax.attention(
            queries, keys, values, full, page_table=page_table, **more
        )

    with pytest.raises(spattn.ArgumentError, match="page_table: expected int32, got"):
        call(page_table=table.astype(jnp.float32))
    with pytest.raises(spattn.ArgumentError, match="page_table: expected an array"):
        call(page_table=[[0]])
    with pytest.raises(spattn.ArgumentError, match=r"got the shape \(15,\)"):
        call(page_table=table.ravel())
    with pytest.raises(spattn.ArgumentError, match=r"\(3, pages\), got the shape"):
        call(page_table=table[:2])
    with pytest.raises(spattn.ArgumentError, match="with a page size of 16, .* got 31"):
        call(k[:, :, 1:], v[:, :, 1:])
    with pytest.raises(spattn.ArgumentError, match="v: expected the number of pages"):
        call(k, v[:4])
    with pytest.raises(spattn.ArgumentError, match="q: expected 4 dimensions"):
        call(queries=q[0])
    with pytest.raises(spattn.UnsupportedError, match="expected no key_starts beside"):
        call(key_starts=LENGTHS)
    with pytest.raises(spattn.UnsupportedError, match="expected no cu_seqlens_q besi"):
        call(cu_seqlens_q=jnp.zeros((3, 2), jnp.int32))
    with pytest.raises(spattn.UnsupportedError, match="has no gradients; apply"):
        jax.grad(lambda q: call(queries=q).sum())(q)
    # It is no argument of what is differentiated.
    assert jax.grad(lambda x: x * call().sum())(1.0).dtype == jnp.float32

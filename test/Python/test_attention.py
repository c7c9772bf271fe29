# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""spattn.attention on arrays of several libraries, against the definition."""

import ctypes
import random
import subprocess
import sys

import definition
import numpy as np
import pytest
import spattn
from spattn import ArgumentError


def make(rng, shape, library="numpy", element="f32", device="cpu"):
    """Random numbers of a type, in float64, and as an array of a library."""
    numbers = rng.standard_normal(shape)
    if library == "numpy" and element != "bf16":
        found = numbers.astype({"f32": np.float32, "f16": np.float16}[element])
        return found.astype(np.float64), found
    if library == "numpy":
        import ml_dtypes

        found = numbers.astype(ml_dtypes.bfloat16)
        return found.astype(np.float64), found
    name = {"f32": "float32", "f16": "float16", "bf16": "bfloat16"}[element]
    if library == "torch":
        import torch

        found = torch.tensor(numbers, dtype=getattr(torch, name), device=device)
        return found.double().cpu().numpy(), found
    import jax
    import jax.numpy as jnp

    # spattn.attention makes results where its arguments are, for JAX on a CPU.
    found = jax.device_put(jnp.asarray(numbers, name), jax.devices("cpu")[0])
    return np.asarray(found, np.float64), found


def plain(array):
    """Any library's array in float64."""
    if type(array).__module__ == "torch":
        array = array.double().cpu().numpy()
    return np.asarray(array, np.float64)


@pytest.mark.parametrize("library", ["numpy", "torch", "jax"])
@pytest.mark.parametrize("element", ["f32", "f16", "bf16"])
@pytest.mark.parametrize("layout", ["bhnd", "bnhd"])
def test_libraries(library, element, layout):
    pytest.importorskip(library)
    if element == "bf16":
        pytest.importorskip("ml_dtypes")
    rng = np.random.default_rng(1)
    shapes = [(2, 4, 70, 24), (2, 2, 90, 24), (2, 2, 90, 40)]
    exact, given = zip(
        *(make(rng, shape, library, element) for shape in shapes), strict=True
    )
    if layout == "bnhd":
        given = [swapped(x) for x in given]
    structure = spattn.exclusive_bands()
    out, lse = spattn.attention(*given, structure, lse=True, layout=layout)
    assert type(out) is type(given[0]) and out.dtype == given[0].dtype
    expected, expected_lse = definition.attention(*exact, structure)
    definition.check(
        plain(swapped(out) if layout == "bnhd" else out), expected, element
    )
    definition.check(plain(lse), expected_lse, element)
    assert np.isinf(expected_lse).any()  # There are rows without keys.


def test_shared_python_api(monkeypatch):
    """Other packages, such as JAX, declare types of their own for the functions of
    ctypes.pythonapi."""
    pytest.importorskip("jax")
    for name in ("PyCapsule_New", "PyCapsule_GetPointer", "PyObject_GetBuffer"):
        function = getattr(ctypes.pythonapi, name)
        monkeypatch.setattr(function, "argtypes", [ctypes.CFUNCTYPE(None)] * 3)
    rng = np.random.default_rng(1)
    for library in ("numpy", "jax"):
        _, x = make(rng, (1, 2, 20, 16), library)
        out = spattn.attention(x, x, x, spattn.causal())
        assert out.shape == x.shape
    view = memoryview(np.zeros((1, 2, 20, 16), np.float32))
    spattn.attention(view, view, view, spattn.causal(), out=view)


def swapped(x):
    """The same in memory of its own, with two dimensions exchanged."""
    if type(x).__module__ == "torch":
        return x.transpose(1, 2).contiguous()
    return x.swapaxes(1, 2).copy()


@pytest.mark.parametrize("seed", range(40))
def test_random_structures(seed):
    pick = random.Random(seed)
    rng = np.random.default_rng(seed)
    kv_heads = pick.choice([1, 2, 3])
    heads = kv_heads * pick.choice([1, 2])
    text, _ = definition.drawn.head_structures(pick, heads)
    queries, keys = pick.randint(1, 90), pick.randint(1, 90)
    dim, value_dim = pick.choice([4, 16, 33]), pick.choice([8, 20])
    (q, q_), (k, k_), (v, v_) = (
        make(rng, shape)
        for shape in (
            (2, heads, queries, dim),
            (2, kv_heads, keys, dim),
            (2, kv_heads, keys, value_dim),
        )
    )
    scale = pick.choice([None, 0.5, -0.25])
    alignment = pick.choice(["end", "start"])
    out, lse = spattn.attention(
        q_, k_, v_, text, scale=scale, lse=True, alignment=alignment
    )
    expected, expected_lse = definition.attention(q, k, v, text, scale, alignment)
    definition.check(out, expected, "f32", factor=2)
    definition.check(lse, expected_lse, "f32", factor=2)


@pytest.mark.gpu
@pytest.mark.parametrize("seed", range(24))
def test_random_structures_on_a_gpu(seed):
    pick = random.Random(seed)
    rng = np.random.default_rng(seed)
    kv_heads = pick.choice([1, 2, 3])
    heads = kv_heads * pick.choice([1, 2])
    text, _ = definition.drawn.head_structures(pick, heads)
    queries, keys = pick.randint(1, 700), pick.randint(1, 700)
    dim, value_dim = pick.choice([16, 64, 128]), pick.choice([64, 128])
    element = pick.choice(["f16", "bf16"])
    (q, q_), (k, k_), (v, v_) = (
        make(rng, shape, "torch", element, "cuda")
        for shape in (
            (2, heads, queries, dim),
            (2, kv_heads, keys, dim),
            (2, kv_heads, keys, value_dim),
        )
    )
    out, lse = spattn.attention(q_, k_, v_, text, lse=True)
    expected, expected_lse = definition.attention(q, k, v, text)
    definition.check(plain(out), expected, element)
    definition.check(plain(lse), expected_lse, element)


def test_device(device):
    """The same call on the CPU and on a GPU, in both layouts and with strides."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(2)
    _, packed = make(rng, (1, 300, 3, 4, 64), "torch", "bf16", device)
    q, k, v = packed.unbind(2)  # (batch, length, head, dimension), strided
    exact = [x.transpose(1, 2).double().cpu().numpy() for x in (q, k, v)]
    structure = spattn.per_head(
        (2, spattn.local_band()), (2, spattn.sink(4) | spattn.window(64))
    )
    expected, _ = definition.attention(*exact, structure)
    out = spattn.attention(q, k, v, structure, layout="bnhd")
    assert out.device.type == device and out.shape == q.shape
    definition.check(plain(out.transpose(1, 2)), expected, "bf16")
    mine = torch.empty_like(q)
    assert spattn.attention(q, k, v, structure, layout="bnhd", out=mine) is mine
    assert torch.equal(mine, out)


@pytest.mark.gpu
def test_streams():
    """Work is put into the current stream, or the one that is asked for."""
    import torch

    rng = np.random.default_rng(3)
    exact, x = make(rng, (1, 2, 256, 64), "torch", "bf16", "cuda")
    expected, _ = definition.attention(exact, exact, exact, spattn.causal())
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        late = x * 1  # Not there before this stream comes to it.
        first = spattn.attention(late, late, late, spattn.causal())
    second = spattn.attention(x, x, x, spattn.causal(), stream=stream)
    stream.synchronize()
    for out in (first, second):
        definition.check(plain(out), expected, "bf16")


def test_plain_python():
    """Without NumPy: memory in, memory out."""
    code = """
import array, sys
import spattn
assert "numpy" not in sys.modules
x = memoryview(array.array("f", range(24))).cast("B").cast("f", (1, 2, 3, 4))
o, lse = spattn.attention(x, x, x, spattn.window(1), lse=True)
assert o.shape == (1, 2, 3, 4) and lse.shape == (1, 2, 3)
assert o.tolist() == x.tolist()  # Each query sees itself.
"""
    environment = {**__import__("os").environ, "PYTHONPATH": ":".join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_strides():
    """Backwards, broadcast, and with gaps."""
    rng = np.random.default_rng(5)
    _, x = make(rng, (2, 8, 60, 24))
    q, k, v = (
        x[:, ::2, ::-1, :16],
        x[:, :2, ::2, 4:20],
        np.broadcast_to(x[:, :1, 30:], (2, 2, 30, 24)),
    )
    expected, _ = definition.attention(q, k, v, spattn.causal())
    definition.check(spattn.attention(q, k, v, spattn.causal()), expected, "f32")


def test_wider_output():
    rng = np.random.default_rng(6)
    exact, x = make(rng, (1, 2, 40, 16), element="f16")
    out = np.full(x.shape, np.nan, np.float32)
    assert spattn.attention(x, x, x, spattn.causal(), out=out) is out
    expected, _ = definition.attention(exact, exact, exact, spattn.causal())
    definition.check(out, expected, "f32", factor=4)
    with pytest.raises(ArgumentError, match="out_dtype to be 'f32', got 'f16'"):
        x = x.astype(np.float32)
        spattn.attention(x, x, x, spattn.causal(), out=out.astype(np.float16))


def test_no_keys_and_no_queries():
    rng = np.random.default_rng(4)
    _, q = make(rng, (1, 2, 5, 8))
    empty = q[:, :, :0]
    out, lse = spattn.attention(q, empty, empty, spattn.full(), lse=True)
    assert (out == 0).all() and np.isneginf(lse).all()
    assert spattn.attention(empty, q, q, spattn.full()).shape == (1, 2, 0, 8)
    assert spattn.attention(q[:0], q[:0], q[:0], spattn.full()).shape == (0, 2, 5, 8)


X = np.zeros((1, 4, 8, 16), np.float32)
ERRORS = [
    (lambda: spattn.attention(X[0], X, X, spattn.full()), "q: expected 4 dimensions"),
    (lambda: spattn.attention(X, X.astype(np.float16), X, spattn.full()), "same type"),
    (lambda: spattn.attention(X, X[:, :3], X[:, :3], spattn.full()), "multiple of"),
    (lambda: spattn.attention(X, X[:, :2], X, spattn.full()), "k and v .* heads"),
    (lambda: spattn.attention(X, X[..., :8], X, spattn.full()), "q and k .* head dim"),
    (lambda: spattn.attention(X, X[:, :, :3], X, spattn.full()), "k and v .* length"),
    (lambda: spattn.attention(np.vstack([X, X]), X, X, spattn.full()), "batch"),
    (lambda: spattn.attention(X[..., ::2], X[..., ::2], X, spattn.full()), "contig"),
    (lambda: spattn.attention(X, X, X, spattn.full(), layout="bdhn"), "'bnhd', got"),
    (lambda: spattn.attention(X, X, X, spattn.full(), scale=np.inf), "finite, got inf"),
    (
        lambda: spattn.attention(X, X, X, spattn.full(), out=X[:, :2]),
        "expected the siz",
    ),
    (lambda: spattn.attention(X, X, X, spattn.full(), alignment="left"), "alignment"),
    (lambda: spattn.attention(X, X, X, spattn.full(), stream="main"), "cudaStream_t"),
    (lambda: spattn.attention(X, X, X, "#spattn.fall"), "fall"),
    (lambda: spattn.attention(X, X, X, None), "text of an attribute"),
]


@pytest.mark.parametrize("number", range(len(ERRORS)))
def test_errors(number):
    call, message = ERRORS[number]
    with pytest.raises((ArgumentError, spattn.StructureError), match=message):
        call()


def test_modified_scores():
    """In the order of the specification: capped, then biased."""
    rng = np.random.default_rng(3)
    q, k, v = (rng.standard_normal((1, 2, n, 8), np.float32) for n in (20, 30, 30))
    slopes = np.asarray([0.1, -0.05], np.float32)
    bias = rng.standard_normal((2, 9), np.float32)
    found = spattn.attention(
        q, k, v, spattn.full(), soft_cap=1.5, alibi_slopes=slopes, distance_bias=bias
    )
    scores = 1.5 * np.tanh(q.astype(float) @ k.swapaxes(2, 3) / 8**0.5 / 1.5)
    distances = np.arange(20)[:, None] + 10 - np.arange(30)
    scores = scores - slopes[:, None, None] * abs(distances)
    scores = scores + bias[:, np.clip(distances + 4, 0, 8)]
    weights = np.exp(scores)
    expected = weights / weights.sum(-1, keepdims=True) @ v
    assert np.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"soft_cap": 0.0}, "a soft_cap that is positive and finite, got 0.0"),
        ({"alibi_slopes": np.ones(3, np.float32)}, "a number for each query head"),
        ({"alibi_slopes": np.ones(2)}, "alibi_slopes: expected elements of f32"),
        ({"distance_bias": np.ones(2, np.float32)}, "numbers for each query head"),
        (
            {"distance_bias": np.ones((4, 2), np.float32).T},
            "distance_bias: expected a contiguous array",
        ),
    ],
)
def test_bad_modifiers(options, message):
    x = np.ones((1, 2, 8, 16), np.float32)
    with pytest.raises(spattn.ArgumentError, match=message):
        spattn.attention(x, x, x, spattn.causal(), **options)

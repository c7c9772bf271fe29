# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention and its gradients in float64, from the definitions of docs/Spec.md.

Masks come from the text of a structure, pair by pair, without spattn's algebra.
"""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
for folder in ("test/Integration/CUDA", "test/Reference/Inputs"):
    sys.path.append(str(ROOT / folder))

import oracle as drawn  # noqa: E402, F401  (random structures)
from structures import parse_masks  # noqa: E402


def masks(structure, heads, queries, keys, alignment="end"):
    """What each head sees: (heads, queries, keys)."""
    i = np.arange(queries)[:, None]
    j = np.arange(keys)[None]
    d = i + (keys - queries if alignment == "end" else 0) - j
    return np.array([mask(d, j, keys) for mask in parse_masks(str(structure), heads)])


def probabilities(q, k, allowed, scale):
    """(probabilities, log-sum-exp), for as many key heads as query heads."""
    scores = scale * np.einsum("bhid,bhjd->bhij", q, k)
    scores = np.where(allowed, scores, -np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        top = scores.max(-1, keepdims=True, initial=-np.inf)
        top = np.where(np.isfinite(top), top, 0)
        total = np.exp(scores - top).sum(-1, keepdims=True)
        p = np.exp(scores - top) / np.where(total > 0, total, 1)
        return p, (top + np.log(total))[..., 0]


def attention(q, k, v, structure, scale=None, alignment="end"):
    """(output, log-sum-exp) of arrays (batch, heads, length, head dimension)."""
    q, k, v = (np.asarray(x, np.float64) for x in (q, k, v))
    group = q.shape[1] // k.shape[1]
    k, v = (np.repeat(x, group, 1) for x in (k, v))
    scale = q.shape[3] ** -0.5 if scale is None else scale
    allowed = masks(structure, q.shape[1], q.shape[2], k.shape[2], alignment)
    p, lse = probabilities(q, k, allowed, scale)
    return np.einsum("bhij,bhjd->bhid", p, v), lse


def gradients(q, k, v, structure, dout, dlse=None, scale=None, alignment="end"):
    """(dq, dk, dv) of a loss whose gradients by output and log-sum-exp are given."""
    q, k, v, dout = (np.asarray(x, np.float64) for x in (q, k, v, dout))
    heads, group = q.shape[1], q.shape[1] // k.shape[1]
    keys, values = (np.repeat(x, group, 1) for x in (k, v))
    scale = q.shape[3] ** -0.5 if scale is None else scale
    allowed = masks(structure, heads, q.shape[2], k.shape[2], alignment)
    p, _ = probabilities(q, keys, allowed, scale)
    dp = np.einsum("bhid,bhjd->bhij", dout, values)
    ds = p * (dp - (p * dp).sum(-1, keepdims=True))
    if dlse is not None:
        ds += p * np.asarray(dlse, np.float64)[..., None]
    dq = scale * np.einsum("bhij,bhjd->bhid", ds, keys)
    dk = scale * np.einsum("bhij,bhid->bhjd", ds, q)
    dv = np.einsum("bhij,bhid->bhjd", p, dout)

    def of_group(x):
        return x.reshape(x.shape[0], -1, group, *x.shape[2:]).sum(2)

    return dq, of_group(dk), of_group(dv)


#: The largest error, relative to the largest element.
TOLERANCE = {"f32": 2e-6, "f16": 2e-3, "bf16": 1e-2}


def check(actual, expected, element, factor=1):
    """Compares with the oracle, and the places of infinities exactly."""
    actual = np.asarray(actual, np.float64)
    assert actual.shape == expected.shape
    assert not np.isnan(actual).any()
    infinite = np.isinf(expected)
    assert (np.isinf(actual) == infinite).all()
    error = np.abs(np.where(infinite, 0, actual - np.where(infinite, 0, expected)))
    largest = np.abs(np.where(infinite, 0, expected)).max(initial=1e-3)
    error = np.where(infinite, 0, error)
    assert error.max(initial=0) <= factor * TOLERANCE[element] * max(largest, 1)


def bad_sequences(float32):
    """(arguments, message) of what every frontend refuses for one row of 70 queries and
    keys. `float32` is what it calls that type."""
    return [
        ({"cu_seqlens_q": []}, "expected one number or more"),
        (
            {"cu_seqlens_q": [0, 70], "query_starts": [0]},
            "expected one of query_starts",
        ),
        (
            {"cu_seqlens_q": [0, 30, 70], "cu_seqlens_k": [0, 70]},
            "expected as many sequences of queries as of keys, got 1 and 2",
        ),
        ({"cu_seqlens_k": [0, 30, 70]}, "expected cu_seqlens_q and cu_seqlens_k"),
        (
            {"query_lengths": [70, 70]},
            "expected starts and ends .* a batch of 1, got 2",
        ),
        ({"key_lengths": [[70]]}, "key_lengths: expected 1 dimensions"),
        ({"key_lengths": [70.0]}, f"key_lengths: expected int32, got {float32}"),
        ({"bound_length": "pack"}, "expected 'sequence' where no sequences are given"),
        ({"bound_length": "x", "key_lengths": [70]}, "to be 'sequence' or 'pack'"),
    ]

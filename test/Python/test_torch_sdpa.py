# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The form of call of torch's scaled_dot_product_attention, and bad input."""

import numpy as np
import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402
from plain_torch import compare, make, plain  # noqa: E402
from torch.nn.functional import scaled_dot_product_attention as theirs  # noqa: E402

ours = spattn.torch.scaled_dot_product_attention


def check_equal(found, expected, exact):
    compare(found, exact, expected).check(expected.dtype)


@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize("sizes", [(70, 70), (30, 70), (70, 30)])
def test_like_torch(device, is_causal, sizes):
    """With unequal lengths, torch's causal mask starts at the first key."""
    queries, keys = sizes
    case = make(
        "#spattn.causal" if is_causal else "#spattn.full",
        device,
        torch.bfloat16,
        queries=queries,
        keys=keys,
        alignment="start",
    )
    options = {"is_causal": is_causal, "scale": 0.2}
    case.scale = 0.2
    exact, _ = plain(case, torch.float64)
    check_equal(ours(*case.tensors, **options), theirs(*case.tensors, **options), exact)


def test_grouped_queries(device):
    case = make(spattn.causal(), device, torch.bfloat16, kv_heads=2)
    options = {"is_causal": True, "enable_gqa": True}
    exact, _ = plain(case, torch.float64)
    check_equal(ours(*case.tensors, **options), theirs(*case.tensors, **options), exact)
    with pytest.raises(spattn.ArgumentError, match="4, got 2; pass enable_gqa=True"):
        ours(*case.tensors, is_causal=True)


@pytest.mark.parametrize(
    "shape", [(20, 64), (3, 20, 64), (2, 3, 20, 64), (2, 1, 3, 9, 8)]
)
def test_ranks(device, shape):
    torch.manual_seed(1)
    tensors = [torch.randn(shape, device=device, dtype=torch.bfloat16) for _ in "qkv"]
    found = ours(*tensors, is_causal=True)
    assert found.shape == shape
    exact = theirs(*(x.double() for x in tensors), is_causal=True)
    check_equal(found, theirs(*tensors, is_causal=True), exact)


def test_structure(device):
    case = make(spattn.local_band(), device, torch.bfloat16, queries=30, keys=70)
    found = ours(*case.tensors, structure=spattn.local_band())
    expected = spattn.torch.attention(*case.tensors, spattn.local_band())
    assert torch.equal(found, expected)
    found = ours(*case.tensors, structure=spattn.local_band(), alignment="start")
    assert not torch.equal(found, expected)


def test_replaces_torch(device, monkeypatch):
    """A layer that calls torch's function computes the same with ours."""
    torch.manual_seed(0)
    layer = torch.nn.TransformerEncoderLayer(
        64, 2, 128, dropout=0.0, batch_first=True, device=device, dtype=torch.bfloat16
    ).train()
    input = torch.randn(2, 40, 64, device=device, dtype=torch.bfloat16)
    expected = layer(input)
    calls = []

    def counted(*args, **kwargs):
        calls.append(args)
        return ours(*args, **kwargs)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", counted)
    found = layer(input)
    assert calls
    torch.testing.assert_close(found, expected, atol=3e-2, rtol=3e-2)


# ------------------------------------------------------------------------------
# Bad input
# ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options, error, message",
    [
        (
            {"attn_mask": torch.ones(70, 70, dtype=torch.bool)},
            spattn.UnsupportedError,
            "takes no masks; describe the allowed pairs by a structure",
        ),
        (
            {"dropout_p": 0.1},
            spattn.UnsupportedError,
            "has no dropout, got 0.1; pass 0.0",
        ),
        (
            {"is_causal": True, "structure": "#spattn.full"},
            spattn.ArgumentError,
            "pass structure & spattn.causal",
        ),
        ({"structure": "#spattn.fool"}, spattn.StructureError, "fool"),
        ({"structure": 3}, spattn.StructureError, "3"),
        (
            {"structure": spattn.per_head((3, spattn.full()))},
            spattn.ArgumentError,
            "a mixture for 3 heads, got 4 query heads",
        ),
        (
            {"structure": "#spattn.full", "alignment": "middle"},
            spattn.ArgumentError,
            "alignment to be 'end' or 'start', got 'middle'",
        ),
        ({"scale": float("nan")}, spattn.ArgumentError, "scale of nan"),
    ],
    ids=str,
)
def test_bad_options(options, error, message):
    case = make(spattn.causal())
    with pytest.raises(error, match=message):
        ours(*case.tensors, **options)


def changed(case, name, change):
    tensors = dict(zip(("query", "key", "value"), case.tensors, strict=True))
    tensors[name] = change(tensors[name])
    return tensors.values()


@pytest.mark.parametrize(
    "name, change, message",
    [
        (
            "query",
            lambda x: x.detach().numpy(),
            "query: expected a torch.Tensor, got ndarray",
        ),
        ("key", lambda x: None, "key: expected a torch.Tensor, got NoneType"),
        (
            "value",
            lambda x: x[0],
            r"value: expected 4 dimensions \(batch, heads, length",
        ),
        ("key", lambda x: x[:1], "key: expected the batch size of query, 2, got 1"),
        ("value", lambda x: x[:1], "value: expected the batch size of query, 2, got 1"),
        ("value", lambda x: x[:, :2], "value: expected the number of heads of key, 4"),
        ("key", lambda x: x[:, :, :9], "value: expected the length of key, 9, got 70"),
        ("key", lambda x: x[..., :8], "key: expected the head dimension of query, 64"),
        ("query", lambda x: x[:, :3], "a multiple of that of key heads, got 3 and 4"),
        (
            "query",
            lambda x: x[:, :0],
            "expected at least one head and a head dimension above 0",
        ),
        ("key", lambda x: x.half(), "key: expected the dtype of query, torch.float32"),
        ("query", lambda x: x.double(), "query: expected float32, float16 or bfloat16"),
        (
            "query",
            lambda x: x.to("meta"),
            "key: expected the device of query, meta, got",
        ),
        (
            "key",
            lambda x: x.to_sparse(),
            r"key: expected a dense tensor, got torch.spa",
        ),
    ],
)
@pytest.mark.parametrize("gradients", [False, True])
def test_bad_tensors(name, change, message, gradients):
    case = make(spattn.causal())
    if gradients:
        case.query.requires_grad_()
    with pytest.raises((spattn.ArgumentError, spattn.UnsupportedError), match=message):
        spattn.torch.attention(*changed(case, name, change), "#spattn.causal")
    # And the next call is right.
    case = make(spattn.causal())
    output = spattn.torch.attention(*case.tensors, "#spattn.causal")
    assert output.isfinite().all()


def test_bad_layout():
    case = make(spattn.causal())
    with pytest.raises(spattn.ArgumentError, match="'bhnd' or 'bnhd', got 'bdnh'"):
        spattn.torch.attention(*case.tensors, "#spattn.causal", layout="bdnh")


def test_compiler_refuses():
    """A head dimension that no kernel takes, with the command that says so."""
    case = make(spattn.causal(), dim=2048)
    with pytest.raises(spattn.CompileError, match="spattn-opt"):
        spattn.torch.attention(*case.tensors, "#spattn.causal")


def test_errors_of_the_operator_itself():
    """Torch has RuntimeErrors only."""
    case = make(spattn.causal())
    for structure, message in (("#spattn.fool", "fool"), ("", "structure")):
        with pytest.raises(RuntimeError, match=message):
            torch.ops.spattn.attention(*case.tensors, structure)
    with pytest.raises(RuntimeError, match="query: expected 4 dimensions, got 3"):
        torch.ops.spattn.attention(case.query[0], case.key, case.value, "#spattn.full")


@pytest.mark.gpu
def test_float32_on_a_gpu():
    case = make(spattn.causal(), "cuda", torch.float32)
    with pytest.raises(spattn.CompileError, match="f16 or bf16"):
        spattn.torch.attention(*case.tensors, "#spattn.causal")


def test_numbers_of_other_libraries():
    query = np.zeros((1, 1, 2, 8), np.float32)
    with pytest.raises(spattn.ArgumentError, match="got ndarray"):
        spattn.torch.attention(query, query, query, "#spattn.causal")

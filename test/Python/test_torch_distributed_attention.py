# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention over a sequence that is spread over processes."""

import re

import definition
import numpy as np
import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402

if not torch.distributed.is_available():
    pytest.skip("torch has no process groups", allow_module_level=True)

import plain_torch  # noqa: E402
from distributed_cases import (  # noqa: E402
    assignment_of,
    attend,
    grads_of,
    make,
    needed_bytes,
    run_blocks,
    shard_and_unshard,
)
from ranks import Ranks  # noqa: E402
from spattn.torch import distributed  # noqa: E402

EXCLUSIVE = "#spattn.partition<exclusive>"
LOCAL_BAND = str(spattn.local_band() | spattn.sink(3))
STRIDED = str(spattn.window(9) | spattn.causal() & spattn.strided(4))
BLOCKS = str(spattn.window(left=5, right=4) | spattn.global_tokens(2))
MIXTURE = str(
    spattn.per_head((2, spattn.exclusive_bands()), (2, spattn.keys(0, spattn.N // 4)))
)


def joined(parts, given, dim=2):
    """The tensor of all tokens, of those of each rank."""
    shape = list(parts[0].shape)
    shape[dim] = given.length
    whole = torch.empty(shape)
    for part, chunks in zip(parts, given.chunks, strict=True):
        for begin, end, row in chunks:
            size = end - begin
            own = torch.from_numpy(part).narrow(dim, row, size)
            whole.narrow(dim, begin, size).copy_(own)
    return whole


def check(ranks, count, structure, kind="contiguous", **options):
    """Compares outputs and gradients with the definition, and returns the bytes that
    each rank sends to each: forward, and for gradients."""
    answers = ranks.run(attend, count, structure=structure, kind=kind, **options)
    dtype, sizes = options.get("dtype", "float32"), options.get("sizes") or {}
    sinks, with_lse = options.get("sinks", False), options.get("with_lse", False)
    case = make(structure, dtype, sizes, sinks)
    given = assignment_of(kind or "contiguous", case.query.shape[2], count)
    arrays = [[own[i] for own, *_ in answers] for i in range(len(answers[0][0]))]
    if sinks:  # A parameter, whose gradient is the sum over ranks.
        arrays[-1] = [sum(arrays[-1])]
    found = [x[0] if np.ndim(x[0]) == 1 else joined(x, given) for x in arrays]
    case.scale = options.get("scale")
    case.soft_cap = options.get("soft_cap")
    exact_case = case.mapped(lambda x: x.double().requires_grad_())
    plain_case = case.with_gradients()
    grads = grads_of(case)
    count = 2 if with_lse else 1
    expected = []
    for other in (exact_case, plain_case):
        results = plain_torch.plain(other)[:count]
        own = plain_torch.gradients(other, results, grads[:count])
        expected.append([x.detach() for x in (*results, *own)])
    for actual, exact, plain in zip(found, *expected, strict=True):
        actual = torch.as_tensor(actual)
        plain_torch.compare(actual, exact, plain).check(case.query.dtype)
    return [own[1] for own in answers], [own[2] for own in answers]


CASES = [
    (2, EXCLUSIVE, "contiguous", {"with_lse": True, "sizes": {"batch": 2}}),
    (2, BLOCKS, "zigzag", {"scale": 0.3, "stages": 2, "layout": "bnhd"}),
    (2, LOCAL_BAND, "striped", {"dtype": "bfloat16", "regather": True}),
    (2, "#spattn.full", "contiguous", {"sizes": {"queries": 37}}),
    (4, EXCLUSIVE, "zigzag", {"sinks": True, "sizes": {"queries": 50}}),
    (2, EXCLUSIVE, "zigzag", {"sinks": True, "with_lse": True, "stages": 2}),
    (4, MIXTURE, "contiguous", {"soft_cap": 2.0, "stages": 2}),
    (3, LOCAL_BAND, [20, 0, 13], {"sizes": {"queries": 33, "value_dim": 8}}),
    (4, EXCLUSIVE, [0, 41, 1, 0], {"with_lse": True, "sizes": {"queries": 42}}),
    (4, "#spattn.causal", "zigzag", {"sizes": {"queries": 3}}),
    (3, "#spattn.full", "striped", {"sizes": {"queries": 1}}),
    (8, EXCLUSIVE, "contiguous", {"sizes": {"heads": 8, "kv_heads": 8}}),
    (8, "#spattn.causal", "zigzag", {"sizes": {"kv_heads": 1}}),
    (8, LOCAL_BAND, None, {"sizes": {"queries": 24}}),
]


@pytest.mark.parametrize(("count", "structure", "kind", "options"), CASES)
def test_definition(ranks, count, structure, kind, options):
    """Outputs, gradients, and the bytes that travel, and no others."""
    forward, backward = check(ranks, count, structure, kind, **options)
    dtype, sizes = options.get("dtype", "float32"), options.get("sizes") or {}
    case = make(structure, dtype, sizes)
    given = assignment_of(kind or "contiguous", case.query.shape[2], count)
    expected = needed_bytes(structure, given, case)
    assert forward == expected
    returned = np.transpose(expected)
    again = np.array(expected) if options.get("regather") else 0
    assert np.array_equal(backward, returned + again)


def test_residues(ranks):
    """Keys between those of a residue may travel, too."""
    forward, _ = check(ranks, 3, STRIDED, "zigzag", repeat=2)
    case = make(STRIDED, "float32", {})
    given = distributed.zigzag(64, 3)
    assert (np.array(forward) >= needed_bytes(STRIDED, given, case)).all()


def test_calls_of_what_is_seen():
    """Heads of which a chunk sees no key have no call, and calls have the keys that are
    seen. Chunks that follow each other are one."""
    from spattn.torch.distributed._layout import Heads
    from spattn.torch.distributed._routes import Part, routes

    heads = Heads(EXCLUSIVE, 16, 16, 0, 16, 0, 16)
    given = distributed.zigzag(2**14, 2)
    first, second = routes(heads, given, 0, 2)
    early, late = first.calls
    assert early[:4] == (0, 4096, 0, 4) and (early.key_row, early.key_rows) == (0, 4096)
    assert late[:4] == (4096, 4096, 0, 8) and late.key_rows == first.rows
    assert first.empty == (Part(0, 4096, 4, 4),)
    assert [call[:4] for call in second.calls] == [(4096, 4096, 8, 8)]
    assert second.empty == (Part(0, 4096, 8, 8),)
    (call,) = routes(heads, given, 1, 1)[0].calls
    assert call[:4] == (0, 8192, 0, 12)


def test_calls_of_a_key_head():
    """Query heads of a group may be in several calls of the same rows."""
    from types import SimpleNamespace

    from spattn.torch.distributed._operator import _most_calls
    from spattn.torch.distributed._routes import Call

    calls = [
        Call(row, 8, head, 2, head // 4, 1, 0, 16, "#spattn.causal")
        for row in (0, 8)
        for head in (0, 2, 4)
    ]
    assert _most_calls(SimpleNamespace(calls=calls)) == 4
    assert _most_calls(SimpleNamespace(calls=calls[2:3])) == 1
    assert _most_calls(SimpleNamespace(calls=[])) == 0


def test_many_heads(ranks):
    """Heads with more intervals than a kernel can have are several calls."""
    from spattn.torch.distributed._layout import Heads
    from spattn.torch.distributed._routes import routes

    heads = Heads(LOCAL_BAND, 60, 30, 0, 60, 0, 30)
    (stage,) = routes(heads, distributed.contiguous(600, 4), 3, 1)
    assert len(stage.calls) > 1
    assert sum(call.heads for call in stage.calls) == 60
    sizes = {"heads": 60, "kv_heads": 30, "queries": 120, "dim": 8}
    check(ranks, 2, LOCAL_BAND, sizes=sizes)


def test_one_rank(ranks):
    forward, backward = check(ranks, 1, EXCLUSIVE, "zigzag")
    assert forward == backward == [[0]]


@pytest.mark.parametrize("method", ["attention", "head_parallel_attention"])
@pytest.mark.parametrize(
    ("structure", "bound_length"),
    [(EXCLUSIVE, "pack"), (str(spattn.window(7) | spattn.sink(2)), "sequence")],
)
@pytest.mark.parametrize(("count", "kind"), [(2, "zigzag"), (4, [7, 0, 56, 1])])
def test_documents(ranks, method, structure, bound_length, count, kind):
    """As one process computes them."""
    if method != "attention" and count > 2:
        pytest.skip("there are two key heads")
    ends = [0, 5, 30, 30, 33, 64]
    options = {"bound_length": bound_length}
    answers = ranks.run(
        *(attend, count),
        **{"structure": structure, "kind": kind, "method": method},
        **{"cu_seqlens": ends, **options},
    )
    case = make(structure, "float32", {}).with_gradients()
    cu = torch.tensor(ends, dtype=torch.int32)
    expected = spattn.torch.attention(
        *case.tensors, structure, cu_seqlens_q=cu, **options
    )
    grads = torch.autograd.grad(expected, case.tensors, grads_of(case)[0])
    given = assignment_of(kind, 64, count)
    for i, tensor in enumerate((expected.detach(), *grads)):
        found = joined([own[i] for own, *_ in answers], given)
        torch.testing.assert_close(found, tensor, atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize("kind", ["contiguous", "zigzag", [37, 0], [1, 36]])
def test_head_parallel(ranks, kind):
    options = {"sinks": True, "sizes": {"queries": 37, "batch": 2, "kv_heads": 4}}
    forward, _ = check(
        ranks, 2, LOCAL_BAND, kind, method="head_parallel_attention", **options
    )
    plan = distributed.plan(
        LOCAL_BAND, 37, 2, heads=4, kv_heads=4, head_dim=16, batch=2, element_bytes=4
    )
    if kind == "contiguous":
        sent = [row[1 - i] for i, row in enumerate(forward)]
        assert max(sent) <= max(plan.way("heads").sent)


@pytest.mark.gpu
def test_gpus(tmp_path):
    """The same with NCCL."""
    count = max((n for n in (2, 4, 8) if n <= torch.cuda.device_count()), default=1)
    if count == 1:
        pytest.skip("needs two GPUs")
    ranks = Ranks(count, tmp_path, device="cuda")
    options = {"dtype": "bfloat16", "device": "cuda", "with_lse": True}
    sizes = {"queries": 1000, "dim": 64, "heads": 8, "kv_heads": 8}
    try:
        for method in ("attention", "head_parallel_attention"):
            for structure in (EXCLUSIVE, LOCAL_BAND, "#spattn.causal"):
                for kind in ("contiguous", "zigzag"):
                    own = {**options, "sizes": sizes, "method": method}
                    own["with_lse"] = method == "attention"
                    check(ranks, count, structure, kind, **own)
        check(ranks, count, EXCLUSIVE, "zigzag", sizes=sizes, check="first", **options)
    finally:
        ranks.close()


def test_document(ranks):
    """Blocks of the document that are for several ranks run on all of them; the first
    one prints what the document says."""
    text = (definition.ROOT / "docs/Distributed.md").read_text()
    blocks = re.findall(r"^```py\n(.*?)^```$", text, re.S | re.M)
    assert len(blocks) == 3
    printed = ranks.run(run_blocks, 8, blocks=blocks)
    expected = re.search(r"^```py\n.*?^```\n+```text\n(.*?)^```$", text, re.S | re.M)
    assert printed == [expected[1], *[""] * 7]


def test_assignments(ranks):
    for length, count in ((16, 4), (17, 4), (3, 4)):
        for kind in ("contiguous", "zigzag", "striped"):
            run = {"length": length, "kind": kind}
            assert all(ranks.run(shard_and_unshard, count, **run))
    assert distributed.contiguous(10, 4).rows == (3, 3, 3, 1)
    assert distributed.zigzag(8, 2).ranges == (((0, 2), (6, 8)), ((2, 4), (4, 6)))
    assert distributed.contiguous_rows([3, 3, 1]) == distributed.contiguous(7, 3)
    with pytest.raises(spattn.ArgumentError, match="in one range"):
        distributed.Assignment("gap", 8, (((0, 3),), ((4, 8),)))
    with pytest.raises(spattn.ArgumentError, match="ascend"):
        distributed.Assignment("order", 8, (((4, 8), (0, 4)),))
    with pytest.raises(spattn.ArgumentError, match="rank"):
        distributed.zigzag(8, 0)
    with pytest.raises(spattn.ArgumentError, match="8 tokens"):
        distributed.shard(torch.zeros(7), distributed.zigzag(8, 2), 0, dim=0)

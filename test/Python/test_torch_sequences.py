# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Packed documents and padding from torch, against plain torch for each document."""

from dataclasses import replace

import numpy as np
import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402
from definition import bad_sequences  # noqa: E402
from plain_torch import check_same, compare, make, modified  # noqa: E402
from structures import parse_masks  # noqa: E402

DTYPE = {"cpu": torch.float32, "cuda": torch.bfloat16}
STRUCTURES = [
    spattn.causal(),
    spattn.exclusive_bands(),
    spattn.per_head((2, spattn.sink(3) | spattn.window(20)), (2, spattn.full())),
    spattn.prefix(5) & spattn.keys(0, 40),
]
#: Documents in the rows of a pack: of many tiles, of none, of one row.
DOCUMENTS = [0, 130, 130, 131, 200, 263, 300]


def document(case, bound_length):
    """(output, log-sum-exp) of one sequence in plain torch."""
    query, key, value = case.tensors
    heads, queries, keys = query.shape[1], query.shape[2], key.shape[2]
    key, value = (x.repeat_interleave(heads // x.shape[1], 1) for x in (key, value))
    i, j = np.arange(queries)[:, None], np.arange(keys)[None]
    d = i + (keys - queries if case.alignment == "end" else 0) - j
    mask = np.array(
        [
            np.broadcast_to(of_head(d, j, bound_length), (queries, keys))
            for of_head in parse_masks(case.structure, heads)
        ]
    )
    mask = torch.from_numpy(mask).to(query.device)
    scores = modified(query @ key.transpose(2, 3) * query.shape[3] ** -0.5, case)
    empty = ~mask.any(-1)[None, :, :, None]
    sinks = case.sinks
    if sinks is None:
        scores = scores.masked_fill(~mask, -torch.inf).masked_fill(empty, 0)
        p = scores.softmax(-1).masked_fill(empty, 0)
        return p @ value, scores.logsumexp(-1).masked_fill(empty[..., 0], -torch.inf)
    sinks = sinks.to(scores.dtype)[:, None, None].expand(*scores.shape[:3], 1)
    scores = torch.cat((scores.masked_fill(~mask, -torch.inf), sinks), -1)
    return scores.softmax(-1)[..., :-1] @ value, scores.logsumexp(-1)


def plain(case, rows, bound_length="sequence"):
    """(output, log-sum-exp) of a batch; `rows` are (queries from, to, keys from, to) of
    the sequences of each batch entry."""
    query, key, value = case.tensors
    output = query.new_zeros(*query.shape[:3], value.shape[3])
    lse = query.new_full(query.shape[:3], -torch.inf)
    for b, sequences in enumerate(rows):
        for first, end, first_key, end_key in sequences:
            part = replace(
                case,
                query=query[b : b + 1, :, first:end],
                key=key[b : b + 1, :, first_key:end_key],
                value=value[b : b + 1, :, first_key:end_key],
            )
            length = key.shape[2] if bound_length == "pack" else end_key - first_key
            found = document(part, length)
            output[b, :, first:end] = found[0][0]
            lse[b, :, first:end] = found[1][0]
    return output, lse


def poison(case, rows):
    """The same with NaN in padding."""
    tensors = [x.clone() for x in case.tensors]
    for b, sequences in enumerate(rows):
        for n, tensor in enumerate(tensors):
            padding = torch.ones(tensor.shape[2], dtype=torch.bool)
            for row in sequences:
                padding[slice(*(row[:2] if n == 0 else row[2:]))] = False
            tensor[b, :, padding] = torch.nan
    query, key, value = tensors
    return replace(case, query=query, key=key, value=value).with_gradients()


def check(case, rows, bound_length="sequence", **sequences):
    """Compares results and gradients with plain torch of each sequence."""
    dtype = case.query.dtype
    device = case.query.device
    sequences = {
        name: torch.tensor(x, dtype=torch.int32, device=device)
        for name, x in sequences.items()
    }
    case = poison(case, rows)
    results = spattn.torch.attention(
        *case.tensors,
        case.structure,
        sinks=case.sinks,
        return_lse=True,
        bound_length=bound_length,
        **case.options,
        **sequences,
    )
    exact_case = case.mapped(lambda x: x.detach().double().requires_grad_())
    plain_case = case.with_gradients()
    exact = plain(exact_case, rows, bound_length)
    others = plain(plain_case, rows, bound_length)
    for a, e, o in zip(results, exact, others, strict=True):
        compare(a.detach(), e.detach(), o.detach()).check(
            dtype if a.dim() == 4 else torch.float32
        )
    generator = torch.Generator().manual_seed(9)
    grads = [
        torch.randn(r.shape, generator=generator).to(device, r.dtype) for r in results
    ]
    padding = torch.ones(grads[1].shape, dtype=torch.bool)
    for b, entries in enumerate(rows):
        for first, end, *_ in entries:
            padding[b, :, first:end] = False
    # Rows without keys depend on nothing; what padding is given reaches nothing.
    grads[1] = grads[1].masked_fill(~exact[1].isfinite(), 0)
    poisoned = [
        grads[0].masked_fill(padding[..., None].to(device), torch.nan),
        grads[1].masked_fill(padding.to(device), torch.nan),
    ]
    finite = [exact[0], exact[1].masked_fill(~exact[1].isfinite(), 0)]
    other = [others[0], others[1].masked_fill(~others[1].isfinite(), 0)]
    ours = torch.autograd.grad(results, case.inputs, poisoned)
    theirs = torch.autograd.grad(
        finite, exact_case.inputs, [g.double() for g in grads], materialize_grads=True
    )
    plains = torch.autograd.grad(
        other,
        plain_case.inputs,
        [g.to(o.dtype) for g, o in zip(grads, other, strict=True)],
        materialize_grads=True,
    )
    for a, e, o in zip(ours, theirs, plains, strict=True):
        compare(a, e, o, factor=3).check(dtype)
    return results, ours


def packed(ends, keys=None):
    """The rows of one pack."""
    keys = ends if keys is None else keys
    return [
        list(zip(ends[:-1], ends[1:], keys[:-1], keys[1:], strict=True)),
    ]


def case_of(structure, device, **sizes):
    sizes = {"kv_heads": 2, "dim": 32, **sizes}
    return make(structure, device, DTYPE[device], **sizes)


@pytest.mark.parametrize("bound_length", ["sequence", "pack"])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_documents(device, structure, bound_length):
    case = case_of(structure, device, batch=1, queries=310)
    check(case, packed(DOCUMENTS), bound_length, cu_seqlens_q=DOCUMENTS)


@pytest.mark.parametrize("alignment", ["end", "start"])
def test_documents_of_keys(device, alignment):
    """Queries and keys of other lengths, and documents without one of them."""
    queries, keys = [3, 60, 60, 140, 150], [0, 90, 110, 110, 220]
    case = case_of(
        spattn.exclusive_bands(),
        device,
        batch=1,
        queries=150,
        keys=230,
        alignment=alignment,
    )
    check(case, packed(queries, keys), cu_seqlens_q=queries, cu_seqlens_k=keys)


def test_sinks(device):
    case = case_of(spattn.window(30), device, batch=1, queries=310)
    sinks = torch.tensor([-1.0, 0.0, 1.0, 5.0], device=device)
    case = replace(case, sinks=sinks)
    _, grads = check(case, packed(DOCUMENTS), cu_seqlens_q=DOCUMENTS)
    assert grads[3].abs().sum() > 0


@pytest.mark.parametrize("alignment", ["end", "start"])
def test_modified_scores(device, alignment):
    """Distances are those within a document."""
    keys = [0, 80, 200, 210, 210, 299, 310]
    case = case_of(
        spattn.window(left=70, right=30),
        device,
        batch=1,
        queries=300,
        keys=310,
        heads=4,
    )
    case = replace(
        case,
        alignment=alignment,
        soft_cap=3.0,
        alibi_slopes=torch.tensor([0.5, 0.1, -0.02, 0], device=device),
        distance_bias=torch.linspace(-1, 1, 4 * 33).reshape(4, 33).to(device),
    )
    ends = [0, 100, 130, 131, 200, 263, 300]
    check(case, packed(ends, keys), cu_seqlens_q=ends, cu_seqlens_k=keys)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_right_padding(device, structure):
    lengths = [70, 1, 0, 33]
    case = case_of(structure, device, batch=4, queries=70)
    rows = [[(0, n, 0, n)] for n in lengths]
    check(case, rows, query_lengths=lengths, key_lengths=lengths)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_left_padding(device, structure):
    starts = [0, 69, 70, 33]
    case = case_of(structure, device, batch=4, queries=70)
    rows = [[(n, 70, n, 70)] for n in starts]
    check(case, rows, query_starts=starts, key_starts=starts)


def test_padding_of_keys_only(device):
    """As of encoders, whose queries are all computed."""
    lengths = [90, 64, 0]
    case = case_of(spattn.full(), device, batch=3, queries=50, keys=90)
    check(case, [[(0, 50, 0, n)] for n in lengths], key_lengths=lengths)


def test_documents_of_each_row(device):
    ends = [[0, 20, 64], [10, 10, 70]]
    case = case_of(spattn.causal(), device, batch=2, queries=80)
    rows = [packed(row)[0] for row in ends]
    check(case, rows, cu_seqlens_q=ends, cu_seqlens_k=ends)


def test_a_neighbour_of_nan(device):
    """What is not finite in one document reaches no other."""
    case = case_of(spattn.full(), device, batch=1, queries=310)
    cu = torch.tensor(DOCUMENTS, dtype=torch.int32, device=device)

    def run(case):
        case = case.with_gradients()
        results = spattn.torch.attention(
            *case.tensors, case.structure, cu_seqlens_q=cu, return_lse=True
        )
        loss = torch.ones_like(results[0])
        return [x.detach() for x in results] + list(
            torch.autograd.grad(results[0], case.inputs, loss)
        )

    expected = run(case)
    for spoiled in range(6):
        first, end = DOCUMENTS[spoiled : spoiled + 2]
        tensors = [x.clone() for x in case.tensors]
        for tensor, value in zip(
            tensors, (torch.nan, torch.inf, torch.nan), strict=True
        ):
            tensor[:, :, first:end] = value
        query, key, value = tensors
        found = run(replace(case, query=query, key=key, value=value))
        for a, b in zip(found, expected, strict=True):
            a, b = (torch.cat((x[:, :, :first], x[:, :, end:]), 2) for x in (a, b))
            torch.testing.assert_close(a, b, atol=1e-2, rtol=1e-2)


def test_output_alone(device):
    case = case_of(spattn.causal(), device, batch=1, queries=310)
    cu = torch.tensor(DOCUMENTS, dtype=torch.int32, device=device)
    output = spattn.torch.attention(*case.tensors, case.structure, cu_seqlens_q=cu)
    both, _ = spattn.torch.attention(
        *case.tensors, case.structure, cu_seqlens_q=cu, return_lse=True
    )
    assert torch.equal(output, both)


def test_modules(device):
    case = case_of(spattn.causal(), device, batch=1, queries=310)
    cu = torch.tensor(DOCUMENTS, dtype=torch.int32, device=device)
    expected = spattn.torch.attention(*case.tensors, case.structure, cu_seqlens_q=cu)
    module = spattn.torch.Attention(spattn.causal())
    assert torch.equal(module(*case.tensors, cu_seqlens_q=cu), expected)
    module = spattn.torch.SelfAttention(
        64, 4, spattn.causal(), device=device, dtype=case.query.dtype
    )
    x = torch.randn(1, 300, 64, device=device, dtype=case.query.dtype)
    found = module(x, cu_seqlens_q=cu)
    torch.testing.assert_close(found[:, 131:200], module(x[:, 131:200]))


def test_compile(device):
    torch.compiler.reset()

    @torch.compile(fullgraph=True, dynamic=True, backend="aot_eager")
    def call(q, k, v, cu):
        return spattn.torch.attention(q, k, v, "#spattn.causal", cu_seqlens_q=cu)

    for ends in ([0, 30, 70], [0, 12, 40, 90]):
        case = case_of(spattn.causal(), device, batch=1, queries=ends[-1])
        case = case.with_gradients()
        cu = torch.tensor(ends, dtype=torch.int32, device=device)
        found = call(*case.tensors, cu)
        expected = spattn.torch.attention(
            *case.tensors, case.structure, cu_seqlens_q=cu
        )
        check_same(found, expected, case.inputs)


def test_opcheck(device):
    case = case_of(spattn.exclusive_bands(), device, queries=40).with_gradients()
    lengths = torch.tensor([[40], [12]], dtype=torch.int32, device=device)
    torch.library.opcheck(
        torch.ops.spattn.attention.default,
        (*case.tensors, case.structure),
        {"query_ends": lengths, "key_ends": lengths, "bound_length": "pack"},
    )


def test_vmap():
    case = case_of(spattn.causal(), "cpu", batch=2, queries=40)
    lengths = torch.tensor([40, 12], dtype=torch.int32)

    def call(q, k, v, n):
        return spattn.torch.attention(
            q, k, v, case.structure, query_lengths=n, key_lengths=n
        )

    mapped = torch.func.vmap(call)(*(x[None] for x in case.tensors), lengths[None])
    assert torch.equal(mapped[0], call(*case.tensors, lengths))


def test_numpy():
    """The same from arrays of NumPy."""
    case = case_of(spattn.exclusive_bands(), "cpu", batch=1, queries=310)
    cu = np.array(DOCUMENTS, np.int32)
    expected = spattn.torch.attention(
        *case.tensors,
        case.structure,
        cu_seqlens_q=torch.from_numpy(cu),
        return_lse=True,
    )
    arrays = [x.numpy() for x in case.tensors]
    found = spattn.attention(*arrays, case.structure, cu_seqlens_q=cu, lse=True)
    for a, b in zip(found, expected, strict=True):
        assert np.array_equal(a, b.numpy())
    with pytest.raises(spattn.ArgumentError, match="expected elements of i32, got f32"):
        spattn.attention(*arrays, case.structure, cu_seqlens_q=cu.astype(np.float32))


def test_kernels_for_the_mean_length():
    """20 documents of 8 tokens take the CPU's kernel for a few queries."""
    structure = spattn.window(91)
    case = case_of(structure, "cpu", batch=1, queries=160)
    cu = torch.arange(0, 161, 8, dtype=torch.int32)
    spattn.torch.attention(*case.tensors, structure, cu_seqlens_q=cu)
    arrays = [x.numpy() for x in case.tensors]
    spattn.attention(*arrays, spattn.window(93), cu_seqlens_q=cu.numpy())
    for structure in (spattn.window(91), spattn.window(93)):
        problems = {k.problem: k for k in spattn.loaded_kernels()}
        (kernel,) = (
            kernel
            for problem, kernel in problems.items()
            if getattr(problem, "structure", None) == structure
        )
        assert kernel.options == "query-tile=16"


@pytest.mark.parametrize(
    "sequences, message",
    [
        ({"cu_seqlens_q": [0, 50, 40]}, "expected ascending rows from 50 to 70"),
        ({"cu_seqlens_q": [0, 71]}, "expected ascending rows from 0 to 70"),
        ({"cu_seqlens_q": [-1, 70]}, "expected ascending rows from 0 to 70"),
        *bad_sequences("torch.float32"),
    ],
)
def test_bad_sequences(sequences, message):
    case = case_of(spattn.causal(), "cpu", batch=1, queries=70)

    def tensor(x):
        if not isinstance(x, list):
            return x
        x = torch.tensor(x)
        return x if x.dtype == torch.float32 and x.numel() else x.to(torch.int32)

    with pytest.raises(spattn.ArgumentError, match=message):
        spattn.torch.attention(
            *case.tensors,
            case.structure,
            **{name: tensor(x) for name, x in sequences.items()},
        )

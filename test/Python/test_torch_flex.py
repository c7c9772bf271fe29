# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Structures of FlexAttention's functions, against its own masks and outputs."""

from typing import Any, NamedTuple

import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402
from flex_cases import (  # noqa: E402
    DOCUMENT_IDS,
    OFFSETS,
    SYMBOLIC,
    WINDOWS,
    WITH_LENGTHS,
    random_mask,
)
from spattn._patterns import Pattern  # noqa: E402
from torch.nn.attention import flex_attention as flex  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:flex_attention called without")
structure_of = spattn.torch.structure_of
HEADS = 4


def mask_of(mask_mod, lengths):
    """The mask by torch, which maps the function over all pairs."""
    return flex.create_mask(mask_mod, 1, HEADS, *lengths, device="cpu")[0]


def pairs_of(found, lengths):
    """The mask that a structure has, and documents."""
    queries, keys = lengths
    mask = torch.zeros(HEADS, queries, keys, dtype=torch.bool)
    ends = [[0, queries], [0, keys]]
    if found.cu_seqlens_q is not None:
        ends = [found.cu_seqlens_q.tolist(), found.cu_seqlens_k.tolist()]
    for (q0, q1), (k0, k1) in zip(
        *(zip(x, x[1:], strict=False) for x in ends), strict=True
    ):
        part = Pattern(found.structure.text, HEADS, q1 - q0, k1 - k0, found.alignment)
        for head in range(HEADS):
            own = bytearray(part.mask(head))
            if own:
                mask[head, q0:q1, k0:k1] = torch.frombuffer(
                    own, dtype=torch.bool
                ).reshape(q1 - q0, k1 - k0)
    return mask


@pytest.mark.parametrize("lengths", [(1, 1), (50, 50), (33, 140), (140, 33)])
@pytest.mark.parametrize("name", SYMBOLIC)
def test_all_lengths(name, lengths):
    case = SYMBOLIC[name]
    found = structure_of(case.mask_mod, num_heads=HEADS)
    if case.text:
        assert found.structure == spattn.Structure.parse(case.text), found.structure
    assert found.lengths is None and dict(found).keys() == {"structure", "alignment"}
    assert torch.equal(pairs_of(found, lengths), mask_of(case.mask_mod, lengths))


@pytest.mark.parametrize("name", WITH_LENGTHS)
def test_known_lengths(name):
    case = WITH_LENGTHS[name]
    queries, keys = case.lengths
    found = structure_of(case.mask_mod, num_heads=HEADS, q_len=queries, kv_len=keys)
    assert found.lengths == case.lengths
    assert (found.cu_seqlens_q is not None) == case.has_documents
    if case.text:
        assert found.structure == spattn.Structure.parse(case.text), found.structure
    expected = mask_of(case.mask_mod, case.lengths)
    assert torch.equal(pairs_of(found, case.lengths), expected)


def tensors(queries, keys, batch=2, heads=HEADS, key_heads=HEADS):
    generator = torch.Generator().manual_seed(1)
    shapes = [(batch, heads, queries, 16), *[(batch, key_heads, keys, 16)] * 2]
    return [torch.randn(s, generator=generator) for s in shapes]


@pytest.mark.parametrize("name", [*SYMBOLIC, *WITH_LENGTHS])
def test_outputs(name):
    """The move in one line, for a batch of two."""
    case = {**SYMBOLIC, **WITH_LENGTHS}[name]
    queries, keys = case.lengths or (60, 75)
    inputs = tensors(queries, keys)
    block_mask = flex.create_block_mask(
        case.mask_mod, None, HEADS, queries, keys, device="cpu", BLOCK_SIZE=16
    )
    expected = flex.flex_attention(*inputs, block_mask=block_mask)
    found = spattn.torch.flex_attention(*inputs, block_mask=block_mask)
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=2e-5)
    arguments = structure_of(
        case.mask_mod, num_heads=HEADS, q_len=queries, kv_len=keys, batch_size=2
    )
    found = spattn.torch.attention(*inputs, **arguments)
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=2e-5)


def alibi(score, b, h, q_idx, kv_idx):
    return score + (kv_idx - q_idx) * torch.exp2(-((h + 1) * 8.0 / HEADS))


def soft_cap(score, b, h, q_idx, kv_idx):
    return 20 * torch.tanh(score / 20)


@pytest.mark.parametrize("score_mod", [alibi, soft_cap])
@pytest.mark.parametrize("name", ["causal", "document_causal"])
def test_score_mod_beside(score_mod, name):
    case = {**SYMBOLIC, **WITH_LENGTHS}[name]
    queries, keys = case.lengths or (60, 60)
    inputs = tensors(queries, keys, key_heads=2)
    options = {
        "score_mod": score_mod,
        "block_mask": flex.create_block_mask(
            case.mask_mod, None, None, queries, keys, device="cpu"
        ),
        "enable_gqa": True,
        "return_aux": flex.AuxRequest(lse=True),
    }
    expected, found = (
        module.flex_attention(*inputs, **options) for module in (flex, spattn.torch)
    )
    torch.testing.assert_close(found[0], expected[0], atol=2e-5, rtol=2e-5)
    torch.testing.assert_close(found[1].lse, expected[1].lse, atol=2e-5, rtol=2e-5)
    # Torch has no gradients of these on a CPU.
    inputs = [x.requires_grad_() for x in inputs]
    out, aux = spattn.torch.flex_attention(*inputs, **options)
    grads = torch.autograd.grad(out.square().sum() + aux.lse.sum(), inputs)
    assert all(x.isfinite().all() and x.abs().sum() > 0 for x in grads)


def test_flex_attention_arguments():
    inputs = tensors(40, 40)
    found = spattn.torch.flex_attention(*inputs, scale=0.5)
    expected = flex.flex_attention(*inputs, scale=0.5)
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=2e-5)
    found, lse = spattn.torch.flex_attention(*inputs, return_lse=True)
    assert lse.shape == found.shape[:-1]
    block_mask = flex.create_block_mask(
        WITH_LENGTHS["document"].mask_mod, None, None, 90, 90, device="cpu"
    )
    with pytest.raises(spattn.ArgumentError, match=r"lengths \(90, 90\), and query"):
        spattn.torch.flex_attention(*inputs, block_mask=block_mask)
    with pytest.raises(spattn.ArgumentError, match="enable_gqa"):
        spattn.torch.flex_attention(inputs[0], *(x[:, :2] for x in inputs[1:]))
    with pytest.raises(spattn.UnsupportedError, match="no max_scores"):
        spattn.torch.flex_attention(
            *inputs, return_aux=flex.AuxRequest(max_scores=True)
        )
    with pytest.raises(spattn.UnsupportedError, match="not the same in each of them"):
        spattn.torch.flex_attention(
            *tensors(90, 90),
            block_mask=block_mask,
            score_mod=lambda s, b, h, q, k: s + 0.01 * q,
        )


def test_block_masks():
    """Blocks of a BlockMask count, beside its function."""
    causal = SYMBOLIC["causal"].mask_mod
    block_mask = flex.create_block_mask(causal, None, None, 256, 256, device="cpu")
    assert structure_of(block_mask).structure == spattn.causal()
    counts = torch.tensor([[[1, 1]]], dtype=torch.int32)
    indices = torch.tensor([[[[0, 1], [1, 0]]]], dtype=torch.int32)
    for mask_mod, inner in ((None, spattn.full()), (causal, spattn.causal())):
        diagonal = flex.BlockMask.from_kv_blocks(counts, indices, mask_mod=mask_mod)
        found = structure_of(diagonal)
        blocks = spattn.block(0, 128) | spattn.block(128, 256)
        expected = Pattern((blocks & inner).text, HEADS, 256, 256).mask(0)
        assert found.lengths == (256, 256)
        assert Pattern(found.structure.text, HEADS, 256, 256).mask(0) == expected
    mask_mod = SYMBOLIC["windows of heads"].mask_mod
    heads = flex.create_block_mask(mask_mod, None, HEADS, 64, 64, device="cpu")
    assert structure_of(heads).structure.heads == HEADS
    with pytest.raises(spattn.ArgumentError, match="lengths of the BlockMask"):
        structure_of(block_mask, q_len=10, kv_len=10)
    two = flex.create_block_mask(
        lambda b, h, q, k: (q >= k) & (b < 1), 2, None, 128, 128, device="cpu"
    )
    with pytest.raises(spattn.UnsupportedError, match="depends on the batch entry"):
        structure_of(two)
    # Blocks of each entry, and of each head, are other ones.
    counts, both = counts.expand(2, 1, 2), torch.stack([indices[0], indices[0].flip(1)])
    entries = flex.BlockMask.from_kv_blocks(counts, both, mask_mod=causal)
    with pytest.raises(spattn.UnsupportedError, match="depends on the batch entry"):
        structure_of(entries)
    heads = flex.BlockMask.from_kv_blocks(
        counts.transpose(0, 1), both.transpose(0, 1), mask_mod=causal
    )
    found = structure_of(heads)
    assert found.structure.heads == 2 and found.lengths == (256, 256)
    assert Pattern(found.structure.text, 2, 256, 256).mask(0) == expected
    with pytest.raises(spattn.ArgumentError, match="heads of the BlockMask, 2, got 3"):
        structure_of(heads, num_heads=3)


class Refused(NamedTuple):
    mask_mod: Any
    message: str
    options: dict[str, Any] = {}


square = torch.rand(40, 40, generator=torch.Generator().manual_seed(0)) < 0.5
shuffled = torch.arange(90) * 37 % 90 // 9
REFUSED = [
    Refused(
        lambda b, h, q, k: (q >= k) & (b < 1), r"flex.py:\d+:\d+: it depends on the"
    ),
    Refused(lambda b, h, q, k: DOCUMENT_IDS[b] > q, "depends on the batch entry"),
    Refused(lambda b, h, q, k: q - k < 4 * h, "depends on the head; pass num_heads"),
    Refused(lambda b, h, q, k: q + k < 9, "'<' compares a sum of query and key"),
    Refused(lambda b, h, q, k: q * k < 9, r"'\*' is not known in a mask"),
    Refused(lambda b, h, q, k: 2 * q < 3 * k, "'<' compares something else than"),
    Refused(lambda b, h, q, k: q // 16 >= k // 16, "'>=' compares blocks of queries"),
    Refused(lambda b, h, q, k: q // 2 >= k, "'>=' compares blocks of indices with"),
    Refused(lambda b, h, q, k: (q * 2) % 3 == 0, "takes the rest of something else"),
    Refused(lambda b, h, q, k: torch.sin(q) < k, "spattn cannot compute sin"),
    Refused(lambda b, h, q, k: q if q > k else k, "has no truth value"),
    Refused(lambda b, h, q, k: [1, 2][q] > k, "only a tensor of torch can be"),
    Refused(lambda b, h, q, k: q > torch.ones(3), "got Tensor; tensors are indexed by"),
    Refused(lambda b, h, q, k: q.view(-1) > 1, "what is traced has no 'view'"),
    Refused(lambda b, h, q, k: (q << 1) > k, "unsupported operand"),
    Refused(lambda b, h, q, k: q // k > 1, "by integers above 0"),
    Refused(lambda b, h, q, k: square[q, k], "looked up by key and query; with q_len"),
    Refused(lambda b, h, q, k: square[q] > 1, "expected 2 numbers to index a tensor"),
    Refused(
        lambda b, h, q, k: square[q, k],
        "looked up by key and query; no structure was found for the mask of head 0 at",
        {"q_len": 40, "kv_len": 40},
    ),
    Refused(
        lambda b, h, q, k: (DOCUMENT_IDS[q] == DOCUMENT_IDS[k]) & (q % 7 != 3),
        "not the same in each of them, counted from its start; no structure",
    ),
    Refused(
        lambda b, h, q, k: shuffled[q] == DOCUMENT_IDS[k],
        "not the same at the same place; no structure was found",
    ),
    Refused(
        lambda b, h, q, k: shuffled[q] == shuffled[k],
        "documents are expected to be contiguous, and one is not; no structure",
    ),
    Refused(
        lambda b, h, q, k: (q % 9 * k) < 40,
        r"'\*' is not known in a mask; no structure",
        {"q_len": 60, "kv_len": 60},
    ),
    Refused(
        lambda b, h, q, k: q + k < 9,
        "too many pairs at the lengths 8192 and 8192",
        {"q_len": 8192, "kv_len": 8192},
    ),
    Refused(
        lambda b, h, q, k: q if q > k else k,
        "it cannot be run: Boolean value",
        {"q_len": 9, "kv_len": 9},
    ),
    Refused(
        lambda b, h, q, k: torch.sin(q + h) < k,
        "depends on the head; pass num_heads",
        {"q_len": 9, "kv_len": 9},
    ),
    Refused(
        lambda b, h, q, k: torch.sin(q + b) < k,
        "depends on the batch entry",
        {"q_len": 9, "kv_len": 9},
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=range(len(REFUSED)))
def test_refused(case):
    with pytest.raises(spattn.UnsupportedError, match=case.message):
        structure_of(case.mask_mod, **case.options)


def test_bad_arguments():
    with pytest.raises(
        spattn.ArgumentError, match="expected a function of batch, head"
    ):
        structure_of(3)
    with pytest.raises(spattn.ArgumentError, match="both of q_len and kv_len"):
        structure_of(SYMBOLIC["causal"].mask_mod, q_len=3)
    with pytest.raises(spattn.ArgumentError, match="out of bounds"):
        structure_of(lambda b, h, q, k: q - k < OFFSETS[h], num_heads=9)
    with pytest.raises(spattn.ArgumentError, match="out of bounds"):
        structure_of(WITH_LENGTHS["document"].mask_mod, q_len=99, kv_len=99)


def test_misread_functions_are_no_answer(monkeypatch):
    """What the library finds is compared with the function."""
    from spattn import _patterns

    wrong = spattn.window(31).text
    monkeypatch.setattr(_patterns, "structure_in", lambda *_: wrong)
    with pytest.raises(spattn.SpattnError, match="please report this"):
        structure_of(lambda b, h, q, k: (q >= k) & (q - k < 32))


def test_devices(device):
    """What functions look up, and documents, are where tensors are."""
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    inputs = [x.to(device, dtype) for x in tensors(90, 90, batch=1)]
    ids, offsets, windows = (x.to(device) for x in (DOCUMENT_IDS, OFFSETS, WINDOWS))

    def mask_mod(b, h, q_idx, kv_idx):
        place = q_idx - offsets[ids[q_idx]]
        distance = place - (kv_idx - offsets[ids[kv_idx]])
        same = ids[q_idx] == ids[kv_idx]
        return same & (distance >= 0) & (distance < windows[h])

    block_mask = flex.create_block_mask(mask_mod, None, HEADS, 90, 90, device=device)
    expected = flex.flex_attention(*inputs, block_mask=block_mask)
    found = structure_of(mask_mod, num_heads=HEADS)
    assert found.cu_seqlens_q.device == inputs[0].device
    for out in (
        spattn.torch.attention(*inputs, **found),
        spattn.torch.flex_attention(*inputs, block_mask=block_mask),
    ):
        tolerance = 2e-2 if device == "cuda" else 2e-5
        torch.testing.assert_close(out, expected, atol=tolerance, rtol=tolerance)


def test_structures_are_kept(monkeypatch):
    """A BlockMask is looked at once."""
    inputs = tensors(40, 40)
    block_mask = flex.create_block_mask(
        SYMBOLIC["causal"].mask_mod, None, None, 40, 40, device="cpu"
    )
    first = spattn.torch.flex_attention(*inputs, block_mask=block_mask)
    monkeypatch.setattr("spattn.torch.flex.structure_of", None)
    assert torch.equal(
        first, spattn.torch.flex_attention(*inputs, block_mask=block_mask)
    )


def test_random_functions():
    """What is found is right, and most of it is."""
    count = found = 0
    for seed in range(300):
        mask_mod, text = random_mask(seed)
        count += 1
        try:
            own = structure_of(mask_mod, num_heads=HEADS)
        except spattn.UnsupportedError:
            continue
        found += 1
        for lengths in ((37, 37), (21, 64), (64, 21)):
            expected = mask_of(mask_mod, lengths)
            assert torch.equal(pairs_of(own, lengths), expected), (text, own.structure)
    assert found > count / 2

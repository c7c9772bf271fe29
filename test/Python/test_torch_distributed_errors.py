# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Errors of attention over a sequence that is spread over processes."""

import re

import pytest
import spattn

torch = pytest.importorskip("torch")
if not torch.distributed.is_available():
    pytest.skip("torch has no process groups", allow_module_level=True)

from distributed_cases import call, leave, leave_within, make  # noqa: E402
from ranks import Ranks  # noqa: E402
from spattn.torch import distributed  # noqa: E402

EXCLUSIVE = "#spattn.partition<exclusive>"
BY_HEADS = {"method": "head_parallel_attention", "sizes": {"heads": 3, "kv_heads": 3}}
WRONG = {
    "dtypes": ({1: {"dtype": "bfloat16"}}, "dtype torch.float32.*dtype torch.bfloat16"),
    "structures": ({2: {"structure": "#spattn.full"}}, "spattn.causal.*spattn.full"),
    "dtypes, by heads": (
        {i: {**BY_HEADS, "dtype": "bfloat16" if i else "float32"} for i in range(3)},
        "dtype torch.float32.*dtype torch.bfloat16",
    ),
    "methods": (
        {i: BY_HEADS if i == 1 else {"sizes": BY_HEADS["sizes"]} for i in range(3)},
        "rank 1 has head-parallel",
    ),
    "key heads": (
        {i: {**BY_HEADS, "sizes": {"kv_heads": 2}} for i in range(3)},
        "key heads for each of 3 ranks alike, got 2",
    ),
    "heads": ({1: {"sizes": {"heads": 2}}}, "heads"),
    "batches": ({1: {"sizes": {"batch": 2}}}, "batch size 1.*batch size 2"),
    "first calls": (
        {i: {"check": "first", "soft_cap": 3.0 + i // 2} for i in range(3)},
        "soft_cap 3.0.*soft_cap 4.0",
    ),
    "gradients": ({2: {"gradients": True}}, "gradients False.*gradients True"),
    "regather": ({1: {"regather": True}}, "regather False.*regather True"),
    "arguments": ({2: {"other_keys": True}}, "key: expected"),
    "lengths": (
        {i: {"assignment": distributed.zigzag(32, 2)} for i in range(3)},
        "3 has 16|for 2 ranks",
    ),
    "rows": (
        {
            i: {"assignment": distributed.contiguous(48, 3), "length": 16 - i // 2}
            for i in range(3)
        },
        "rank 2 of 3 has 15",
    ),
    "documents": ({i: {"cu_seqlens": [0, 7]} for i in range(3)}, "cu_seqlens"),
    "bands of documents": (
        {i: {"cu_seqlens": [0, 48], "structure": EXCLUSIVE} for i in range(3)},
        "bound_length='pack'",
    ),
    "futures of documents": (
        {i: {"cu_seqlens": [0, 48], "structure": "#spattn.full"} for i in range(3)},
        "causal",
    ),
    "checks": ({i: {"check": "often"} for i in range(3)}, "'often'"),
    "mixtures": (
        {i: {"structure": "#spattn.heads<2 x #spattn.causal>"} for i in range(3)},
        "2 heads",
    ),
    "tensor parallelism": ({i: {"heads": (1, 4)} for i in range(3)}, "whole groups"),
    "bounds": ({i: {"bound_length": "long"} for i in range(3)}, "'long'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls(ranks, name):
    """An error on all ranks, and the next call works."""
    of_ranks, message = WRONG[name]
    found = ranks.answers(call, 3, of_ranks=of_ranks, structure="#spattn.causal")
    assert [kind for kind, _ in found] == ["error"] * 3, found
    for _, (kind, _message) in found:
        assert kind in ("ArgumentError", "DistributedError", "UnsupportedError")
    texts = " | ".join(text for _, (_, text) in found)
    assert re.search(message, texts), texts
    ranks.run(call, 3)


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (leave, {"how": "ends"}),
        (leave, {"how": "is late"}),
        (leave_within, {}),
    ],
)
def test_a_rank_leaves(function, options, tmp_path):
    """The others end their step with an error, soon."""
    ranks = Ranks(3, tmp_path, timeout=3)
    try:
        ranks.run(call, 3)  # All is compiled.
        # Ranks end within the timeout of their group, whatever the other one does.
        found = ranks.answers(
            *(function, 3, 15), waited_for=(0, 2), rank_that_leaves=1, **options
        )
        for rank, (outcome, answer) in zip((0, 2), found, strict=True):
            assert outcome == "error", found
            assert answer[0] == "DistributedError", answer
            assert f"rank {rank} of 3" in answer[1]
    finally:
        ranks.close()


def test_without_a_group():
    case = make("#spattn.causal", "float32", {})
    with pytest.raises(spattn.DistributedError, match="init_process_group"):
        distributed.attention(*case.tensors, "#spattn.causal")

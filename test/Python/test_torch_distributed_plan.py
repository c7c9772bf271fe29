# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Predictions of what travels between ranks."""

import json
from pathlib import Path

import definition
import numpy as np
import pytest
import spattn

torch = pytest.importorskip("torch")
if not torch.distributed.is_available():
    pytest.skip("torch has no process groups", allow_module_level=True)

from distributed_cases import assignment_of, make, needed_bytes  # noqa: E402
from spattn.torch import distributed  # noqa: E402

EXCLUSIVE = "#spattn.partition<exclusive>"


@pytest.mark.parametrize("kind", ["contiguous", "zigzag"])
def test_less_than_a_ring(kind):
    """The bytes of exclusive bands on 8 ranks, as `plan` predicts them."""
    length = 64
    sizes = {"heads": 8, "kv_heads": 8}
    plan = distributed.plan(EXCLUSIVE, length, 8, heads=8, head_dim=16, element_bytes=4)
    case = make(EXCLUSIVE, "float32", sizes)
    given = assignment_of(kind, length, 8)
    needed = np.array(needed_bytes(EXCLUSIVE, given, case))
    way = plan.way("keys", kind)
    assert way.sent == tuple(needed.sum(1)) and way.received == tuple(needed.sum(0))
    ring = next(w for w in plan.ways if w.method == "ring")
    rows = length // 8 * 8 * 2 * 16 * 4  # Of 8 heads' keys and values.
    assert ring.sent == (7 * rows,) * 8
    assert 4 * sum(way.sent) <= sum(ring.sent)
    masks = definition.masks(EXCLUSIVE, 8, length, length)
    places = [distributed.position_ids(given, i).numpy() for i in range(8)]
    assert way.pairs == tuple(int(masks[:, own].sum()) for own in places)


def test_plan():
    plan = distributed.plan(EXCLUSIVE, 4096, 8, heads=16, kv_heads=8)
    assert plan.best.step_ms == min(w.step_ms for w in plan.ways if w.method != "ring")
    assert f"* {plan.best.name}" in str(plan)
    assert plan.assignment.length == 4096 and plan.assignment.ranks == 8
    # One rank sends nothing.
    alone = distributed.plan(EXCLUSIVE, 4096, 1)
    assert {sum(way.sent) for way in alone.ways} == {0}
    # Ulysses needs a key head for each rank.
    methods = {way.method for way in distributed.plan(EXCLUSIVE, 64, 3, heads=4).ways}
    assert methods == {"keys", "ring"}
    for wrong in ({"card": "none"}, {"link": "none"}, {"kv_heads": 3}):
        with pytest.raises(spattn.ArgumentError):
            distributed.plan(EXCLUSIVE, 64, 2, **wrong)
    with pytest.raises(spattn.ArgumentError, match="there is no way"):
        plan.way("rings")


def test_heads_of_ranks():
    """Heads whose bands are far have fewer pairs."""
    from spattn.torch.distributed._layout import heads_of_ranks

    assert heads_of_ranks("#spattn.causal", 8, 4, 2, 64) == ((0, 1), (2, 3))
    assert heads_of_ranks(EXCLUSIVE, 4, 4, 2, 64) == ((0, 3), (1, 2))
    way = distributed.plan(EXCLUSIVE, 4096, 8, heads=16).way("heads")
    assert max(way.pairs) < 1.05 * min(way.pairs)


MEASURED = Path(__file__).parents[2] / "docs/benchmarks/distributed.json"


def test_predictions_of_what_was_measured():
    """Steps on two GPUs, within an eighth, and none much too short."""
    rows = json.loads(MEASURED.read_text())
    plans, errors = {}, []
    for row in rows:
        method, _, kind = row["system"].partition(", ")
        if row["pass"] != "step" or not row.get("predicted_step_ms"):
            continue
        case = row["workload"], row["length"]
        if case not in plans:
            structure = spattn.Structure.parse(f"#spattn.partition<{case[0]}>")
            plans[case] = distributed.plan(
                structure, case[1], row["ranks"], heads=row["heads"]
            )
        way = plans[case].way(method, kind.split(",")[0] or "contiguous")
        errors.append(way.step_ms / row["ms"])
    assert len(errors) >= 9
    assert min(errors) > 0.88 and max(errors) < 1.13, (min(errors), max(errors))

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention over a dimension of a mesh: DTensors, and FSDP beside it."""

import pytest
import spattn

torch = pytest.importorskip("torch")
if not torch.distributed.is_available():
    pytest.skip("torch has no process groups", allow_module_level=True)

import plain_torch  # noqa: E402
from distributed_cases import dtensors, grads_of, make, mesh_of_one  # noqa: E402
from distributed_training import Layer, learn, train  # noqa: E402

LOCAL_BAND = str(spattn.local_band() | spattn.sink(3))


@pytest.mark.parametrize("length", [64, 41])
def test_mesh_of_one(ranks, length):
    ranks.run(mesh_of_one, 4, structure=LOCAL_BAND, length=length)


@pytest.mark.parametrize("length", [64, 41])
def test_dtensors(ranks, length):
    found = ranks.run(dtensors, 4, structure=LOCAL_BAND, length=length)
    case = make(LOCAL_BAND, "float32", {"queries": length}).with_gradients()
    results = plain_torch.plain(case)
    grads = torch.autograd.grad(results, case.tensors, grads_of(case))
    for own in found:
        for actual, expected in zip(own, (*results, *grads), strict=True):
            actual, expected = torch.from_numpy(actual), expected.detach()
            torch.testing.assert_close(actual, expected, atol=2e-5, rtol=2e-5)


def test_beside_fsdp(ranks):
    """Four ranks with half of the batch and of the sequence each learn what one
    process does."""
    structure, length = spattn.exclusive_bands(), 32
    found = ranks.run(train, 4, structure=structure, length=length)
    model = Layer(structure)
    start = [p.detach().clone() for p in model.parameters()]
    x = torch.randn(2, length, 32, generator=torch.Generator().manual_seed(1))
    learn(model, x, torch.arange(length))
    for own in found:
        for actual, p, first in zip(own, model.parameters(), start, strict=True):
            assert not torch.equal(p, first)
            torch.testing.assert_close(
                torch.from_numpy(actual), p.detach(), atol=1e-5, rtol=1e-5
            )

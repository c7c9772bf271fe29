# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""DDP and FSDP of modules with spattn, on two processes."""

import os
import traceback

import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402
import torch.distributed as dist  # noqa: E402
import torch.multiprocessing as mp  # noqa: E402
from torch import nn  # noqa: E402

PROCESSES = 2
STEPS = 3


def make_model(device):
    torch.manual_seed(0)
    return nn.Sequential(
        spattn.torch.SelfAttention(64, 4, spattn.exclusive_bands(), kv_heads=2),
        nn.GELU(),
        spattn.torch.SelfAttention(64, 4, spattn.sink(2) | spattn.window(8)),
    ).to(device)


def make_batches(device):
    generator = torch.Generator().manual_seed(1)
    batches = torch.randn(STEPS, 4, 48, 64, generator=generator)
    return batches.to(device)


def train(model, batches, device, part=slice(None)):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for batch in batches:
        optimizer.zero_grad()
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            output = model(batch[part])
        (output.float() - batch[part]).square().mean().backward()
        optimizer.step()


def data_parallel(model):
    return nn.parallel.DistributedDataParallel(model), lambda wrapped: {
        name: p.detach() for name, p in wrapped.module.named_parameters()
    }


def fully_sharded(model):
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    # Without a mesh, FSDP moves a model to the GPUs of a machine that has any.
    device = next(model.parameters()).device.type
    mesh = init_device_mesh(device, (PROCESSES,))
    for child in model:
        if list(child.parameters()):
            fully_shard(child, mesh=mesh)
    return fully_shard(model, mesh=mesh), lambda wrapped: {
        name: p.full_tensor() for name, p in wrapped.named_parameters()
    }


def work(rank, wrap, device, folder):
    """One of the processes: trains on its half of each batch."""
    try:
        torch.set_num_threads(1)
        if device == "cuda":
            torch.cuda.set_device(rank)
        dist.init_process_group(
            {"cpu": "gloo", "cuda": "nccl"}[device],
            init_method=f"file://{folder}/store",
            rank=rank,
            world_size=PROCESSES,
        )
        wrapped, parameters_of = wrap(make_model(device))
        half = slice(2 * rank, 2 * rank + 2)
        train(wrapped, make_batches(device), device, half)
        parameters = parameters_of(wrapped)
        if rank == 0:
            torch.save({k: v.cpu() for k, v in parameters.items()}, f"{folder}/found")
        dist.barrier()
        dist.destroy_process_group()
    except BaseException:
        traceback.print_exc()
        raise
    # PyTorch 2.13 aborts at times when a process that used gloo ends, also
    # without spattn.
    os._exit(0)


@pytest.mark.parametrize("wrap", [data_parallel, fully_sharded])
def test_two_processes(device, wrap, tmp_path):
    """Two processes with half of a batch each learn what one does of all."""
    if device == "cuda" and torch.cuda.device_count() < PROCESSES:
        pytest.skip("needs two GPUs")
    mp.spawn(work, (wrap, device, str(tmp_path)), nprocs=PROCESSES)
    found = torch.load(tmp_path / "found")
    model = make_model(device)
    start = {name: p.detach().clone() for name, p in model.named_parameters()}
    train(model, make_batches(device), device)
    tolerance = 1e-5 if device == "cpu" else 2e-3
    for name, p in model.named_parameters():
        assert not torch.equal(p, start[name])
        torch.testing.assert_close(
            found[name], p.detach().cpu(), atol=tolerance, rtol=tolerance
        )

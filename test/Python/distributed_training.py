# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Training whose sequences are spread over ranks. Results are NumPy arrays."""

import sys

import definition
import plain_torch
import torch
from spattn.torch import distributed
from torch import nn


class Layer(nn.Module):
    """Attention with projections and rotary embeddings."""

    def __init__(self, structure, mesh=None, assignment=None):
        super().__init__()
        torch.manual_seed(0)
        self.inner = nn.Linear(32, 96)
        self.outer = nn.Linear(32, 32)
        self.structure, self.mesh, self.assignment = structure, mesh, assignment

    def forward(self, x, places):
        rows = self.inner(x).unflatten(2, (3, 2, 16))
        query, key, value = (rows[:, :, i].transpose(1, 2) for i in range(3))
        angles = places[:, None] * 0.5 ** torch.arange(8)
        turns = torch.polar(torch.ones_like(angles), angles)

        def rotate(x):
            pairs = torch.view_as_complex(x.unflatten(3, (8, 2)).contiguous())
            return torch.view_as_real(pairs * turns).flatten(3)

        query, key = rotate(query), rotate(key)
        if self.mesh is None:
            out = plain_torch.plain(
                plain_torch.Case(query, key, value, str(self.structure))
            )[0]
        else:
            out = distributed.attention(
                *(query, key, value, self.structure, self.mesh),
                assignment=self.assignment,
            )
        return self.outer(out.transpose(1, 2).flatten(2))


def learn(model, x, places):
    """The parameters after two steps."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(2):
        optimizer.zero_grad()
        (model(x, places) - x).square().mean().backward()
        optimizer.step()


def train(rank, group, structure, length):
    """FSDP over all ranks of a mesh of batches and sequences."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh("cpu", (2, 2), mesh_dim_names=("dp", "cp"))
    given = distributed.zigzag(length, 2)
    model = Layer(structure, mesh["cp"], given)
    fully_shard(model, mesh=mesh._flatten("all"))
    x = torch.randn(2, length, 32, generator=torch.Generator().manual_seed(1))
    x = x[mesh.get_local_rank("dp")][None]
    places = distributed.position_ids(given, mesh.get_local_rank("cp"))
    learn(model, distributed.shard(x, given, mesh["cp"], dim=1), places)
    return [p.full_tensor().detach().numpy() for p in model.parameters()]


def training_step(rank, group, system, structure, length, stride, tile=None):
    """The loss of a step of benchmarks/training, a rank's part of it, and the gradients
    of all weights. Without a group, those of one process."""
    folder = str(definition.ROOT / "benchmarks/training")
    if folder not in sys.path:
        sys.path.append(folder)
    import olmoe
    import sharded
    import step

    torch.manual_seed(0)
    model = olmoe.make("cpu", torch.float32, **olmoe.TINY, num_hidden_layers=2)
    if tile:
        olmoe.recompute(model, tile)
    ids = torch.randint(0, model.config.vocab_size, (2, length))
    known = sharded.SYSTEMS if group else step.SYSTEMS
    made = known[system](structure, 2, 4, length, "cpu", group)
    loss = step.gradients(model, ids, stride, made, tile)
    return loss.item(), {n: p.grad.numpy() for n, p in model.named_parameters()}

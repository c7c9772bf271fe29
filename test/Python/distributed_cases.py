# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What ranks do in the tests of attention over a sequence that is spread over them.
Results are NumPy arrays."""

import contextlib
import functools
import io
import os
import time

import definition
import plain_torch
import torch
import torch.distributed as dist
from spattn.torch import distributed

SIZES = {"batch": 1, "heads": 4, "kv_heads": 2, "queries": 64, "dim": 16}


def assignment_of(kind, length, ranks):
    if isinstance(kind, (list, tuple)):
        return distributed.contiguous_rows(kind)
    return getattr(distributed, kind)(length, ranks)


def make(structure, dtype, sizes, sinks=False):
    """The tensors of all tokens, the same in all processes."""
    case = plain_torch.make(
        structure, dtype=getattr(torch, dtype), **{**SIZES, **sizes}
    )
    if sinks:
        case.sinks = torch.linspace(-1, 1, case.query.shape[1])
    return case


def grads_of(case, value_dim=None):
    generator = torch.Generator().manual_seed(9)
    shape = *case.query.shape[:3], case.value.shape[3]
    output = torch.randn(shape, generator=generator).to(case.query.dtype)
    return output, torch.randn(shape[:3], generator=generator)


def needed_bytes(structure, given, case):
    """Bytes that rank `i` has to send to rank `j`, from the definition."""
    heads, key_heads = case.query.shape[1], case.key.shape[1]
    length = case.query.shape[2]
    masks = definition.masks(structure, heads, length, length)
    masks = masks.reshape(key_heads, -1, length, length).any(1)
    places = [distributed.position_ids(given, i).numpy() for i in range(given.ranks)]
    row = case.key.shape[0] * (case.key.shape[3] + case.value.shape[3])
    return [
        [
            0
            if i == j
            else int(masks[:, theirs][:, :, own].any(1).sum())
            * row
            * case.key.element_size()
            for j, theirs in enumerate(places)
        ]
        for i, own in enumerate(places)
    ]


class Bytes:
    """Counts the bytes that are handed to torch for other ranks."""

    def __init__(self, group):
        self.group, self.sent = group, [0] * dist.get_world_size(group)

    def __enter__(self):
        self.original = dist.all_to_all_single

        def count(output, input, output_sizes, input_sizes, **options):
            assert sum(input_sizes) == input.shape[0]
            row = input[:1].numel() * input.element_size()
            for rank, rows in enumerate(input_sizes):
                self.sent[rank] += row * rows
            return self.original(output, input, output_sizes, input_sizes, **options)

        dist.all_to_all_single = count
        return self

    def __exit__(self, *_):
        dist.all_to_all_single = self.original


def attend(
    rank,
    group,
    structure,
    kind="contiguous",
    method="attention",
    dtype="float32",
    sizes=None,
    sinks=False,
    with_lse=False,
    repeat=1,
    device="cpu",
    **options,
):
    """The outputs and gradients of a rank's tokens, and the bytes that it sends."""
    case = make(structure, dtype, sizes or {}, sinks).mapped(lambda x: x.to(device))
    ranks = dist.get_world_size(group)
    given = kind and assignment_of(kind, case.query.shape[2], ranks)
    own = given or distributed.contiguous(case.query.shape[2], ranks)
    leaves = [
        distributed.shard(x, own, rank).clone().requires_grad_() for x in case.tensors
    ]
    grads = [distributed.shard(x, own, rank).to(device) for x in grads_of(case)]
    inputs = list(leaves)
    if sinks:
        inputs.append(case.sinks.clone().requires_grad_())
        options["sinks"] = inputs[3]
    if options.get("layout") == "bnhd":
        leaves = [x.transpose(1, 2) for x in leaves]
        grads[0] = grads[0].transpose(1, 2)
    if with_lse:
        options["return_lse"] = True
    runs = []
    for _ in range(repeat):
        with Bytes(group) as forward:
            results = getattr(distributed, method)(
                *leaves, structure, group, assignment=given, **options
            )
        results = results if with_lse else (results,)
        with Bytes(group) as backward:
            found = torch.autograd.grad(
                results, inputs, grads[: len(results)], materialize_grads=True
            )
        if options.get("layout") == "bnhd":
            results = results[0].transpose(1, 2), *results[1:]
        runs.append([x.detach() for x in (*results, *found)])
    for other in runs:  # Bit by bit the same.
        assert all(map(torch.equal, other, runs[0]))
    # NumPy has no bfloat16.
    arrays = [x.float().cpu().numpy() for x in runs[0]]
    return arrays, forward.sent, backward.sent


def shard_and_unshard(rank, group, length, kind):
    """Whether tokens come back."""
    ranks = dist.get_world_size(group)
    whole = torch.arange(3 * length).reshape(3, length)
    given = assignment_of(kind, length, ranks)
    own = distributed.shard(whole, given, group, dim=1)
    places = distributed.position_ids(given, rank)
    back = distributed.unshard(own, given, group, dim=1)
    return torch.equal(own, whole[:, places]) and torch.equal(back, whole)


def call(rank, group, structure="#spattn.causal", length=16, dtype="float32", **more):
    """A call with arguments that ranks may have differently."""
    case = make(structure, dtype, {"queries": length, **more.pop("sizes", {})})
    tensors = case.tensors
    if more.pop("gradients", False):
        tensors = case.with_gradients().tensors
    if more.pop("other_keys", False):
        tensors = case.query, case.key.double(), case.value
    method = getattr(distributed, more.pop("method", "attention"))
    method(*tensors, structure, group, **more)


def leave(rank, group, rank_that_leaves, how):
    """A rank that ends, or is late, before the others call."""
    if rank == rank_that_leaves:
        if how == "ends":
            os._exit(1)
        time.sleep(60)
    call(rank, group)


def leave_within(rank, group, rank_that_leaves):
    """A rank that ends when keys are to travel."""
    if rank == rank_that_leaves:
        dist.all_to_all_single = lambda *_, **__: os._exit(1)
    call(rank, group)


def dtensors(rank, group, structure, length):
    """Attention of DTensors, sharded over heads and length: output and gradients."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import Shard, distribute_tensor

    mesh = init_device_mesh("cpu", (2, 2), mesh_dim_names=("tp", "cp"))
    case = make(structure, "float32", {"queries": length})
    placements = [Shard(1), Shard(2)]
    leaves = [
        distribute_tensor(x, mesh, placements).requires_grad_() for x in case.tensors
    ]
    output, lse = distributed.attention(*leaves, structure, return_lse=True)
    assert output.placements == tuple(placements) and lse.shape == output.shape[:3]
    grads = (distribute_tensor(x, mesh, placements) for x in grads_of(case))
    found = torch.autograd.grad([output, lse], leaves, list(grads))
    return [x.full_tensor().detach().numpy() for x in (output, lse, *found)]


def mesh_of_one(rank, group, structure, length):
    """Attention over the dimension of a mesh that has one rank: whether tensors and
    DTensors give the same as one process, with both methods."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import Shard, distribute_tensor

    mesh = init_device_mesh("cpu", (4, 1), mesh_dim_names=("dp", "cp"))["cp"]
    case = make(structure, "float32", {"queries": length}).with_gradients()
    results = plain_torch.plain(case)[:1]
    grads = grads_of(case)[:1]
    expected = [*results, *torch.autograd.grad(results, case.tensors, grads)]

    def check(call, leaves, grad):
        output = call(*leaves, structure, mesh)
        found = [output, *torch.autograd.grad(output, leaves, grad)]
        for a, b in zip(found, expected, strict=True):
            a = a.full_tensor() if hasattr(a, "full_tensor") else a
            torch.testing.assert_close(a, b, atol=2e-5, rtol=2e-5)

    for kind in (None, "contiguous", "zigzag", "striped"):
        given = kind and assignment_of(kind, length, 1)
        for method in (distributed.attention, distributed.head_parallel_attention):
            call = functools.partial(method, assignment=given)
            check(call, case.tensors, grads[0])
    own = [distribute_tensor(x, mesh, [Shard(2)]) for x in (*case.tensors, grads[0])]
    leaves = [x.detach().requires_grad_() for x in own[:3]]
    check(lambda *x: distributed.attention(*x[:4]), leaves, own[3])


def run_blocks(rank, group, blocks):
    """What blocks of code print, one after the other."""
    original, scope = dist.init_process_group, {}
    dist.init_process_group = lambda *_: None  # There is one.
    try:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            for block in blocks:
                exec(block, scope)
    finally:
        dist.init_process_group = original
    return printed.getvalue()

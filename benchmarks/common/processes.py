# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The processes that torchrun starts, each a rank; without torchrun, one process."""

import os
import sys

import torch
import torch.distributed as dist


def join(device: str) -> int:
    """Joins the ranks that torchrun has started, and returns their number."""
    if "WORLD_SIZE" in os.environ:
        if device != "cpu":
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        dist.init_process_group("gloo" if device == "cpu" else "cpu:gloo,cuda:nccl")
    return count()


def count() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def is_first() -> bool:
    return not dist.is_initialized() or dist.get_rank() == 0


def wait() -> None:
    """Waits for all ranks."""
    if dist.is_initialized():
        dist.barrier()


def leave(status: int = 0) -> None:
    """Leaves the other ranks, and ends the process if there are any."""
    if not dist.is_initialized():
        return
    dist.barrier()
    dist.destroy_process_group()
    sys.stdout.flush()
    # PyTorch 2.13 aborts at times when a process that used gloo ends.
    os._exit(status)

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Processes that run functions as the ranks of groups, and never wait for ever."""

import multiprocessing as mp
import os
import sys
import time
import traceback
from datetime import timedelta

import pytest
import torch
import torch.distributed as dist


def serve(rank, size, store, timeout, device, pipe):
    """A rank: runs what comes through the pipe."""
    torch.set_num_threads(1)
    if device == "cuda":
        torch.cuda.set_device(rank)
    dist.init_process_group(
        {"cpu": "gloo", "cuda": "cpu:gloo,cuda:nccl"}[device],
        init_method=f"file://{store}",
        rank=rank,
        world_size=size,
        timeout=(limit := timedelta(seconds=timeout)),
    )
    # Groups of the first 2, 4, ... ranks; all ranks create all groups.
    groups = {
        n: dist.new_group(range(n), timeout=limit) for n in (1, 2, 3, 4, 8) if n <= size
    }
    pipe.send(("ready", None))
    while True:
        function, count, arguments = pipe.recv()
        try:
            found = function(rank, groups[count], **arguments)
            pipe.send(("value", found))
        except Exception as error:
            traceback.print_exc()
            pipe.send(("error", (type(error).__name__, str(error))))


class Ranks:
    """So many processes, each a rank."""

    def __init__(self, size, folder, timeout=60, device="cpu"):
        if not dist.is_gloo_available():
            pytest.skip("torch has no gloo")
        # Processes are forked from one that has imported everything.
        os.environ["PYTHONPATH"] = os.pathsep.join(x for x in sys.path if x)
        os.environ["SPATTN_NUM_THREADS"] = "1"
        self.context = mp.get_context("forkserver")
        self.context.set_forkserver_preload(["spattn.torch.distributed"])
        self.size, self.processes, self.pipes = size, [], []
        for rank in range(size):
            pipe, other = self.context.Pipe()
            process = self.context.Process(
                target=serve,
                args=(rank, size, f"{folder}/store", timeout, device, other),
                daemon=True,
            )
            process.start()
            other.close()
            self.processes.append(process)
            self.pipes.append(pipe)
        self.receive(range(size), 60)

    def receive(self, ranks, seconds):
        """What ranks answer; all are ended if one does not in time."""
        end, found = time.monotonic() + seconds, []
        for rank in ranks:
            if not self.pipes[rank].poll(max(end - time.monotonic(), 0)):
                self.close()
                raise TimeoutError(f"rank {rank} has not answered in {seconds} s")
            try:
                found.append(self.pipes[rank].recv())
            except EOFError:
                found.append(("ended", None))
        return found

    def answers(
        self, function, count, seconds=60, of_ranks=None, waited_for=None, **arguments
    ):
        """What `function` of a module returns for rank, group and arguments:
        ("value", result) or ("error", (type, message)) of each of `count` ranks;
        ("ended", None) of one that has ended. `of_ranks` has arguments of single
        ranks, and `waited_for` those that are to answer, if not all."""
        for rank in range(count):
            own = {**arguments, **(of_ranks or {}).get(rank, {})}
            self.pipes[rank].send((function, count, own))
        return self.receive(waited_for or range(count), seconds)

    def run(self, function, count, **arguments):
        """The results of all ranks, none of which fails."""
        found = self.answers(function, count, **arguments)
        assert all(kind == "value" for kind, _ in found), found
        return [value for _, value in found]

    def close(self):
        for process in self.processes:
            process.kill()

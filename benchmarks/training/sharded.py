"""Attention of a sequence whose tokens are spread over ranks.

Systems as those of common/systems.py, for the processes that torchrun starts: tensors
have a rank's tokens, which `assignment` says. "keys" is
spattn.torch.distributed.attention, with the assignment that `plan` finds fastest,
"heads" its head_parallel_attention, and "ring" the exchange of all keys
(distributed/ring.py).
"""

import sys
from pathlib import Path

import torch
import torch.distributed as dist

for folder in ("common", "distributed"):
    sys.path.append(str(Path(__file__).resolve().parents[1] / folder))

from patterns import for_spattn  # noqa: E402
from systems import Absent, System  # noqa: E402


class Sharded(System):
    method: str

    def prepare(self):
        from spattn.torch import distributed

        self.described = for_spattn(self.structure)
        self.group = self.group or dist.group.WORLD
        ranks = dist.get_world_size(self.group)
        plan = distributed.plan(
            *(self.described, self.length, ranks),
            heads=self.heads,
            batch=self.batch,
        )
        ways = [way for way in plan.ways if way.method == self.method]
        if not ways:
            raise Absent(f"{self.heads} heads are not for {ranks} ranks alike")
        self.assignment = min(ways, key=lambda way: way.step_ms).assignment


class Exchanged(Sharded):
    """A function of spattn.torch.distributed."""

    function: str

    def attend(self, q, k, v, scale):
        from spattn.torch import distributed

        return getattr(distributed, self.function)(
            *(q, k, v, self.described, self.group),
            assignment=self.assignment,
            scale=scale,
        )


class Keys(Exchanged):
    """The keys that a rank's queries see travel to it."""

    name = method = "keys"
    function = "attention"


class Heads(Exchanged):
    """Each rank has all tokens of some heads."""

    name = method = "heads"
    function = "head_parallel_attention"


class Ring(Sharded):
    """All ranks pass all keys on."""

    name = method = "ring"

    def attend(self, q, k, v, scale):
        from ring import ring_attention

        if scale != q.shape[-1] ** -0.5:
            raise ValueError("the ring is called with its own scale")
        return ring_attention(q, k, v, self.described, self.group, self.assignment)


SYSTEMS = {system.name: system for system in (Keys, Heads, Ring)}


def reduce_gradients(model: torch.nn.Module, group) -> None:
    """Adds the gradients of all ranks up, as data parallelism does."""
    works = [
        dist.all_reduce(parameter.grad, group=group, async_op=True)
        for parameter in model.parameters()
    ]
    for work in works:
        work.wait()


def slowest(seconds: list[float]) -> list[float]:
    """The greatest of all ranks' times, one by one."""
    if not dist.is_initialized():
        return seconds
    times = torch.tensor(seconds, dtype=torch.float64)
    dist.all_reduce(times, dist.ReduceOp.MAX)
    return times.tolist()

"""The other systems that can compute a workload, as calls on tensors. Needs torch."""

from collections.abc import Callable, Iterator

import torch
import workloads  # Adds the folder of systems.py to the path.
from systems import SYSTEMS, Absent, System

#: FlexAttention with FlashAttention-4's kernels and torch's own choice are left out:
#: others here have the same kernels.
NAMES = ("cudnn", "fa4", "cudnn-flex", "flex")
Tensors = dict[str, torch.Tensor]
Call = Callable[[], object]


def peers_of(
    workload: tuple, tensors: Tensors
) -> Iterator[tuple[System, list[torch.Tensor]]]:
    """The systems that support a workload, each with queries, keys and values in
    memory of its own layout."""
    structure, heads, _, _, batch, length = workload
    for name in NAMES:
        kind = SYSTEMS[name]
        if not kind.supports(workloads.pattern(structure)):
            continue
        torch.compiler.reset()
        try:
            system = kind(workloads.pattern(structure), batch, heads, length, "cuda")
        except Absent as error:
            print(f"absent: {name}: {error}", flush=True)
            continue
        yield system, [in_layout(system, tensors[x]) for x in "qkv"]


def in_layout(system: System, x: torch.Tensor) -> torch.Tensor:
    return x.transpose(1, 2).contiguous() if system.layout == "bnhd" else x.detach()


def forward_calls(workload: tuple, tensors: Tensors) -> dict[str, Call]:
    calls = {}
    for system, inputs in peers_of(workload, tensors):
        scale = inputs[0].shape[3] ** -0.5

        def call(system=system, inputs=inputs, scale=scale):
            with torch.no_grad():
                return system.attend(*inputs, scale)

        if works(system, call):
            calls[system.name] = call
    return calls


def backward_calls(workload: tuple, tensors: Tensors) -> dict[str, Call]:
    calls = {}
    for system, inputs in peers_of(workload, tensors):
        leaves = [x.requires_grad_() for x in inputs]
        gradient = in_layout(system, tensors["do"])

        def call(system=system, leaves=leaves, gradient=gradient, kept=[]):  # noqa: B006
            if not kept:
                kept.append(system.attend(*leaves, leaves[0].shape[3] ** -0.5))
            torch.autograd.grad(kept[0], leaves, gradient, retain_graph=True)

        if works(system, call):
            calls[system.name] = call
    return calls


def works(system: System, call: Call) -> bool:
    """Compiles a call. A system that fails must not stop the others."""
    try:
        call()
        torch.cuda.synchronize()
    except Exception as error:
        text = str(error)[:300]
        print(f"{system.name}: {type(error).__name__}: {text}", flush=True)
        return False
    return True

"""Compiles kernels with options, and launches them on tensors by name. Needs the
package spattn, and torch."""

from collections.abc import Callable, Iterator

import spattn
import spattn.torch
import torch
from kernels import STRUCTURES, Variant
from spattn.arrays import view_of

Tensors = dict[str, torch.Tensor]
Launch = Callable[[], None]
#: Makes a launch on tensors. Scratch is first filled with a byte, if one is given.
Bind = Callable[[Tensors, int | None], Launch]


def make_problem(structure: str, heads: int, key_heads: int, dim: int, backward: bool):
    problem = spattn.Problem(
        spattn.Structure.parse(STRUCTURES[structure]),
        heads,
        dim,
        "bf16",
        kv_heads=key_heads,
        lse=True,
    )
    return problem.backward() if backward else problem


def bind_variants(
    variants: dict[str, Variant], workload: tuple, backward: bool
) -> Iterator[tuple[str, Bind]]:
    """The variants that apply to a workload, by name."""
    structure, heads, key_heads, dim, _, _ = workload
    problem = make_problem(structure, heads, key_heads, dim, backward)
    for name, variant in variants.items():
        if dim in variant.dims and structure in variant.structures:
            yield (
                name,
                bind(spattn.compile(problem, variant.chip, options=variant.options)),
            )


def bind(kernel: spattn.Kernel) -> Bind:
    def make(tensors: Tensors, poison: int | None = None) -> Launch:
        arrays = [view_of(tensors[name], name) for name in kernel.problem.operands]
        call = kernel.prepare(arrays)
        pointers = [array.pointer for array in arrays]
        size = call.scratch_bytes + call.scratch_alignment - 1
        scratch = torch.empty(size, dtype=torch.uint8, device="cuda")
        if poison is not None:
            scratch.fill_(poison)
        start = -(-scratch.data_ptr() // call.scratch_alignment)
        start *= call.scratch_alignment

        def launch(keep=(tensors, scratch)) -> None:
            stream = torch.cuda.current_stream().cuda_stream
            call.run(pointers, scratch=start, stream=stream)

        return launch

    return make


def bind_torch(structure: str, backward: bool) -> Bind:
    """spattn.torch.attention, with the kernels that it selects for users. Results are
    copied only if they are compared (with `poison`)."""
    text = STRUCTURES[structure]

    def make(tensors: Tensors, poison: int | None = None) -> Launch:
        leaves = [tensors[name].detach() for name in "qkv"]
        if not backward:

            def forward() -> None:
                out, lse = spattn.torch.attention(*leaves, text, return_lse=True)
                if poison is not None:
                    tensors["o"].copy_(out)
                    tensors["lse"].copy_(lse)

            return forward
        leaves = [x.requires_grad_() for x in leaves]
        out = spattn.torch.attention(*leaves, text)

        def gradients() -> None:
            found = torch.autograd.grad(out, leaves, tensors["do"], retain_graph=True)
            if poison is not None:
                for name, x in zip(("dq", "dk", "dv"), found, strict=True):
                    tensors[name].copy_(x)

        return gradients

    return make

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The schemas, fake implementations and autograd rules of the operators of merges.

lib/Torch/Merge.cpp has the CPU and CUDA implementations. Graphs refer to them as
torch.ops.spattn.merge and torch.ops.spattn.merge_backward.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from . import _check
from ._operators import _TAGS, _fold, _library, _rows_like, below_autograd, refuse

for _schema in (
    'merge(Tensor[] outputs, Tensor[] lses, str layout="bhnd", str dtype="") '
    "-> (Tensor output, Tensor lse)",
    "merge_backward(Tensor grad_output, Tensor? grad_lse, Tensor[] outputs, "
    'Tensor[] lses, str layout="bhnd") -> (Tensor[] grad_outputs, Tensor[] grad_lses)',
):
    _library.define(_schema, tags=_TAGS)
merge = torch.ops.spattn.merge.default
merge_backward = torch.ops.spattn.merge_backward.default


@torch.library.register_fake("spattn::merge", lib=_library)
def _(outputs, lses, layout="bhnd", dtype=""):
    _check.check_merge(outputs, lses, layout)
    first = outputs[0]
    output = _rows_like(first, first.shape[3], layout)
    if dtype:
        output = torch.empty_like(output, dtype=getattr(torch, dtype))
    return output, _numbers_like(first, layout)


@torch.library.register_fake("spattn::merge_backward", lib=_library)
def _(grad_output, grad_lse, outputs, lses, layout="bhnd"):
    _check.check_merge(outputs, lses, layout)
    return (
        [_rows_like(x, x.shape[3], layout) for x in outputs],
        [_numbers_like(x, layout) for x in outputs],
    )


def _numbers_like(like: Tensor, layout: str) -> Tensor:
    heads, length = _check.axes(layout)
    sizes = like.shape[0], like.shape[heads], like.shape[length]
    return like.new_empty(sizes, dtype=torch.float32)


def save(ctx: Any, outputs: Sequence[Tensor], lses: Sequence[Tensor], layout: str):
    """Saves the tensors that the backward pass needs: the inputs alone."""
    ctx.save_for_backward(*outputs, *lses)
    ctx.layout = layout
    # The gradient of an unused result is then None, not zeros.
    ctx.set_materialize_grads(False)


def gradients(
    ctx: Any, grad_output: Tensor | None, grad_lse: Tensor | None, call: Any = None
) -> tuple[Sequence[Tensor | None], Sequence[Tensor | None]]:
    """The gradients of outputs and log-sum-exps. `call`, if given, replaces the
    operator."""
    saved = ctx.saved_tensors
    count = len(saved) // 2
    outputs, lses = saved[:count], saved[count:]
    if grad_output is None:
        if grad_lse is None:
            return [None] * count, [None] * count
        grad_output = torch.zeros_like(outputs[0])
    arguments = grad_output, grad_lse, list(outputs), list(lses), ctx.layout
    if call is None and not torch.is_grad_enabled():
        with below_autograd():
            return merge_backward._op(*arguments)
    return (call or merge_backward)(*arguments)


def _setup(ctx: Any, inputs: tuple, output: tuple) -> None:
    outputs, lses, *options = inputs
    save(ctx, outputs, lses, options[0] if options else "bhnd")


def _backward(ctx: Any, grad_output: Any, grad_lse: Any) -> tuple:
    outputs, lses = gradients(ctx, grad_output, grad_lse)
    # Torch has omitted options that have their defaults, and wants as many gradients.
    options = len(ctx.needs_input_grad) - 2
    return list(outputs), list(lses), *[None] * options


torch.library.register_autograd(
    "spattn::merge", _backward, setup_context=_setup, lib=_library
)
torch.library.register_autograd("spattn::merge_backward", refuse, lib=_library)


class Merge(torch.autograd.Function):
    """The operator for eager code and for torch.func's transforms, on a flat list:
    the layout, the dtype, the outputs, and the log-sum-exps."""

    @staticmethod
    def forward(layout: str, dtype: str, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        count = len(tensors) // 2
        with below_autograd():
            return merge._op(
                list(tensors[:count]), list(tensors[count:]), layout, dtype
            )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple) -> None:
        layout, _, *tensors = inputs
        count = len(tensors) // 2
        save(ctx, tensors[:count], tensors[count:], layout)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor | None, grad_lse: Tensor | None):
        def call(grad_output, grad_lse, outputs, lses, layout):
            flat = _Gradients.apply(layout, grad_output, grad_lse, *outputs, *lses)
            return flat[: len(outputs)], flat[len(outputs) :]

        outputs, lses = gradients(ctx, grad_output, grad_lse, call)
        return None, None, *outputs, *lses

    @staticmethod
    def vmap(info: Any, in_dims: tuple, layout: str, dtype: str, *tensors: Tensor):
        folded = _fold(info, in_dims[2:], tensors)
        return _unfolded(info, Merge.apply(layout, dtype, *folded))


class _Gradients(torch.autograd.Function):
    """The backward operator. It is not differentiable."""

    @staticmethod
    def forward(layout: str, grad_output: Tensor, grad_lse: Tensor | None, *tensors):
        count = len(tensors) // 2
        with below_autograd():
            outputs, lses = merge_backward._op(
                grad_output,
                grad_lse,
                list(tensors[:count]),
                list(tensors[count:]),
                layout,
            )
        return *outputs, *lses

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple:
        return refuse(ctx, *grads)

    @staticmethod
    def vmap(info: Any, in_dims: tuple, layout: str, *tensors: Any):
        folded = _fold(info, in_dims[1:], tensors)
        return _unfolded(info, _Gradients.apply(layout, *folded))


def _unfolded(info: Any, results: tuple[Tensor, ...]) -> tuple:
    size = info.batch_size
    unfolded = tuple(x.unflatten(0, (size, x.shape[0] // size)) for x in results)
    return unfolded, (0,) * len(results)

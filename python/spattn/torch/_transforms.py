# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention under torch.func.grad, vjp and vmap, which operators of torch.library
do not know of: the same as functions in the form that they take."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from . import _operators


class Attention(torch.autograd.Function):
    """The operator, with its gradients as another function."""

    @staticmethod
    def forward(*inputs: Any) -> tuple[Tensor, Tensor]:
        return _operators.attention(*inputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple) -> None:
        _operators.save(ctx, inputs, output)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple:
        return _operators.gradients(ctx, *grads, call=_Gradients.apply)

    @staticmethod
    def vmap(info: Any, in_dims: tuple, *inputs: Any) -> tuple:
        return _operators.map_attention(info, in_dims, *inputs)


class _Gradients(torch.autograd.Function):
    """The operator of the gradients, which have none."""

    @staticmethod
    def forward(*inputs: Any) -> tuple[Tensor, ...]:
        return _operators.attention_backward(*inputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple:
        return _operators.refuse(ctx, *grads)

    @staticmethod
    def vmap(info: Any, in_dims: tuple, *inputs: Any) -> tuple:
        return _operators.map_gradients(info, in_dims, *inputs)

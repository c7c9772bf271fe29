# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention as autograd.Functions, because torch.func's transforms do not support
custom operators of torch.library."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from . import _operators


class Attention(torch.autograd.Function):
    """The operator, whose backward pass is another autograd.Function."""

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
    """The backward operator. It is not differentiable."""

    @staticmethod
    def forward(*inputs: Any) -> tuple[Tensor, ...]:
        return _operators.backward_of(inputs)(*inputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple:
        return _operators.refuse(ctx, *grads)

    @staticmethod
    def vmap(info: Any, in_dims: tuple, *inputs: Any) -> tuple:
        return _operators.map_gradients(info, in_dims, *inputs)

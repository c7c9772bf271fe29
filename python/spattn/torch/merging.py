# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Merges of attentions for PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..errors import ArgumentError, SpattnError
from . import _check, _merge_operators
from ._launcher import exception_of


def merge(
    outputs: Sequence[Tensor] | Tensor,
    lses: Sequence[Tensor] | Tensor,
    *,
    layout: str = "bhnd",
    dtype: torch.dtype | None = None,
    return_lse: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """Merges attentions of the same queries to parts of the keys into one.

    `outputs` and `lses` are the results of `attention(..., return_lse=True)`, one pair
    for each part: sequences, or tensors whose first dimension is that of the parts.
    The merge is the attention to the keys of all parts, each counted as often as it is
    in one: `sum(exp(lses[p] - lse) * outputs[p])` with `lse = log(sum(exp(lses)))`. A
    part whose log-sum-exp is -inf is empty: its output is not used, and its gradients
    are 0. A query whose parts are all empty has the output 0 and the log-sum-exp -inf.

    Gradients flow through outputs and log-sum-exps, so that merged attentions are
    differentiated end to end. Outputs may be float32, or of one other type; the result
    is of `dtype`, by default that of the first output, and has its memory layout. All
    strides work, as for `attention`. With `return_lse`, returns a pair: the output, and
    the log-sum-exp, (batch, heads, length) in float32.

    Kernels on a GPU merge at most 16 parts, and head dimensions that are multiples of
    8 up to 512. More parts may be merged in groups.
    """
    outputs, lses = list(outputs), list(lses)
    name = "" if dtype is None else _check.dtype_name(dtype)
    try:
        if torch.compiler.is_compiling():
            results = _merge_operators.merge(outputs, lses, layout, name)
        else:
            _check.check_merge(outputs, lses, layout)
            results = _merge_operators.Merge.apply(layout, name, *outputs, *lses)
    except RuntimeError as error:
        found = exception_of(error)
        if isinstance(found, SpattnError) and not isinstance(found, ArgumentError):
            raise found from error
        _check.check_merge(outputs, lses, layout)
        raise found from error
    return results if return_lse else results[0]

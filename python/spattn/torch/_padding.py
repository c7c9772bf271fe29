# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Head dimensions for a GPU, whose copies are of 16 bytes."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

MULTIPLE = 8


def needs_padding(query: Any, key: Any, value: Any) -> bool:
    """Whether a GPU needs other head dimensions than these tensors have."""
    return (
        all(isinstance(x, Tensor) and x.dim() == 4 for x in (query, key, value))
        and query.is_cuda
        and query.shape[-1] == key.shape[-1]
        and (query.shape[-1] % MULTIPLE != 0 or value.shape[-1] % MULTIPLE != 0)
    )


def pad(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Appends columns of zeros, which change no score and no other output, up to a
    multiple of 8."""
    return tuple(
        torch.nn.functional.pad(x, (0, -x.shape[-1] % MULTIPLE)) for x in tensors
    )


def narrow(results: Any, value_dim: int) -> Any:
    """The output, or that and the log-sum-exp, without the columns of padding."""
    if isinstance(results, Tensor):
        return results[..., :value_dim]
    return results[0][..., :value_dim], *results[1:]


def scale_of(query: Tensor, scale: float | None) -> float | None:
    """The scale by the head dimension before padding."""
    if scale is None and query.shape[-1] > 0:
        return 1 / math.sqrt(query.shape[-1])
    return scale

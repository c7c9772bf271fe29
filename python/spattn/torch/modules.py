# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The attention modules for PyTorch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ArgumentError
from ..structure import Structure, as_structure
from .functional import attention


class Attention(nn.Module):
    """`spattn.torch.attention` with fixed options. It has no parameters."""

    def __init__(
        self,
        structure: Structure | str,
        *,
        scale: float | None = None,
        layout: str = "bhnd",
        alignment: str = "end",
        soft_cap: float | None = None,
    ) -> None:
        super().__init__()
        # Stored as text, so that torch.compile guards on a string.
        self.structure = as_structure(structure).text
        self.scale, self.layout, self.alignment = scale, layout, alignment
        self.soft_cap = soft_cap

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        *,
        sinks: Tensor | None = None,
        alibi_slopes: Tensor | None = None,
        distance_bias: Tensor | None = None,
        return_lse: bool = False,
        **sequences: Any,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """`sequences` are the arguments of `attention` that say where packed documents
        and padding are, such as `cu_seqlens_q`."""
        return attention(
            query,
            key,
            value,
            self.structure,
            scale=self.scale,
            layout=self.layout,
            alignment=self.alignment,
            sinks=sinks,
            soft_cap=self.soft_cap,
            alibi_slopes=alibi_slopes,
            distance_bias=distance_bias,
            return_lse=return_lse,
            **sequences,
        )

    def extra_repr(self) -> str:
        options = {
            "scale": (self.scale, None),
            "layout": (self.layout, "bhnd"),
            "alignment": (self.alignment, "end"),
            "soft_cap": (self.soft_cap, None),
        }
        given = [f"{k}={v!r}" for k, (v, default) in options.items() if v != default]
        return ", ".join([self.structure, *given])


class SelfAttention(nn.Module):
    """Self-attention with projections, on (batch, length, dim) tensors."""

    def __init__(
        self,
        dim: int,
        heads: int,
        structure: Structure | str,
        *,
        kv_heads: int | None = None,
        head_dim: int | None = None,
        scale: float | None = None,
        bias: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        kv_heads = heads if kv_heads is None else kv_heads
        if head_dim is None:
            if dim % heads:
                raise ArgumentError(
                    f"expected a dim that is a multiple of heads, got {dim} and "
                    f"{heads}; or pass head_dim"
                )
            head_dim = dim // heads
        self.heads, self.kv_heads, self.head_dim = heads, kv_heads, head_dim
        options = {"bias": bias, "device": device, "dtype": dtype}
        self.query = nn.Linear(dim, heads * head_dim, **options)
        self.key = nn.Linear(dim, kv_heads * head_dim, **options)
        self.value = nn.Linear(dim, kv_heads * head_dim, **options)
        self.attention = Attention(structure, scale=scale, layout="bnhd")
        self.output = nn.Linear(heads * head_dim, dim, **options)

    def forward(self, input: Tensor, **sequences: Any) -> Tensor:
        """`sequences` as of `Attention`."""

        def split(projected: Tensor, heads: int) -> Tensor:
            return projected.unflatten(-1, (heads, self.head_dim))

        attended = self.attention(
            split(self.query(input), self.heads),
            split(self.key(input), self.kv_heads),
            split(self.value(input), self.kv_heads),
            **sequences,
        )
        return self.output(attended.flatten(-2))

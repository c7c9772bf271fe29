# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The schemas and fake implementations of the operators of rows by number.

lib/Torch/Rows.cpp has the CPU and CUDA implementations. Tensors are (batch, heads,
length, head dimension). Row numbers are int32, and count within a head: (batch, heads,
length), or (batch, heads, length, terms) for operators that make one row of several. A
number that is none of a row, such as -1, stands for zeros, for no summand, or for an
empty part. None of them is differentiable.
"""

from __future__ import annotations

from typing import Any

import torch

from ..errors import UnsupportedError
from ._operators import _TAGS, _library

for _schema in (
    # Rows of each of the sources; those that a "1" marks get a root mean square of 1.
    'gather_rows(Tensor[] sources, Tensor rows, str unit_rms="") -> Tensor[]',
    # Sums in float32, as gradients by such rows turned into those by what they were
    # made of, and added to other rows.
    "sum_rows(Tensor source, Tensor rows, Tensor? unit_rms_of=None, Tensor? add=None) "
    "-> Tensor",
    # The merge of parts that are rows of one array.
    "merge_rows(Tensor outputs, Tensor lses, Tensor rows) "
    "-> (Tensor output, Tensor lse)",
    # Of each of the sets of vectors, (1, sets, vectors, head dimension), the number of
    # the one, or of its negative, with the largest product: (batch, heads, length,
    # sets), int32.
    "hash_rows(Tensor source, Tensor vectors) -> Tensor",
):
    _library.define(_schema, tags=_TAGS)
gather_rows = torch.ops.spattn.gather_rows.default
sum_rows = torch.ops.spattn.sum_rows.default
hash_rows = torch.ops.spattn.hash_rows.default
merge_rows = torch.ops.spattn.merge_rows.default


@torch.library.register_fake("spattn::gather_rows", lib=_library)
def _(sources, rows, unit_rms=""):
    return [x.new_empty((*rows.shape, x.shape[3])) for x in sources]


@torch.library.register_fake("spattn::sum_rows", lib=_library)
def _(source, rows, unit_rms_of=None, add=None):
    return source.new_empty((*rows.shape[:3], source.shape[3]))


@torch.library.register_fake("spattn::merge_rows", lib=_library)
def _(outputs, lses, rows):
    sizes = rows.shape[:3]
    return outputs.new_empty((*sizes, outputs.shape[3])), lses.new_empty(sizes)


def _refuse(ctx: Any, *grads: Any) -> None:
    raise UnsupportedError("operators of rows by number have no derivative in spattn")


@torch.library.register_fake("spattn::hash_rows", lib=_library)
def _(source, vectors):
    sizes = *source.shape[:3], vectors.shape[1]
    return source.new_empty(sizes, dtype=torch.int32)


for _name in ("gather_rows", "sum_rows", "merge_rows", "hash_rows"):
    torch.library.register_autograd(f"spattn::{_name}", _refuse, lib=_library)

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Structured-sparse attention: each head sees a structured part of the sequence.

    import numpy, spattn
    q, k, v = numpy.random.rand(3, 1, 16, 4096, 128).astype("float32")
    o = spattn.attention(q, k, v, spattn.exclusive_bands())

docs/Python.md is the tutorial; `python -m spattn info` lists the installed components.
"""

from typing import Any

from ._version import __version__
from .arrays import Array
from .attention import attention
from .bounds import Bound, N
from .errors import (
    ArgumentError,
    CompileError,
    DeviceError,
    DistributedError,
    SpattnError,
    StructureError,
    UnsupportedError,
)
from .kernel import Call, Kernel, compile, load
from .kernels import kernel_for, length_class, loaded_kernels
from .merge_problem import MergeProblem
from .merging import merge
from .plot import Plot
from .problem import Problem
from .score import where
from .stats import CARDS, Rates, Stats
from .structure import Structure, per_head
from .structures import (
    band,
    block,
    causal,
    dilated_window,
    distances,
    exclusive_bands,
    full,
    gapped_bands,
    global_tokens,
    keys,
    local,
    local_band,
    none,
    prefix,
    queries,
    residues,
    sink,
    strided,
    window,
)
from .target import Target
from .tiles import TileLists, bigbird

__all__ = [
    "CARDS",
    "ArgumentError",
    "Array",
    "Bound",
    "Call",
    "CompileError",
    "DeviceError",
    "DistributedError",
    "Kernel",
    "MergeProblem",
    "N",
    "Plot",
    "Problem",
    "Rates",
    "SpattnError",
    "Stats",
    "Structure",
    "StructureError",
    "Target",
    "TileLists",
    "UnsupportedError",
    "__version__",
    "attention",
    "band",
    "bigbird",
    "block",
    "causal",
    "compile",
    "dilated_window",
    "distances",
    "exclusive_bands",
    "full",
    "gapped_bands",
    "global_tokens",
    "kernel_for",
    "keys",
    "length_class",
    "load",
    "loaded_kernels",
    "local",
    "local_band",
    "merge",
    "none",
    "per_head",
    "prefix",
    "queries",
    "residues",
    "sink",
    "strided",
    "where",
    "window",
]


def __getattr__(name: str) -> Any:
    # Lazy, because it imports torch and transformers.
    if name == "configure":
        from .transformers import configure

        return configure
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions on scores, as IR."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from ._tracing import Trace, Value, where
from .errors import ArgumentError

#: A function of score, batch, head, query and key, as FlexAttention has it.
ScoreMod = Callable[..., Any]

_traced: WeakKeyDictionary[ScoreMod, str] = WeakKeyDictionary()


def region_of(score_mod: ScoreMod | None) -> str:
    """The operations of a region that computes a function, which runs once."""
    if score_mod is None:
        return ""
    if not callable(score_mod):
        raise ArgumentError(
            "score_mod: expected a function of score, batch, head, query and key, got "
            f"{score_mod!r}"
        )
    try:
        known = _traced.get(score_mod)
    except TypeError:  # Not every callable can be hashed or referred to.
        return _trace(score_mod)
    if known is None:
        known = _traced[score_mod] = _trace(score_mod)
    return known


def _trace(score_mod: ScoreMod) -> str:
    trace = Trace()
    score = Value(trace, "%score", "f32")
    numbers = (Value(trace, f"%{name}", "i32") for name in ("batch", "head"))
    pair = (Value(trace, f"%{name}", "i32") for name in ("query", "key"))
    result = trace.value(score_mod(score, *numbers, *pair))._as_real()
    trace.lines.append(f"spattn.yield {result._name} : f32")
    return "".join(f"    {line}\n" for line in trace.lines)


__all__ = ["ScoreMod", "region_of", "where"]

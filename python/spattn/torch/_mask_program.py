# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions on pairs as programs, whose masks the library reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from .._tracing import Value
from ..errors import UnsupportedError
from ._mask_documents import Place, Refused
from ._mask_trace import MaskTrace, PairValue
from ._user_code import called


class _LookUps(TorchFunctionMode):
    """Has tensors be indexed by traced numbers."""

    def __init__(self, trace: MaskTrace) -> None:
        super().__init__()
        self.trace = trace

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if function is torch.Tensor.__getitem__:
            index = args[1] if isinstance(args[1], tuple) else (args[1],)
            if any(isinstance(x, Value) for x in index):
                return self.trace.look_up(*args)
        return function(*args, **(kwargs or {}))


def program_of(mask_mod: Callable[..., Any], trace: MaskTrace) -> str:
    """The program of a function `mask`, which returns the mask for all lengths."""
    arguments = []
    for side in ("batch", "head", "query", "key"):
        argument = PairValue(trace, f"%{side}", "i32")
        argument.place = Place(side, lambda x: x)
        arguments.append(argument)
    arguments[0] = _Unusable(
        trace, "it depends on the batch entry; structures are the same for all entries"
    )
    if trace.heads is None:
        arguments[1] = _Unusable(trace, "it depends on the head; pass num_heads")
    with _LookUps(trace):
        try:
            result = called(mask_mod, *arguments)
        except (AttributeError, TypeError) as error:
            raise UnsupportedError(f"mask_mod: {error}") from None
        result = trace.value(result)._as_truth()
    shape = f"tensor<?x{trace.heads or 1}x?x?xi1>"
    maps = "indexing_maps = [affine_map<(b, h, q, k) -> (b, h, q, k)>]"
    kinds = ", ".join(['"parallel"'] * 4)
    lines = [f"func.func @mask(%all: {shape}) -> {shape} {{", *trace.tables]
    lines.append(
        f"%mask = linalg.generic {{{maps}, iterator_types = [{kinds}]}} "
        f"outs(%all : {shape}) {{\n^bb0(%old: i1):"
    )
    for number, side in enumerate(("batch", "head", "query", "key")):
        lines.append(f'%{side[0]} = linalg.index {number} : index loc("{side}")')
        lines.append(f"%{side} = arith.index_cast %{side[0]} : index to i32")
    lines += [*trace.lines, f"linalg.yield {result._name} : i1"]
    lines += [f"}} -> {shape}", f"return %mask : {shape}", "}"]
    return "\n".join(lines)


class _Unusable(PairValue):
    """What a function may not depend on."""

    def __init__(self, trace: MaskTrace, why: str) -> None:
        self._trace, self._kind, self._why = trace, "i32", why

    @property
    def _name(self) -> Any:  # type: ignore[override]
        self._trace.refuse(Refused, self._why)

    place = _name

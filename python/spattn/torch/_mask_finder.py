# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finds the structure of a function on pairs, in three ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .. import _patterns
from ..errors import ArgumentError, CompileError, SpattnError, UnsupportedError
from ..structure import Structure
from ._mask_check import Evaluated, differs, sampled_lengths
from ._mask_documents import Documents, NeedsLengths, Refused
from ._mask_program import program_of
from ._mask_trace import MaskTrace

#: Masks of more pairs are not looked through for a structure.
_MOST_PAIRS, _MOST_PAIRS_OF_HEADS = 1 << 24, 1 << 26
_NO_DOCUMENTS = "there are no documents"


@dataclass(frozen=True, eq=False)
class FlexStructure(Mapping[str, Any]):
    """What a mask of FlexAttention is, as arguments of spattn.torch.attention:

    spattn.torch.attention(query, key, value, **structure_of(mask_mod))
    """

    structure: Structure
    #: The lengths of queries and keys that it holds for; None: all.
    lengths: tuple[int, int] | None = None
    #: Where documents start, if it is one of documents.
    cu_seqlens_q: Tensor | None = None
    cu_seqlens_k: Tensor | None = None
    #: FlexAttention counts queries and keys from the start.
    alignment: str = "start"

    def _arguments(self) -> dict[str, Any]:
        names = ("structure", "alignment", "cu_seqlens_q", "cu_seqlens_k")
        all_of_them = {name: getattr(self, name) for name in names}
        return {name: x for name, x in all_of_them.items() if x is not None}

    def __getitem__(self, name: str) -> Any:
        return self._arguments()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arguments())

    def __len__(self) -> int:
        return len(self._arguments())


class Finder:
    def __init__(
        self,
        mask: Any,
        heads: int | None,
        q_len: int | None,
        kv_len: int | None,
        device: Any,
    ) -> None:
        blocks = mask if hasattr(mask, "mask_mod") else None
        self.mask_mod = mask if blocks is None else blocks.mask_mod
        if not callable(self.mask_mod):
            raise ArgumentError(
                "mask: expected a function of batch, head, query and key, or a "
                f"BlockMask, got {mask!r}"
            )
        if (q_len is None) != (kv_len is None):
            raise ArgumentError("expected both of q_len and kv_len, or none")
        self.lengths = None if q_len is None or kv_len is None else (q_len, kv_len)
        if blocks is not None:
            own = tuple(blocks.seq_lengths)
            if self.lengths not in (None, own):
                raise ArgumentError(
                    f"expected the lengths of the BlockMask, {own}, got {self.lengths}"
                )
            self.lengths = own
            listed = blocks.kv_num_blocks.shape[1]
            if listed != 1 and heads not in (None, listed):
                raise ArgumentError(
                    f"expected the heads of the BlockMask, {listed}, got {heads}"
                )
            heads = heads if listed == 1 else listed
            device = device or blocks.kv_num_blocks.device
        self.heads, self.count = heads, heads or 1
        self.device, self.blocks = device, blocks
        self.numbers: set[int] = set()

    def find(self) -> FlexStructure:
        trace = MaskTrace(self.heads)
        try:
            text = self._read(trace)
        except Refused:
            raise
        except UnsupportedError as error:
            first = error
        else:
            return self._check(trace, text)
        implied = self.lengths is None and isinstance(first, NeedsLengths)
        if implied and trace.lengths:
            self.lengths = (min(trace.lengths),) * 2
        if self.lengths is None:
            more = "; with q_len and kv_len, it is looked for at these lengths"
            raise UnsupportedError(f"{first}{more}") from None
        self._evaluated(trace)
        reasons = [str(first)]
        for way in (self._documents, self._values):
            try:
                found = way()
            except UnsupportedError as error:
                if str(error) not in (*reasons, _NO_DOCUMENTS):
                    reasons.append(str(error))
            else:
                return found
        raise UnsupportedError("; ".join(reasons))

    def _read(self, trace: MaskTrace) -> str:
        """What the library reads of the function."""
        program = program_of(self.mask_mod, trace)
        try:
            return _patterns.structure_in(program, "mask")
        except CompileError as error:
            raise UnsupportedError(str(error)) from None

    def _evaluated(self, trace: MaskTrace) -> Evaluated:
        self.numbers = trace.numbers
        self.device = self.device or trace.device or torch.device("cpu")
        self.evaluated = Evaluated(self.mask_mod, self.device, self.blocks)
        if self.blocks is not None and self.evaluated.depends_on("batch"):
            raise Refused("BlockMask: it depends on the batch entry")
        return self.evaluated

    def _check(self, trace: MaskTrace, text: str) -> FlexStructure:
        """A structure of all lengths, if it is right."""
        evaluated = self._evaluated(trace)
        heads = self.count if trace.uses_head else 1
        all_lengths = sampled_lengths(self.numbers)
        if self.lengths and self.blocks is None:
            all_lengths.append(self.lengths)
        for lengths in all_lengths:
            wrong = differs(evaluated, text, heads, lengths, self.numbers)
            if wrong:
                raise SpattnError(
                    f"mask_mod was read as {text}, which is wrong at head, query and "
                    f"key {wrong} of the lengths {lengths}; please report this"
                )
        if self.blocks is not None:
            assert self.lengths
            heads = max(heads, self.blocks.kv_num_blocks.shape[1])
            if differs(evaluated, text, heads, self.lengths, self.numbers):
                return self._values()  # Blocks allow less than the function.
        return FlexStructure(Structure.parse(text))

    def _documents(self) -> FlexStructure:
        """A structure of documents, which count from their starts."""
        assert self.lengths
        documents = Documents(self.lengths, self.device)
        program_of(self.mask_mod, MaskTrace(self.heads, documents))
        if not bool(documents.starts.any()):
            raise UnsupportedError(_NO_DOCUMENTS)
        documents.is_known = True
        text = self._read(MaskTrace(self.heads, documents))
        ends = documents.starts.nonzero()[:, 0].tolist() + [len(documents.starts)]
        longer = torch.tensor(ends, dtype=torch.int32, device=self.device)
        queries, keys = (longer.clamp(max=n) for n in self.lengths)
        wrong = differs(
            *(self.evaluated, text, self.count, self.lengths, self.numbers),
            (queries, keys),
        )
        if wrong:
            raise UnsupportedError(
                "mask_mod: documents are attentions of their own, and it is not the "
                "same in each of them, counted from its start"
            )
        return FlexStructure(Structure.parse(text), self.lengths, queries, keys)

    def _values(self) -> FlexStructure:
        """A structure of the pairs at these lengths, evaluated one by one."""
        assert self.lengths
        queries, keys = self.lengths
        if self.evaluated.depends_on("batch"):
            raise UnsupportedError("mask_mod: it depends on the batch entry")
        if self.heads is None and self.evaluated.depends_on("head"):
            raise UnsupportedError("mask_mod: it depends on the head; pass num_heads")
        at = f"at the lengths {queries} and {keys}"
        if queries * keys > min(_MOST_PAIRS, _MOST_PAIRS_OF_HEADS // self.count):
            raise UnsupportedError(f"mask_mod: there are too many pairs {at}")
        mask = self.evaluated.all_pairs(self.count, self.lengths).contiguous()
        try:
            text = _patterns.structure_from(mask.data_ptr(), self.count, self.lengths)
        except CompileError as error:
            raise UnsupportedError(f"{error} {at}") from None
        return FlexStructure(Structure.parse(text), self.lengths)

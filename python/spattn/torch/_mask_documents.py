# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Documents of a mask: queries and keys that have the same number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..errors import UnsupportedError


class NeedsLengths(UnsupportedError):
    """A function whose pairs are not the same for all lengths."""


class Refused(UnsupportedError):
    """A function that has no structure at any lengths."""


class Place(NamedTuple):
    """A number that depends on one thing alone: on the head, or the query, ..."""

    side: str
    #: Its values, where that thing has these.
    at: Callable[[Tensor], Tensor]


class Documents:
    """What same documents are, while a function is traced at fixed lengths."""

    def __init__(self, lengths: tuple[int, int], device: Any) -> None:
        self.places = tuple(torch.arange(n, device=device) for n in lengths)
        #: Where one starts, of all places.
        self.starts = torch.zeros(max(lengths), dtype=torch.bool, device=device)
        self.is_known = False

    def add(self, query: Place, key: Place) -> None:
        """Queries see keys of the same number."""
        ids = [side.at(x) for side, x in zip((query, key), self.places, strict=True)]
        common = min(map(len, ids))
        if not torch.equal(ids[0][:common], ids[1][:common]):
            raise NeedsLengths(
                "mask_mod: numbers of queries and of keys are compared that are not "
                "the same at the same place"
            )
        longer = max(ids, key=len)
        starts = torch.ones_like(longer, dtype=torch.bool)
        starts[1:] = longer[1:] != longer[:-1]
        if int(starts.sum()) != len(longer.unique()):
            raise NeedsLengths(
                "mask_mod: documents are expected to be contiguous, and one is not"
            )
        self.starts |= starts

    def begin(self, side: str) -> Tensor:
        """Where the document of each query, or of each key, starts."""
        numbers = torch.arange(len(self.starts), device=self.starts.device)
        first = torch.where(self.starts, numbers, 0).cummax(0).values
        return first[: len(self.places[side == "key"])]

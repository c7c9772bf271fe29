# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks page tables against the arrays of a call."""

from __future__ import annotations

from .errors import ArgumentError, UnsupportedError

#: Rows of a page.
PAGE_SIZES = (16, 32, 64, 128, 256)


def check_shape(table: tuple[int, ...], batch: int) -> None:
    """Checks the shape of a page table."""
    if len(table) != 2 or table[0] != batch:
        raise ArgumentError(
            f"page_table: expected the numbers of each row's pages, ({batch}, pages), "
            f"got the shape {tuple(table)}"
        )


def check_page_size(size: int, name: str, layout: str) -> None:
    """Checks the rows of a page of keys, of which `name` is the array."""
    if size in PAGE_SIZES:
        return
    order = "(pages, heads, page size, head dimension)"
    if layout == "bnhd":
        order = "(pages, page size, heads, head dimension)"
    raise ArgumentError(
        f"{name}: expected {order} with a page size of "
        f"{', '.join(map(str, PAGE_SIZES[:-1]))} or {PAGE_SIZES[-1]}, got {size}"
    )


def check_beside(others: dict[str, object]) -> None:
    """Refuses what keys in pages do not have. `others` are the arguments by name, and
    None where they are not given."""
    for name, value in others.items():
        if value is not None:
            raise UnsupportedError(
                f"page_table: expected no {name} beside it; a row has the keys of its "
                "pages, from the first on, as many as key_lengths says"
            )

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Draws structures as SVG: one panel per head, with its tiles."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from ._patterns import Pattern
from .errors import ArgumentError
from .stats import heads_of
from .structure import Structure

PANEL, GAP, TOP, SIDE = 132, 16, 64, 20
STYLE = """
text{font-family:ui-sans-serif,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}
.page{fill:#ffffff} .title{fill:#1f2328;font-size:14px;font-weight:600}
.note{fill:#59636e;font-size:11px} .panel{fill:#f0f3f6} .frame{fill:none;stroke:#818b98}
.full{fill:#0969da} .masked{fill:#80bcf5}
@media (prefers-color-scheme:dark){
.page{fill:#0d1117} .title{fill:#e6edf3} .note{fill:#9198a1} .panel{fill:#1a2129}
.frame{stroke:#656c76} .full{fill:#4493f8} .masked{fill:#1f4b85}}
"""


class Plot:
    """An SVG picture, which notebooks display."""

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def _repr_svg_(self) -> str:
        return self.svg

    def __str__(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> None:
        """Writes the picture to a file such as `bands.svg`."""
        path = Path(path)
        if path.suffix != ".svg":
            raise ArgumentError(f"expected a name that ends in .svg, got {path.name}")
        path.write_text(self.svg, encoding="utf-8")


def plot(
    structure: Structure,
    queries: int,
    keys: int | None = None,
    *,
    heads: int | None = None,
    show: Iterable[int] | None = None,
    tile: tuple[int, int] | None = None,
    columns: int | None = None,
    alignment: str = "end",
    title: str | None = None,
) -> Plot:
    """Draws the tiles that each head visits. Rows are queries, columns are keys.

    `heads` defaults to the number of heads of a mixture, or to 16. `show` selects the
    heads to draw, by default the first 64. The default tile shape gives at most 48
    tiles per side.
    """
    keys = queries if keys is None else keys
    heads = heads_of(structure, heads)
    shown = list(range(min(heads, 64)) if show is None else show)
    if not shown or not all(0 <= head < heads for head in shown):
        raise ArgumentError(f"show: expected heads from 0 to {heads - 1}, got {shown}")
    pattern = Pattern(structure.text, heads, queries, keys, alignment)
    if min(queries, keys) < 1:
        raise ArgumentError("there is nothing to draw without queries and keys")
    if tile is None:
        size = 1
        while size * 48 < max(queries, keys):
            size *= 2
        tile = (size, size)
    columns = columns or min(len(shown), 8 if len(shown) > 16 else 4)
    panels = []
    for place, head in enumerate(shown):
        x = SIDE + place % columns * (PANEL + GAP)
        y = TOP + place // columns * (PANEL + GAP + 14)
        panels.append(_panel(pattern, head, tile, x, y))
    counts = pattern.tiles(tile)
    note = (
        f"{queries:,} queries (down), {keys:,} keys (across), tiles of {tile[0]} x "
        f"{tile[1]}: {counts.full:,} full, {counts.masked:,} masked, "
        f"{counts.skipped:,} skipped"
    )
    name = title or str(structure).replace("#spattn.", "")
    rows = -(-len(shown) // columns)
    # Wide enough for the panels and for the note.
    width = max(columns * (PANEL + GAP) - GAP, int(len(note) * 6.2)) + 2 * SIDE
    lines = textwrap.wrap(name, int((width - 2 * SIDE) / 8.2), break_on_hyphens=False)
    return Plot(_page(lines, note, width, rows, panels))


def _panel(
    pattern: Pattern, head: int, tile: tuple[int, int], left: float, top: float
) -> str:
    """The tiles of a head. Equal adjacent rows become one rectangle."""
    longest = max(pattern.queries, pattern.keys)
    scale = PANEL / longest
    width, height = pattern.keys * scale, pattern.queries * scale

    open_runs: dict[tuple[int, int, bool], tuple[int, int]] = {}
    shapes = []
    for row, begin, end, full in pattern.intervals(head, tile):
        first, last = open_runs.pop((begin, end, full), (row, row - 1))
        if last != row - 1:
            shapes.append((begin, first, end, last + 1, full))
            first = row
        open_runs[begin, end, full] = first, row
    shapes += [
        (begin, first, end, last + 1, full)
        for (begin, end, full), (first, last) in open_runs.items()
    ]
    paths = {"full": "", "masked": ""}
    for x, y, x_end, y_end, full in shapes:
        # The last tiles may extend past the end of the sequence.
        right = min(x_end, pattern.keys / tile[1])
        bottom = min(y_end, pattern.queries / tile[0])
        box = f"M{x} {y}H{right:g}V{bottom:g}H{x}z"
        paths["full" if full else "masked"] += box
    drawn = "".join(f'<path class="{k}" d="{d}"/>' for k, d in paths.items() if d)
    place = (
        f"translate({left} {top}) scale({scale * tile[1]:.6g} {scale * tile[0]:.6g})"
    )
    box = f'x="{left}" y="{top}" width="{width:.2f}" height="{height:.2f}"'
    return (
        f'<text class="note" x="{left}" y="{top - 4}">head {head}</text>'
        f'<rect class="panel" {box}/>'
        f'<g shape-rendering="crispEdges" transform="{place}">{drawn}</g>'
        f'<rect class="frame" {box}/>'
    )


def _page(
    title: Sequence[str], note: str, width: int, rows: int, panels: Sequence[str]
) -> str:
    height = TOP + rows * (PANEL + GAP + 14)
    body = "\n".join(panels)
    lines = "".join(
        f'<text class="title" x="{SIDE}" y="{22 + 18 * n}">{escape(line)}</text>\n'
        for n, line in enumerate(title)
    )
    extra = 18 * (len(title) - 1)
    height += extra
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img">\n'
        f"<title>{escape(' '.join(title))}</title>\n<style>{STYLE}</style>\n"
        f'<rect class="page" width="{width}" height="{height}"/>\n{lines}'
        f'<g transform="translate(0 {extra})">\n'
        f'<text class="note" x="{SIDE}" y="40">{escape(note)}</text>\n{body}\n</g>\n'
        "</svg>\n"
    )

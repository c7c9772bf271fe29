"""Which tiles some structures visit, as spattn-opt says."""

import re
import subprocess

from svg import Drawing

LENGTH, TILE = 256, 16
STRUCTURES = [
    "#spattn.band<exclusive, 1 of 4>",
    "#spattn.band<local_band, 2 of 4>",
    "#spattn.union<#spattn.sink<8>, #spattn.window<left = 47, right = 0>>",
]
CAPTIONS = [
    ("band<exclusive, 1 of 4>", "distances 64 to 127"),
    ("band<local_band, 2 of 4>", "distances 0 to 64, 128 to 191"),
    ("union<sink<8>, window<left = 47>>", "8 keys, and 48 distances"),
]
# Whose tiles are numbered, in the order in which a kernel visits them.
NUMBERED_ROW = 13
TONES = {"#": "blue", "+": "amber"}


def tile_map(spattn_opt: str, structure: str, tile: int) -> list[str]:
    """A character for each tile: # is full, + masked, . skipped."""
    kind = f"tensor<1x1x{LENGTH}x16xf32>"
    source = f"""func.func @f(%x: {kind}) -> {kind} {{
      %r = spattn.attention structure({structure})
        ins(%x, %x, %x : {kind}, {kind}, {kind}) outs(%x : {kind})
        {{tile_shape = #spattn.tile_shape<query_tile = {tile}, key_tile = {tile}>}}
      return %r : {kind}
    }}"""
    command = [spattn_opt, "--spattn-print-tiles=map", "-o", "/dev/null"]
    text = subprocess.run(
        command, input=source, capture_output=True, text=True, check=True
    ).stderr
    rows = re.findall(r"^ +([#+.]+)$", text, re.M)
    assert len(rows) == LENGTH // tile, text
    return rows


def changes(a: str, b: str) -> list[tuple[int, int]]:
    """Where two rows of a map differ, by more than a step of a slope."""
    differs = "".join("#" if x != y else "." for x, y in zip(a, b, strict=True))
    spans = [m.span() for m in re.finditer("#+", differs)]
    return [(lo, hi) for lo, hi in spans if hi - lo > 1]


def outline(rows: list[str]) -> str:
    """The borders of the pairs of a map whose tiles are single ones."""
    empty = "." * len(rows[0])
    data = ""
    # Above, between and below rows.
    for n, (a, b) in enumerate(zip([empty, *rows], [*rows, empty], strict=True)):
        data += "".join(f"M{lo} {n}H{hi}" for lo, hi in changes(a, b))

    # Beside them: each end of a span goes on while it moves by the same step.
    spans = [[m.span() for m in re.finditer("#+", row)] for row in rows]
    n = 0
    while n < len(rows):
        first, end = spans[n], n + 1
        step = steps(spans, n)
        while step is not None and steps(spans, end) == step:
            end += 1
        for (a, b), (left, right) in zip(
            first, step or [(0, 0)] * len(first), strict=True
        ):
            height = end - n
            data += f"M{a} {n}L{a + left * height} {end}"
            data += f"M{b} {n}L{b + right * height} {end}"
        n = end
    return data


def steps(spans: list[list[tuple[int, int]]], n: int) -> list[tuple[int, int]] | None:
    """How far the ends of each span of a row are from those of the next row."""
    if n + 1 >= len(spans) or len(spans[n]) != len(spans[n + 1]):
        return None
    return [
        (c - a, d - b) for (a, b), (c, d) in zip(spans[n], spans[n + 1], strict=True)
    ]


def order(row: str) -> list[int]:
    """The tiles of a row in the order of a kernel: masked ones, then full ones."""
    return [n for kind in "+#" for n, tile in enumerate(row) if tile == kind]


def panel(d: Drawing, x: float, y: float, rows: list[str], pairs: list[str]) -> None:
    for m, row in enumerate(rows):
        for n, tile in enumerate(row):
            if tile in TONES:
                d.rect(x + n * TILE, y + m * TILE, TILE, TILE, TONES[tile], 0)
    # The grid, over skipped tiles as well.
    lines = "".join(
        f"M{x} {y + k * TILE}h{LENGTH}M{x + k * TILE} {y}v{LENGTH}"
        for k in range(len(rows) + 1)
    )
    d.path(lines, "gray-l n", stroke_opacity=0.45)
    d.path(
        outline(pairs),
        "page-l n",
        transform=f"translate({x} {y})",
        stroke_width=1.4,
    )
    for number, n in enumerate(order(rows[NUMBERED_ROW])):
        d.text(
            x + (n + 0.5) * TILE,
            y + (NUMBERED_ROW + 0.5) * TILE,
            str(number),
            TONES[rows[NUMBERED_ROW][n]],
            10,
            "middle",
            bold=True,
        )


def draw(spattn_opt: str) -> Drawing:
    gap, left, top = 30, 42, 70
    width = left + 3 * LENGTH + 2 * gap + 30
    d = Drawing(width, 424, "The tiles that three heads visit")
    for k, (structure, (name, what)) in enumerate(
        zip(STRUCTURES, CAPTIONS, strict=True)
    ):
        x = left + k * (LENGTH + gap)
        rows = tile_map(spattn_opt, structure, TILE)
        d.text(x, 22, name, size=11.5, mono=True)
        d.text(x, 40, what, size=11.5)
        panel(d, x, top, rows, tile_map(spattn_opt, structure, 1))
        count = {kind: sum(row.count(kind) for row in rows) for kind in "#+."}
        d.text(
            x,
            top + LENGTH + 16,
            f"{count['#']} full, {count['+']} masked, {count['.']} skipped",
            size=11.5,
        )
    d.text(left + LENGTH - 2, top - 9, "keys →", size=11, anchor="end")
    d.parts.append(f'<g transform="translate({left - 10} {top + LENGTH}) rotate(-90)">')
    d.text(LENGTH, -5, "← queries", size=11, anchor="end")
    d.parts.append("</g>")

    legend = [
        ("blue", "full: every pair is allowed, no mask code"),
        ("amber", "masked: pairs are tested"),
        ("page", "skipped: no iteration"),
    ]
    x, y = left, top + LENGTH + 46
    for tone, text in legend:
        d.rect(x, y - 7, 14, 14, tone, 0)
        d.text(x + 21, y, text, size=11.5)
        x += 46 + 6.4 * len(text)
    d.text(
        left,
        y + 26,
        "Numbers: the order in which a GPU kernel visits the key tiles of one work "
        "tile. Outlines: the allowed pairs.",
        size=11.5,
    )
    return d

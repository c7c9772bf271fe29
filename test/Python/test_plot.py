# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pictures of structures: each pixel against the definition."""

import re
import xml.etree.ElementTree as ElementTree

import definition
import numpy as np
import pytest
import spattn

SVG = "{http://www.w3.org/2000/svg}"
BOX = re.compile(r"M(\d+) (\d+)H([\d.]+)V([\d.]+)H\1z")


def panels(plot):
    """The tiles of each panel, as (kind, left, top, right, bottom)."""
    root = ElementTree.fromstring(str(plot))
    for group in root.iter(f"{SVG}g"):
        if group.get("shape-rendering"):
            yield [
                (path.get("class"), *map(float, box))
                for path in group.iter(f"{SVG}path")
                for box in BOX.findall(path.get("d"))
            ]


@pytest.mark.parametrize(
    "structure",
    [
        spattn.local_band(),
        spattn.sink(4) | spattn.window(20),
        spattn.global_tokens(12) | spattn.window(left=9, right=9),
        spattn.block(0, 40) | spattn.block(40, 61) | spattn.block(64, 96),
        spattn.per_head((3, spattn.exclusive_bands()), spattn.prefix(40)),
    ],
)
def test_tiles(structure):
    n, tile, heads = 96, 8, 4
    plot = structure.plot(n, heads=heads, tile=(tile, tile), columns=4)
    masks = definition.masks(structure, heads, n, n)
    tiles = masks.reshape(heads, n // tile, tile, n // tile, tile)
    share = tiles.mean(axis=(2, 4))
    for head, boxes in enumerate(panels(plot)):
        drawn = np.zeros((n // tile, n // tile))
        for kind, left, top, right, bottom in ((k, *map(int, b)) for k, *b in boxes):
            assert (drawn[top:bottom, left:right] == 0).all()  # Once at most.
            drawn[top:bottom, left:right] = 1 if kind == "full" else 0.5
        expected = np.where(share[head] == 1, 1, np.where(share[head] > 0, 0.5, 0))
        assert (drawn == expected).all()


def test_files(tmp_path):
    plot = spattn.exclusive_bands().plot(4096)
    assert plot._repr_svg_() == plot.svg == str(plot)
    plot.save(tmp_path / "bands.svg")
    text = (tmp_path / "bands.svg").read_text()
    assert text.count("head ") == 16 and "4,096 queries" in text
    assert len(text) < 200_000
    with pytest.raises(spattn.ArgumentError, match="ends in .svg"):
        plot.save(tmp_path / "bands.png")


def test_what_is_shown():
    plot = spattn.exclusive_bands().plot(4096, heads=64, show=[3, 60])
    assert (
        "head 3<" in plot.svg and "head 60<" in plot.svg and "head 4<" not in plot.svg
    )
    with pytest.raises(spattn.ArgumentError, match="heads from 0 to 3"):
        spattn.causal().plot(64, heads=4, show=[4])
    with pytest.raises(spattn.ArgumentError, match="nothing to draw"):
        spattn.causal().plot(0)

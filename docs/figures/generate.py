"""Writes the figures of the documentation.

    generate.py SPATTN_OPT FOLDER

The target spattn-figures does this; test/Docs/figures.test fails if the figures
in this folder are out of date.
"""

import json
import sys
from pathlib import Path

import floor
import levels
import ranks
import speed
import structures
import tiles
import timeline

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "benchmarks" / "training"))

import picture  # noqa: E402


def main(spattn_opt: str, folder: str) -> None:
    steps, runs = (
        json.loads((ROOT / f"docs/benchmarks/{name}.json").read_text())
        for name in ("training", "loss")
    )
    figures = {
        "backward": floor.draw_pass("backward"),
        "decode": floor.draw_decode(),
        "distributed": ranks.draw(),
        "forward": floor.draw_pass("forward"),
        "levels": levels.draw(),
        "loss": picture.draw_train(runs),
        "speed": speed.draw(),
        "structures": structures.draw(),
        "tiles": tiles.draw(spattn_opt),
        "timeline": timeline.draw(),
        "training": picture.draw_step(steps),
    }
    for name, figure in figures.items():
        (Path(folder) / f"{name}.svg").write_text(str(figure))


if __name__ == "__main__":
    main(*sys.argv[1:])

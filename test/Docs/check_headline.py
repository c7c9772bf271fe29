"""Checks that the README's speed-ups are those of docs/benchmarks.

    check_headline.py README.md FOLDER

The README has a row for each device, peer and group of workloads, with the
least and the greatest of the peer's best times over spattn's, for the forward
pass and for gradients. Rows of the JSON files in FOLDER that it leaves out fail
the check as well. For training steps it has a row for each structure, with the
tokens per second relative to dense attention by cuDNN, for each length.
"""

import json
import sys
from pathlib import Path

# A file, whether the workloads are causal (None: all), a label, and the peer.
ROWS = [
    (
        "h200.json",
        False,
        "H200, bands and windows: cuDNN's flex_attention",
        "cudnn-flex",
    ),
    ("h200.json", False, "H200, bands and windows: FlexAttention", "flex"),
    ("h200.json", True, "H200, causal: FlashAttention-4", "fa4"),
    ("h200.json", True, "H200, causal: cuDNN", "cudnn"),
    ("cpu.json", None, "CPU, bands and causal: FlexAttention", "flex"),
]
# Measured for memory, not for speed; and what features.py measures.
ALONE = ("window256 ", "window128+sink", "packed", "longformer", "bigbird")


def ratios(rows: list[dict], peer: str, direction: str) -> str:
    """The range of a peer's time over spattn's, as in the README."""
    best: dict[tuple[str, str], float] = {}
    for row in rows:
        key = (row["workload"], row["system"])
        if row["pass"] == direction and row["ms"] is not None:
            best[key] = min(best.get(key, row["ms"]), row["ms"])
    found = [
        best[workload, peer] / ms
        for (workload, system), ms in best.items()
        if system == "spattn" and (workload, peer) in best
    ]
    return f"{min(found):.2f} to {max(found):.2f}x" if found else ""


STRUCTURES = {"exclusive": "exclusive bands", "local+band": "local + band"}


def training_rows(rows: list[dict]) -> list[str]:
    """The table of training steps."""
    rates = {
        (row["system"], row["structure"], row["tokens"]): row["tokens_per_s"]
        for row in rows
    }
    lengths = sorted({row["tokens"] for row in rows})
    head = " | ".join(["| tokens per sequence", *(f"{n:,}" for n in lengths)]) + " |"
    table = [head]
    for structure, name in STRUCTURES.items():
        speeds = [
            rates["spattn", structure, n] / rates["cudnn", "causal", n] for n in lengths
        ]
        cells = [f"H200, {name}", *(f"{speed:.2f}x" for speed in speeds)]
        table.append("| " + " | ".join(cells) + " |")
    return table


def main(readme: str, folder: str) -> None:
    lines = Path(readme).read_text().splitlines()
    problems = []
    for file, is_causal, label, peer in ROWS:
        rows = [
            row
            for row in json.loads((Path(folder) / file).read_text())
            if is_causal in (None, row["workload"].startswith("causal"))
            and not row["workload"].startswith(ALONE)
        ]
        cells = [label, *(ratios(rows, peer, d) for d in ("forward", "backward"))]
        expected = " | ".join(["", *cells, ""]).replace("  ", " ").strip()
        if expected not in lines:
            problems.append(f"{readme}: expected the row {expected}")
    steps = json.loads((Path(folder) / "training.json").read_text())
    for expected in training_rows(steps):
        if expected not in lines:
            problems.append(f"{readme}: expected the row {expected}")
    print("\n".join(problems) or "as measured")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main(*sys.argv[1:])

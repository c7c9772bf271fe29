"""Checks that the README's speed-ups are those of docs/benchmarks.

    check_headline.py README.md FOLDER

The README has a row for each device, peer and group of workloads, with the
least and the greatest of the peer's best times over spattn's, for the forward
pass and for gradients. Rows of the JSON files in FOLDER that it leaves out fail
the check as well.
"""

import json
import sys
from pathlib import Path

# The row of a file's rows: its label, and the peer compared with.
ROWS = {
    ("h200.json", False): ("H200, bands and windows, bf16: FlexAttention", "flex"),
    ("h200.json", True): ("H200, causal, bf16: cuDNN", "cudnn"),
    ("cpu.json", None): ("CPU, bands and causal, f32: FlexAttention", "flex"),
}
# Measured for memory, not for speed.
ALONE = "window256 "


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
        if system == "spattn"
    ]
    return f"{min(found):.2f} to {max(found):.2f}x" if found else ""


def main(readme: str, folder: str) -> None:
    lines = Path(readme).read_text().splitlines()
    problems = []
    for (file, is_causal), (label, peer) in ROWS.items():
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
    print("\n".join(problems) or f"{len(ROWS)} rows")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main(*sys.argv[1:])

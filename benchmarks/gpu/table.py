"""Prints the results of a pass as a table of Markdown: forward, backward or decode.

    python benchmarks/gpu/table.py docs/benchmarks/h200.json forward

"spattn" is what spattn.torch selects; "best variant" is given where another was faster
by more than 1%. Peers' times are in milliseconds, and the last column is that of the
fastest peer over spattn's.
"""

import json
import sys
from pathlib import Path

PEERS = {
    "cudnn-flex": "cuDNN's flex_attention",
    "fa4": "FlashAttention-4",
    "fa2": "torch's FlashAttention",
    "cudnn": "cuDNN",
    "flex": "FlexAttention",
    "flex-64": "FlexAttention, blocks of 64",
}


def table(rows: list[dict], of_pass: str) -> list[str]:
    rows = [row for row in rows if row["pass"] == of_pass]
    present = {row["system"] for row in rows}
    shown = [peer for peer in PEERS if peer in present]
    heads = ["workload", "spattn, ms", "call", "x floor", "best variant"]
    heads += [PEERS[peer] for peer in shown]
    heads += ["best peer over spattn"]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for workload in dict.fromkeys(row["workload"] for row in rows):
        own = {
            row["variant"]: row
            for row in rows
            if row["workload"] == workload and row["system"] == "spattn"
        }
        peers = {
            row["system"]: row["ms"]
            for row in rows
            if row["workload"] == workload and row["system"] != "spattn"
        }
        ours = own["torch"]
        name, best = min(own.items(), key=lambda item: item[1]["ms"])
        is_better = best["ms"] < 0.99 * ours["ms"]
        cells = [
            workload,
            f"{ours['ms']:.3f}",
            f"{ours['call_ms']:.3f}",
            f"{ours['ms'] / ours['floor_ms']:.2f}",
            f"{name} {best['ms']:.3f}" if is_better else "",
            *(f"{peers[peer]:.3f}" if peer in peers else "" for peer in shown),
            f"{min(peers.values()) / ours['ms']:.2f}x" if peers else "",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main(path: str, of_pass: str) -> None:
    print("\n".join(table(json.loads(Path(path).read_text()), of_pass)))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

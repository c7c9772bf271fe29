"""The speed of two GPUs, as docs/benchmarks/distributed.json has it."""

import json
from pathlib import Path

from chart import Axis, Chart, Curve
from svg import Drawing

ROWS = Path(__file__).parents[1] / "benchmarks" / "distributed.json"
SYSTEMS = {
    "keys, zigzag, 2 stages": ("attention: needed keys", "blue"),
    "heads": ("head_parallel_attention", "green"),
    "ring, zigzag": ("ring: all keys", "amber"),
}


def draw() -> Drawing:
    steps = {
        (row["system"], row["length"]): row["ms"]
        for row in json.loads(ROWS.read_text())
        if row["pass"] == "step" and row["workload"] == "exclusive"
    }
    lengths = sorted({length for _, length in steps})
    curves = [
        Curve(
            name,
            [
                (n, steps["one", n] / steps[system, n])
                for n in lengths
                if (system, n) in steps
            ],
            tone,
        )
        for system, (name, tone) in SYSTEMS.items()
    ]
    d = Drawing(860, 400, "Two GPUs against one")
    d.text(24, 22, "Two GPUs: speed of a step relative to one GPU", size=14, bold=True)
    d.text(
        24,
        42,
        "Exclusive bands, forward and gradients. Two NVIDIA H200 over NVLink, bf16, "
        "16 heads of dimension 128, batch 1.",
    )
    x = Axis(lengths[0], lengths[-1], lengths, "tokens", "{:,}".format, True)
    y = Axis(0.8, 2, [0.8, 1, 1.2, 1.4, 1.6, 1.8, 2], "", lambda r: f"{r:g}x")
    chart = Chart(d, 70, 80, 560, 250, x, y)
    chart.draw_axes()
    chart.draw(curves)
    return d

"""How much faster than the fastest peer, as docs/benchmarks/h200.json has it."""

import json
from pathlib import Path

from svg import Drawing

ROWS = Path(__file__).parents[1] / "benchmarks" / "h200.json"
NAMES = {"exclusive": "exclusive bands", "local_band": "local + band"}
PEERS = {
    "cudnn-flex": "cuDNN flex_attention",
    "flex": "FlexAttention",
    "cudnn": "cuDNN",
    "fa4": "FlashAttention-4",
}
#: Of features.py and decode.py, which have labels of other words.
OTHERS = ("window128", "packed", "longformer", "bigbird", "decode")
PASSES = {"forward": ("forward", "blue"), "backward": ("gradients", "purple")}
ROW, BAR, SCALE, LEFT, TOP = 44, 13, 150, 292, 82


def best(rows: list[dict]) -> dict[str, dict[tuple[str, str], float]]:
    """The least time of each workload, by pass and system."""
    found: dict[str, dict[tuple[str, str], float]] = {}
    for row in rows:
        times = found.setdefault(row["workload"], {})
        key = row["pass"], row["system"]
        times[key] = min(times.get(key, row["ms"]), row["ms"])
    return found


def label(workload: str) -> str:
    """`exclusive H16 D128 B8 N4096`, for people."""
    name, heads, _, batch, length = workload.split()
    tokens = f"{batch[1:]} x {int(length[1:]):,} tokens"
    if name.startswith("window"):
        name = f"window of {name.removeprefix('window')}"
    grouped = f", {heads[1:]} heads" if "/" in heads else ""
    return f"{NAMES.get(name, name)}, {tokens}{grouped}"


def draw() -> Drawing:
    rows = json.loads(ROWS.read_text())
    workloads = {
        workload: times
        for workload, times in best(rows).items()
        if " D128 " in workload
        and not workload.startswith(OTHERS)
        and any(system != "spattn" for _, system in times)
    }
    height = TOP + len(workloads) * ROW + 26
    d = Drawing(860, height, "Speed against peers on an H200")
    d.text(24, 22, "The fastest peer's time over spattn's", size=14, bold=True)
    d.text(24, 42, "One NVIDIA H200, one run, bf16, 16 heads of dimension 128.")
    for k, (name, tone) in enumerate(PASSES.values()):
        d.rect(LEFT + 110 * k, 56, 14, 12, tone, 0)
        d.text(LEFT + 21 + 110 * k, 62, name, size=11.5)
    bottom = TOP + len(workloads) * ROW
    for n in range(4):
        x = LEFT + n * SCALE
        d.path(f"M{x} {TOP - 6}V{bottom}", "gray-l n", stroke_opacity=0.45)
        d.text(x, bottom + 12, f"{n}x", size=11, anchor="middle")
    for k, (workload, times) in enumerate(workloads.items()):
        y = TOP + k * ROW
        d.text(LEFT - 12, y + 14, label(workload), size=11.5, anchor="end")
        for n, (pass_, (_, tone)) in enumerate(PASSES.items()):
            peers = {s for p, s in times if p == pass_ and s != "spattn"}
            peer = min(peers, key=lambda s: times[pass_, s])
            ratio = times[pass_, peer] / times[pass_, "spattn"]
            d.rect(LEFT, y + n * (BAR + 2), ratio * SCALE, BAR, tone, 0)
            d.text(
                LEFT + ratio * SCALE + 7,
                y + n * (BAR + 2) + BAR / 2,
                f"{ratio:.2f}x {PEERS[peer]}'s {times[pass_, peer]:.2f} ms",
                size=10.5,
            )
    d.path(f"M{LEFT + SCALE} {TOP - 6}V{bottom}", "page-l n")
    return d

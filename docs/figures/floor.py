"""Times of all systems relative to the floor, as docs/benchmarks/h200.json has them."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

from svg import Drawing

ROWS = Path(__file__).parents[1] / "benchmarks" / "h200.json"
STRUCTURES = {
    "exclusive": "exclusive bands",
    "local_band": "local + band",
    "window1024": "window of 1,024",
    "window128": "window of 128",
    "window128+sink": "window of 128, sink",
    "longformer": "Longformer",
    "bigbird": "BigBird",
    "packed": "causal, documents",
    "packed_exclusive": "exclusive bands, documents",
    "decode_dense": "all keys",
    "decode_window1024": "window of 1,024",
    "decode_windows": "a window for each key head",
}
#: Names and tones, in the order of the legend.
SYSTEMS = {
    "spattn": ("spattn", "blue"),
    "cudnn-flex": ("cuDNN's flex_attention", "green"),
    "fa4": ("FlashAttention-4", "amber"),
    "cudnn": ("cuDNN", "gray"),
    "flex": ("FlexAttention", "purple"),
    "flex-64": ("FlexAttention, blocks of 64", "red"),
}
DECODERS = {
    "whole": ("spattn, keys not split", "red"),
    "parts of 1024": ("spattn, parts of 1,024 keys", "blue"),
    "cudnn": SYSTEMS["cudnn"],
    "fa2": ("torch's FlashAttention", "purple"),
    "fa4": SYSTEMS["fa4"],
}
ROW, LEFT, WIDTH, TOP = 25, 330, 480, 108
TICKS = (1, 1.5, 2, 3, 5, 10, 20, 40)

Times = dict[str, dict[str, float]]


def read(pass_: str, key: Callable[[dict], str], words: Sequence[str] = ()) -> Times:
    """The least time over the floor, by workload and by what `key` says of a row. With
    `words`, of the workloads whose names have them all."""
    found: Times = {}
    for row in json.loads(ROWS.read_text()):
        if row["pass"] == pass_ and set(words) <= set(row["workload"].split()):
            times = found.setdefault(row["workload"], {})
            times[key(row)] = min(
                times.get(key(row), math.inf), row["ms"] / row["floor_ms"]
            )
    return found


def label(workload: str) -> str:
    """`exclusive H16 D128 B8 N4096`, for people."""
    name, heads, dim, batch, *lengths = workload.split()
    heads, dim, batch, length = heads[1:], dim[1:], batch[1:], lengths[-1].lstrip("Nk")
    name = STRUCTURES.get(name, name)
    if len(lengths) > 1:
        return f"{name}, batch of {batch}"
    words = [name, f"{batch} x {int(length):,}"]
    words += [f"{heads} heads"] * ("/" in heads) + [f"D {dim}"] * (dim != "128")
    return ", ".join(words)


def draw_times(
    times: Times, systems: dict[str, tuple[str, str]], head: str, about: Sequence[str]
) -> Drawing:
    """A row for each workload, and on it a dot for each system."""
    seen = {s: of for s, of in systems.items() if any(s in t for t in times.values())}
    top = TOP + 20 * (len(seen) > 4)
    bottom = top + ROW * len(times)
    d = Drawing(860, bottom + 56, head)
    d.text(24, 22, head, size=14, bold=True)
    for n, line in enumerate(about):
        d.text(24, 42 + 17 * n, line)
    for n, (name, tone) in enumerate(seen.values()):
        x, y = 30 + 205 * (n % 4), 88 + 20 * (n // 4)
        d.dot(x, y, tone)
        d.text(x + 12, y, name, size=11.5)
    ratios = [ratio for by_system in times.values() for ratio in by_system.values()]
    first, last = 0.95 * min(1, *ratios), 1.15 * max(ratios)

    def place(ratio: float) -> float:
        return LEFT + WIDTH * math.log(ratio / first) / math.log(last / first)

    for tick in TICKS:
        if tick < last:
            x = place(tick)
            d.path(f"M{x:.1f} {top}V{bottom}", "gray-l n", stroke_opacity=0.45)
            d.text(x, bottom + 14, f"{tick:g}x", size=11, anchor="middle")
    d.text(
        LEFT + WIDTH / 2,
        bottom + 36,
        "time over the floor",
        size=11.5,
        anchor="middle",
    )
    for n, (workload, by_system) in enumerate(times.items()):
        y = top + ROW * (n + 0.5)
        d.text(LEFT - 14, y, label(workload), size=11.5, anchor="end")
        d.path(f"M{LEFT} {y}H{LEFT + WIDTH}", "gray-l n", stroke_opacity=0.25)
        # What is in front of the others is spattn, of which this is about.
        for system, (_, tone) in reversed(seen.items()):
            if system in by_system:
                d.dot(place(by_system[system]), y, tone)
    return d


def draw_pass(pass_: str) -> Drawing:
    """All systems, forward or backward."""
    name = {"forward": "Forward pass", "backward": "Gradients"}[pass_]
    return draw_times(
        read(pass_, lambda row: row["system"]),
        SYSTEMS,
        f"{name}: times relative to the floor",
        (
            "One NVIDIA H200, bf16; 16 heads of dimension 128 unless said otherwise; "
            "batch size x tokens.",
            "The floor is the time of the arithmetic, or of the memory traffic, of the "
            "allowed pairs. Less is better.",
        ),
    )


def draw_decode() -> Drawing:
    """One query: keys split or not, and peers."""
    return draw_times(
        read(
            *("decode", lambda row: row.get("variant", row["system"])),
            words=("H32/8", "Nq1"),
        ),
        DECODERS,
        "Decoding one token: times relative to the floor",
        (
            "One NVIDIA H200, bf16; one query of 32 heads on 8 key heads of dimension "
            "128, 32,768 keys.",
            "The floor is the time of a copy of the keys and values that are seen. "
            "Less is better.",
        ),
    )

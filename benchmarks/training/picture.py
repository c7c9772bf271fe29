"""Draws the results of step.py and train.py.

python benchmarks/training/picture.py step ROWS.json training.svg
python benchmarks/training/picture.py train RUNS.json loss.svg
"""

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "docs" / "figures"))

from chart import Axis, Chart, Curve  # noqa: E402
from svg import Drawing  # noqa: E402

SYSTEMS = {
    "cudnn": "cuDNN",
    "fa4": "FlashAttention-4",
    "flex": "FlexAttention",
    "flex-flash": "FlexAttention, FLASH",
    "cudnn-flex": "cuDNN's flex_attention",
    "sdpa": "torch's SDPA",
    "spattn": "spattn",
}
STRUCTURES = {
    "causal": ("dense", "gray"),
    "exclusive": ("exclusive bands", "blue"),
    "local+band": ("local + band", "purple"),
    "longformer": ("Longformer", "green"),
    "bigbird": ("BigBird", "amber"),
    "reformer": ("Reformer", "red"),
}


def latest(rows: list[dict]) -> dict[tuple[str, str], dict[int, float]]:
    """Tokens per second by system, structure and length, from the latest rows."""
    found: dict[tuple[str, str], dict[int, float]] = {}
    for row in rows:
        key = row["system"], row["structure"]
        found.setdefault(key, {})[row["tokens"]] = row["tokens_per_s"]
    return found


def draw_step(rows: list[dict]) -> Drawing:
    """Throughput relative to dense attention by cuDNN (or by torch, without a GPU): for
    each structure, one curve for spattn and one for the best peer."""
    rates = latest(rows)
    base_system = "cudnn" if ("cudnn", "causal") in rates else "sdpa"
    base = rates[base_system, "causal"]
    curves = []
    for structure, (name, tone) in STRUCTURES.items():
        peers: dict[int, float] = {}
        for (system, of), by_length in rates.items():
            if of != structure or system == "spattn":
                continue
            for length, rate in by_length.items():
                peers[length] = max(rate, peers.get(length, 0))
        ours = rates.get(("spattn", structure), {})
        for label, found, dashed in (
            (f"spattn, {name}", ours, False),
            (f"best peer, {name}", peers, True),
        ):
            points = [(n, found[n] / base[n]) for n in sorted(found) if n in base]
            if points:
                curves.append(Curve(label, points, tone, dashed))
    lengths = sorted(base)
    top = max(2.0, *(ratio for curve in curves for _, ratio in curve.points))
    low = min(0.8, *(ratio for curve in curves for _, ratio in curve.points))
    d = Drawing(860, 420, "Training speed of OLMoE-1B-7B's layers")
    d.text(24, 22, "Tokens per second, relative to dense attention", size=14, bold=True)
    about = rows[-1]
    d.text(
        24,
        42,
        f"A training step of {about['layers']} of OLMoE-1B-7B's layers, forward and "
        f"gradients; 1 is {SYSTEMS[base_system]}, causal. {about['gpu']}.",
    )
    label = lambda n: f"{n:,}"  # noqa: E731
    last = max(lengths[-1], lengths[0] + 1)
    x = Axis(lengths[0], last, lengths, "length of a sequence", label, True)
    ticks = [n / 4 for n in range(int(4 * low), int(4 * top) + 2)]
    y = Axis(ticks[0], ticks[-1], ticks, "", lambda r: f"{r:g}x")
    chart = Chart(d, 70, 80, 560, 270, x, y)
    chart.draw_axes()
    chart.draw(curves)
    return d


def draw_train(runs: list[dict]) -> Drawing:
    """Curves of the loss on text that is not trained on; and the speeds."""
    curves = []
    last = max(run["steps"][-1] for run in runs)
    for run in {run["structure"]: run for run in runs}.values():
        name, tone = STRUCTURES[run["structure"]]
        points = list(zip(run["validation_steps"], run["validation_loss"], strict=True))
        step, loss = points[-1]
        at = "" if step == last else f" at {step}"
        speed = f"{run['tokens_per_s'] / 1000:,.0f}k tokens/s"
        curves.append(Curve(f"{name}: {loss:.3f}{at}, {speed}", points, tone))
    about = runs[-1]
    d = Drawing(860, 420, "Loss of a small model with each attention of the comparison")
    d.text(24, 22, "Validation loss while a small model learns", size=14, bold=True)
    d.text(
        24,
        42,
        f"{about['parameters'] / 1e6:.0f} million parameters, sequences of "
        f"{about['length']:,} tokens, {about['batch'] * about['length']:,} tokens a "
        f"step. {about['gpu']}. At the right, the last loss and the speed.",
    )
    values = [value for curve in curves for _, value in curve.points]
    steps = max(step for curve in curves for step, _ in curve.points)
    ticks = list(range(int(min(values)), int(max(values)) + 2))
    x = Axis(0, steps, [steps * n / 4 for n in range(5)], "steps")
    y = Axis(ticks[0], ticks[-1], ticks, "loss")
    chart = Chart(d, 60, 80, 540, 270, x, y)
    chart.draw_axes()
    chart.draw(curves)
    return d


def main(arguments: list[str]) -> None:
    if len(arguments) != 3 or arguments[0] not in ("step", "train"):
        sys.exit(__doc__)
    kind, source, out = arguments
    rows = json.loads(Path(source).read_text())
    draw = draw_step if kind == "step" else draw_train
    Path(out).write_text(str(draw(rows)))


if __name__ == "__main__":
    main(sys.argv[1:])

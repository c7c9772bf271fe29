"""Times a training step of OLMoE-1B-7B's layers with each system's attention.

    python benchmarks/training/step.py ROWS.json

A step is the forward pass and the gradients of all weights, in bf16, with random
weights and tokens. The model has fewer layers than OLMoE-1B-7B's 16, and its
language-model head computes proportionally fewer logits, so that the head takes the
same share of the time as in the whole model. For each length, all systems take turns,
one step each. A row has the median of the rounds: {"tokens", "system", "structure",
"tokens_per_s", "step_ms", ...}, where "tokens" is the length of a sequence. Missing
systems are listed at the end. No optimizer runs: its time is the same for all systems.
"""

import argparse
import datetime
import json
import statistics
import sys
import time
from pathlib import Path

import olmoe
import torch
import torch.nn.functional as F

sys.path.append(str(Path(__file__).resolve().parents[1] / "common"))

from patterns import STRUCTURES  # noqa: E402
from systems import SYSTEMS, Absent, System  # noqa: E402

LENGTHS = (4096, 8192, 16384, 32768, 65536, 131072)
#: Tokens per step, unless one sequence is longer.
TOKENS = 32768


def layers_for(device: str) -> int:
    """The number of layers that fit in memory with the longest sequence."""
    if device == "cpu":
        return 2
    gib = torch.cuda.get_device_properties(0).total_memory / 2**30
    return 4 if gib > 120 else 2


def synchronize(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize()


def step(model, ids: torch.Tensor, head_stride: int) -> None:
    """Computes the loss of every `head_stride`-th token, and its gradients."""
    hidden = model.model(input_ids=ids).last_hidden_state
    logits = model.lm_head(hidden[:, :-1:head_stride])
    loss = F.cross_entropy(
        logits.flatten(0, 1).float(), ids[:, 1::head_stride].flatten()
    )
    loss.backward()
    model.zero_grad(set_to_none=True)


def systems_for(
    names: list[str], structures: list[str], shape: tuple, absent: dict[str, str]
) -> list[System]:
    """Creates the systems to compare; notes missing ones in `absent`."""
    made = []
    for name in names:
        for structure in structures:
            if not SYSTEMS[name].supports(structure) or name in absent:
                continue
            try:
                made.append(SYSTEMS[name](structure, *shape))
            except Absent as error:
                absent[name] = str(error)
    return made


def measure(
    model, systems: list[System], batch: int, length: int, rounds: int, stride: int
) -> dict[System, float]:
    """Median seconds per step of systems that take turns. Drops systems that fail."""
    device = systems[0].device
    ids = torch.randint(0, model.config.vocab_size, (batch, length), device=device)
    times: dict[System, list[float]] = {system: [] for system in systems}
    # Two warm-up rounds compile kernels and fill the allocators.
    for turn in range(rounds + 2):
        for system in list(times):
            olmoe.use(system)
            try:
                synchronize(device)
                start = time.perf_counter()
                step(model, ids, stride)
                synchronize(device)
            except Exception as error:  # A failing system must not stop the others.
                model.zero_grad(set_to_none=True)
                print(
                    f"{system.name}, {system.structure}, {length} tokens: "
                    f"{type(error).__name__}: {str(error)[:300]}",
                    file=sys.stderr,
                    flush=True,
                )
                del times[system]
            else:
                if turn >= 2:
                    times[system].append(time.perf_counter() - start)
                continue
            if device != "cpu":
                torch.cuda.empty_cache()
    return {system: statistics.median(t) for system, t in times.items()}


def device_name(device: str) -> str:
    return "cpu" if device == "cpu" else torch.cuda.get_device_name()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", type=Path, help="JSON, to which rows are added")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS)
    parser.add_argument(
        "--structures", nargs="+", choices=STRUCTURES, default=STRUCTURES
    )
    parser.add_argument("--layers", type=int)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tiny", action="store_true", help="a model for tests")
    parser.add_argument("--commit", default="", help="what is measured, for the rows")
    options = parser.parse_args(arguments)
    device = options.device
    names = options.systems or [n for n in SYSTEMS if n != "sdpa"]
    layers = options.layers or layers_for(device)
    sizes = olmoe.TINY if options.tiny else olmoe.FULL
    tokens = 64 if options.tiny else TOKENS
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    torch.manual_seed(0)
    model = olmoe.make(device, dtype, **sizes, num_hidden_layers=layers)
    stride = max(1, olmoe.LAYERS // layers)

    rows = json.loads(options.rows.read_text()) if options.rows.exists() else []
    absent: dict[str, str] = {}
    for length in options.lengths:
        batch = max(1, tokens // length)
        shape = (batch, sizes["num_attention_heads"], length, device)
        torch.compiler.reset()
        systems = systems_for(names, options.structures, shape, absent)
        if not systems:
            continue
        seconds = measure(model, systems, batch, length, options.rounds, stride)
        for system, time_of_step in seconds.items():
            row = {
                "tokens": length,
                "system": system.name,
                "structure": system.structure,
                "tokens_per_s": round(batch * length / time_of_step),
                "step_ms": round(1e3 * time_of_step, 2),
                "batch": batch,
                "layers": layers,
                "gpu": device_name(device),
                "torch": torch.__version__,
                "commit": options.commit,
                "date": datetime.date.today().isoformat(),
            }
            rows.append(row)
            print(json.dumps(row), flush=True)
        options.rows.write_text(json.dumps(rows, indent=1) + "\n")
        del systems, seconds
    for name, why in absent.items():
        print(f"absent: {name}: {why}")


if __name__ == "__main__":
    main()

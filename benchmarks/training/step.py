"""Times a training step of OLMoE-1B-7B's layers with each system's attention.

    python benchmarks/training/step.py ROWS.json
    torchrun --nproc-per-node=2 benchmarks/training/step.py ROWS.json \\
        --lengths 262144 1048576 --layers 2 --tile 32768

A step is the forward pass and the gradients of all weights, in bf16, with random
weights and tokens. The model has fewer layers than OLMoE-1B-7B's 16, and its
language-model head computes proportionally fewer logits, so that the head takes the
same share of the time as in the whole model. For each length, all systems take turns,
one step each. A row has the median of the rounds: {"tokens", "system", "structure",
"tokens_per_s", "step_ms", ...}, where "tokens" is the length of a sequence. Missing
systems are listed at the end. No optimizer runs: its time is the same for all systems.

Under torchrun, a sequence is spread over the ranks, and each runs the layers on its
tokens. Systems are those of sharded.py. Gradients of weights are added up over ranks,
and a step takes as long as that of the slowest rank. With --tile, layers keep their
inputs alone and compute the rest again for gradients, experts and logits for so many
tokens at a time; "peak_gb" is the most memory that a step allocates on the first rank.
"""

import argparse
import datetime
import json
import statistics
import sys
import time
from pathlib import Path
from typing import NamedTuple

import olmoe
import sharded
import torch
import torch.nn.functional as F

sys.path.append(str(Path(__file__).resolve().parents[1] / "common"))

import processes  # noqa: E402
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


def gradients(
    model, ids: torch.Tensor, head_stride: int, system: System, tile: int | None = None
) -> torch.Tensor:
    """Computes the loss of every `head_stride`-th token, and its gradients. Returns the
    part of the loss that is of this rank's tokens."""
    length, assignment = ids.shape[1], system.assignment
    own, places, chunks = ids, None, ((0, length, 0),)
    if assignment is not None:
        from spattn.torch import distributed

        rank = torch.distributed.get_rank(system.group)
        own = distributed.shard(ids, assignment, rank, dim=1)
        places = distributed.position_ids(assignment, rank, device=ids.device)[None]
        chunks = assignment.chunks[rank]
    olmoe.use(system)
    hidden = model.model(input_ids=own, position_ids=places).last_hidden_state
    rows, targets = [], []
    for begin, end, row in chunks:
        # Of the sequence, whose last token predicts none.
        first, last = begin + -begin % head_stride, min(end, length - 1)
        rows.append(hidden[:, row + first - begin : row + last - begin : head_stride])
        targets.append(ids[:, first + 1 : last + 1 : head_stride])

    def losses(hidden, targets):
        logits = model.lm_head(hidden).flatten(0, 1).float()
        return F.cross_entropy(logits, targets.flatten(), reduction="sum")

    count = len(ids) * len(range(0, length - 1, head_stride))
    both = torch.cat(rows, 1), torch.cat(targets, 1)
    parts = olmoe.tiles(losses, tile, *both) if tile else [losses(*both)]
    loss = sum(parts) / count
    loss.backward()
    if assignment is not None:
        sharded.reduce_gradients(model, system.group)
    return loss.detach()


def systems_for(
    known: dict[str, type[System]],
    names: list[str],
    structures: list[str],
    shape: tuple,
    absent: dict[str, str],
) -> list[System]:
    """Creates the systems to compare; notes missing ones in `absent`."""
    made = []
    for name in names:
        for structure in structures:
            if not known[name].supports(structure) or name in absent:
                continue
            try:
                made.append(known[name](structure, *shape))
            except Absent as error:
                absent[name] = str(error)
    return made


class Measured(NamedTuple):
    seconds: float
    #: Of memory, with what is there before a step.
    peak: int | None


def measure(
    model, systems: list[System], batch: int, length: int, stride: int, options
) -> dict[System, Measured]:
    """Median seconds per step of systems that take turns. Drops systems that fail."""
    device, ranks = systems[0].device, processes.count()
    ids = torch.randint(0, model.config.vocab_size, (batch, length), device=device)
    times: dict[System, list[float]] = {system: [] for system in systems}
    peaks: dict[System, int | None] = dict.fromkeys(systems)
    # Warm-up rounds compile kernels and fill the allocators.
    for turn in range(options.rounds + options.warm_up):
        for system in list(times):
            try:
                if device != "cpu":
                    torch.cuda.reset_peak_memory_stats()
                synchronize(device)
                processes.wait()
                start = time.perf_counter()
                gradients(model, ids, stride, system, options.tile)
                model.zero_grad(set_to_none=True)
                synchronize(device)
            except Exception as error:  # A failing system must not stop the others.
                if ranks > 1:  # But other ranks would wait for this one.
                    raise
                model.zero_grad(set_to_none=True)
                print(
                    f"{system.name}, {system.structure}, {length} tokens: "
                    f"{type(error).__name__}: {str(error)[:300]}",
                    file=sys.stderr,
                    flush=True,
                )
                del times[system]
            else:
                if device != "cpu":
                    peaks[system] = torch.cuda.max_memory_allocated()
                if turn >= options.warm_up:
                    times[system].append(time.perf_counter() - start)
                continue
            if device != "cpu":
                torch.cuda.empty_cache()
    return {
        system: Measured(statistics.median(sharded.slowest(t)), peaks[system])
        for system, t in times.items()
    }


def device_name(device: str) -> str:
    return "cpu" if device == "cpu" else torch.cuda.get_device_name()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", type=Path, help="JSON, to which rows are added")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--systems", nargs="+", choices=[*SYSTEMS, *sharded.SYSTEMS])
    parser.add_argument("--structures", nargs="+", choices=STRUCTURES)
    parser.add_argument("--layers", type=int)
    parser.add_argument("--tile", type=int, help="tokens of experts at a time")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--warm-up", type=int, default=2, help="rounds before")
    parser.add_argument("--tiny", action="store_true", help="a model for tests")
    parser.add_argument("--commit", default="", help="what is measured, for the rows")
    options = parser.parse_args(arguments)
    device = options.device
    ranks = processes.join(device)
    known = SYSTEMS if ranks == 1 else sharded.SYSTEMS
    names = options.systems or [n for n in known if n != "sdpa"]
    if others := [n for n in names if n not in known]:
        parser.error(f"{', '.join(others)}: not for {ranks} ranks; run by torchrun?")
    # Sequences over several ranks are long.
    structures = options.structures or STRUCTURES[ranks > 1 :]
    layers = options.layers or layers_for(device)
    sizes = olmoe.TINY if options.tiny else olmoe.FULL
    tokens = 64 if options.tiny else TOKENS
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    # Weights and tokens are the same on all ranks.
    torch.manual_seed(0)
    model = olmoe.make(device, dtype, **sizes, num_hidden_layers=layers)
    if options.tile:
        olmoe.recompute(model, options.tile)
    stride = max(1, olmoe.LAYERS // layers)

    rows = json.loads(options.rows.read_text()) if options.rows.exists() else []
    absent: dict[str, str] = {}
    for length in options.lengths:
        batch = max(1, tokens // length)
        shape = (batch, sizes["num_attention_heads"], length, device)
        torch.compiler.reset()
        systems = systems_for(known, names, structures, shape, absent)
        if not systems:
            continue
        measured = measure(model, systems, batch, length, stride, options)
        for system, (seconds, peak) in measured.items():
            row = {
                "tokens": length,
                "system": system.name,
                "structure": system.structure,
                "tokens_per_s": round(batch * length / seconds),
                "step_ms": round(1e3 * seconds, 2),
                "batch": batch,
                "layers": layers,
                "ranks": ranks,
                **({"assignment": str(system.assignment)} if ranks > 1 else {}),
                **({"tile": options.tile} if options.tile else {}),
                **({"peak_gb": round(peak / 1e9, 1)} if peak else {}),
                "gpu": device_name(device),
                "torch": torch.__version__,
                "commit": options.commit,
                "date": datetime.date.today().isoformat(),
            }
            rows.append(row)
            if processes.is_first():
                print(json.dumps(row), flush=True)
        if processes.is_first():
            options.rows.write_text(json.dumps(rows, indent=1) + "\n")
        del systems, measured
    if processes.is_first():
        for name, why in absent.items():
            print(f"absent: {name}: {why}")
    processes.leave()


if __name__ == "__main__":
    main()

"""Measures the numbers of lib/Conversion/SpattnToSpattnGPU/Tuning.cpp.

    python benchmarks/gpu/tune.py build FOLDER              # where spattn is built
    python benchmarks/gpu/tune.py run FOLDER TIMES.json     # on the GPU
    python benchmarks/gpu/tune.py table TIMES.json [--json] # anywhere

`run` needs torch and cuda-bindings; no LLVM. `--only NAME` (of `build` and `run`)
selects one experiment; TIMES.json keeps the times of the others. `table` prints the
rows and numbers in the form of Tuning.cpp, or as JSON. docs/Tuning.md describes the
experiments; fit.py computes the numbers from the times.
"""

import argparse
import json
import math
import sys
from pathlib import Path

import fit
from experiments import EXPERIMENTS, HEADS, Run
from kernels import backward_source, compile_kernel, forward_source


def source(run: Run) -> str:
    make = backward_source if run.backward else forward_source
    return make(run.structure, HEADS, HEADS, run.dim)


def build(folder: Path, runs: list[Run]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for run in runs:
        cubin = folder / f"{run.file}.cubin"
        if not cubin.exists():
            compile_kernel(cubin, source(run), f"--gpu-options={run.options}")


def clock() -> float:
    """The GPU's clocks per millisecond at its current temperature."""
    import torch

    clocks = 20_000_000
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    torch.cuda._sleep(clocks)
    end.record()
    torch.cuda.synchronize()
    return round(clocks / start.elapsed_time(end))


def measure(folder: Path, target: Path, names: list[str]) -> None:
    import torch
    from artifact import Artifact
    from measure import get_commit, medians
    from workloads import random

    torch.zeros(1, device="cuda")
    found = json.loads(target.read_text()) if target.exists() else {}
    properties = torch.cuda.get_device_properties(0)
    found |= {
        "gpu": torch.cuda.get_device_name(),
        "commit": get_commit(),
        "sms": properties.multi_processor_count,
    }
    for name in names:
        times = []
        # The values take turns, so that heat affects all alike.
        for workload, runs in EXPERIMENTS[name].by_workload():
            dim, batch, length = workload.dim, workload.batch, workload.length
            tensors = {
                name: random(batch, HEADS, length, dim) for name in ("q", "k", "v")
            }
            tensors["o"] = random(batch, HEADS, length, dim)
            # The log-sum-exp of a query that sees all keys.
            tensors["lse"] = torch.full(
                (batch, HEADS, length), math.log(length), device="cuda"
            )
            if workload.backward:
                tensors["do"] = random(batch, HEADS, length, dim)
                for result in ("dq", "dk", "dv"):
                    tensors[result] = random(batch, HEADS, length, dim)
            calls = {}
            for run in runs:
                cubin = folder / f"{run.file}.cubin"
                artifact = Artifact(cubin, cubin.with_suffix(".txt"))
                calls[run.value] = artifact.bind(tensors, 1 / math.sqrt(dim))
            for value, ms in medians(calls).items():
                row = {"workload": workload.name, "value": value, "ms": round(ms, 5)}
                if name == "clocks":
                    row["clocks_per_ms"] = clock()
                times.append(row)
                print(f"{name:28s} {workload.name:28s} {value:>12} {ms:9.4f} ms")
        found[name] = times
        target.write_text(json.dumps(found, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("action", choices=("build", "run", "table"))
    parser.add_argument("path", type=Path)
    parser.add_argument("target", type=Path, nargs="?")
    parser.add_argument("--only", choices=tuple(EXPERIMENTS))
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    names = [arguments.only] if arguments.only else list(EXPERIMENTS)
    if arguments.action == "build":
        build(arguments.path, [run for name in names for run in EXPERIMENTS[name].runs])
    elif arguments.action == "run":
        if arguments.target is None:
            parser.error("run needs TIMES.json")
        measure(arguments.path, arguments.target, names)
    else:
        table = fit.table(json.loads(arguments.path.read_text()))
        text = json.dumps(table, indent=1) if arguments.json else fit.cpp(table)
        sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()

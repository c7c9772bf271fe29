"""Whether the compiler takes the options that tune.py compares.

check_experiments.py ROOT SPATTN_OPT
"""

import subprocess
import sys

sys.path.insert(0, f"{sys.argv[1]}/benchmarks/gpu")

import tune
from experiments import EXPERIMENTS

runs = {run.file: run for e in EXPERIMENTS.values() for run in e.runs}
# Two runs with one name are one kernel.
assert len(runs) == len({(r.structure, r.dim, r.options) for r in runs.values()})
for run in runs.values():
    subprocess.run(
        [sys.argv[2], f"--spattn-gpu-kernels={run.options}", "-o", "/dev/null"],
        input=tune.source(run),
        text=True,
        check=True,
    )
print(f"{len(runs)} configurations")

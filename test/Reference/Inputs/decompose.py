"""Runs the functions of two files, one by the oracle and one compiled, and compares."""

import subprocess
import sys

import numpy as np

tool, whole, decomposed, folder = sys.argv[1:]


def run(file, entry, name, *options):
    outputs = [f"{folder}/{name}-{i}.npy" for i in range(2)]
    arguments = [f"--output={path}" for path in outputs]
    scalar = ["--scalar=3:0.25"] if entry == "grouped" else []
    command = [tool, file, f"--entry={entry}", *options, *scalar, *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return [np.load(path).astype(np.float64) for path in outputs]


for entry in ("grouped", "bands", "start", "half", "sink_logits"):
    expected = run(whole, entry, "oracle", "--device=reference")
    actual = run(decomposed, entry, "decomposed")
    tolerance = 2e-3 if entry == "half" else 1e-5
    differ = sum(
        int(np.count_nonzero(~np.isclose(a, e, rtol=tolerance, atol=tolerance)))
        for a, e in zip(actual, expected, strict=True)
    )
    elements = sum(e.size for e in expected)
    empty = int(np.count_nonzero(np.isneginf(expected[1])))
    print(f"{entry}: {differ} of {elements} elements differ, {empty} empty rows")

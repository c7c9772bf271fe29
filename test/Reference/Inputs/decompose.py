"""Runs the functions of two files, one by the oracle and one compiled, and compares."""

import subprocess
import sys

import numpy as np

tool, whole, decomposed, folder = sys.argv[1:]


def inputs(with_destinations):
    """Slopes are small, so that rows have more than a key or two. What is linalg
    reads its destinations, for all that is known of it."""
    random = np.random.default_rng(0)
    shapes = [(2, 8, 37, 16), (2, 2, 29, 16), (2, 2, 29, 24), (8,), (8, 13)]
    if with_destinations:
        shapes += [(2, 8, 37, 24), (2, 8, 37)]
    options = []
    for i, shape in enumerate(shapes):
        array = random.standard_normal(shape, np.float32)
        np.save(f"{folder}/input-{i}.npy", array / (20 if len(shape) == 1 else 1))
        options.append(f"--input={folder}/input-{i}.npy")
    return options


def positions(with_destinations):
    random = np.random.default_rng(1)
    shapes = [(2, 8, 37, 16), (2, 2, 29, 16), (2, 2, 29, 24)]
    arrays = [random.standard_normal(shape, np.float32) for shape in shapes]
    for shape in ((2, 8, 37), (2, 2, 29)):
        arrays.append(random.integers(0, 20, shape).astype(np.int32))
    if with_destinations:
        for shape in ((2, 8, 37, 24), (2, 8, 37)):
            arrays.append(np.zeros(shape, np.float32))
    options = []
    for i, array in enumerate(arrays):
        np.save(f"{folder}/position-{i}.npy", array)
        options.append(f"--input={folder}/position-{i}.npy")
    return options


def run(file, entry, name, *options):
    outputs = [f"{folder}/{name}-{i}.npy" for i in range(2)]
    arguments = [f"--output={path}" for path in outputs]
    numbers = {"grouped": "3:0.25", "scores": "3:1.5"}
    scalar = [f"--scalar={numbers[entry]}"] if entry in numbers else []
    given = []
    if entry in ("scores", "positions"):
        draw = inputs if entry == "scores" else positions
        given = draw(name == "decomposed")
    command = [tool, file, f"--entry={entry}", *options, *scalar, *given, *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return [np.load(path).astype(np.float64) for path in outputs]


for entry in (
    "grouped",
    "bands",
    "start",
    "half",
    "sink_logits",
    "scores",
    "positions",
):
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

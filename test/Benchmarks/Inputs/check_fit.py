"""What fit.py makes of times that are known to follow from a table.

check_fit.py ROOT
"""

import math
import sys

sys.path.insert(0, f"{sys.argv[1]}/benchmarks/gpu")

import fit
from experiments import CAUSAL, EXCLUSIVE, EXPERIMENTS, HEADS, SHAPES, Workload


def brute_force(workload: Workload, rows: int, keys: int) -> tuple[int, int]:
    width = workload.length / HEADS
    work = visited = 0
    for head in range(HEADS):
        for first in range(0, workload.length, rows):
            tiles = {
                key // keys
                for row in range(first, min(first + rows, workload.length))
                for key in range(row + 1)
                if workload.structure == CAUSAL or (row - key) // width == head
            }
            work += bool(tiles)
            visited += len(tiles)
    return work * workload.batch, visited * workload.batch


def check_counts() -> None:
    for structure in (CAUSAL, EXCLUSIVE):
        for rows, keys in ((64, 64), (128, 48), (192, 128)):
            workload = Workload(structure, 64, 3, 400)
            assert fit.count(workload, rows, keys) == brute_force(workload, rows, keys)


def check_clocks() -> None:
    expected = {(64, "3x1x128"): (10400, 2460), (128, "1x2x64"): (3760, 810)}
    times = [
        {
            "workload": workload.name,
            "value": shape,
            "clocks_per_ms": 1.7e6,
            # Each is as much longer or shorter as measurements are.
            "ms": (w * work + k * visited) / 132 / 1.7e6 * (1 + 0.001 * (-1) ** i),
        }
        for (dim, shape), (w, k) in expected.items()
        for i, workload in enumerate(EXPERIMENTS["clocks"].workloads)
        if workload.dim == dim
        for work, visited in [
            fit.count(workload, 64 * SHAPES[shape][0], SHAPES[shape][2])
        ]
    ]
    for key, found in fit.clocks(times, 132).items():
        for a, b in zip(found, expected[key], strict=True):
            assert abs(a / b - 1) < 0.02, (key, found)
    try:
        fit.clocks(times[:1], 132)
    except ValueError as error:
        assert "do not differ enough" in str(error)
    else:
        raise AssertionError("one workload says nothing of two numbers")


def check_crossings() -> None:
    line = [(2.0**i, math.exp(0.1 * (i - 5.5))) for i in range(10)]
    assert abs(fit.crossing(line) / 2**5.5 - 1) < 1e-6
    assert fit.crossing([(x, 1.1) for x, _ in line]) == 0
    assert fit.crossing([(x, 0.9) for x, _ in line]) is None
    # One that is off does not matter.
    noisy = [(x, r * (1.12 if x == 4 else 1)) for x, r in line]
    assert 2**4 < fit.crossing(noisy) < 2**7


check_counts()
check_clocks()
check_crossings()
print("clocks, crossings and counts agree")

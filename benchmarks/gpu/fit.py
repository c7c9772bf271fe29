"""Computes a tuning table from the times that tune.py measured.

Needs only Python.
"""

import math
from collections import defaultdict

from experiments import EXPERIMENTS, HEADS, SHAPES, Workload


def bands(structure: str, length: int) -> list[tuple[int, int]]:
    """The distances that each head sees, by definition, without spattn's algebra."""
    if "exclusive" not in structure:
        return [(0, length)] * HEADS
    width, rest = divmod(length, HEADS)
    starts = [h * width + min(h, rest) for h in range(HEADS)] + [length]
    return list(zip(starts, starts[1:], strict=False))


def count(workload: Workload, rows: int, keys: int) -> tuple[int, int]:
    """The numbers of non-empty work tiles, and of key tiles that they visit."""
    work = visited = 0
    for lo, hi in bands(workload.structure, workload.length):
        for first in range(0, workload.length, rows):
            last = min(first + rows, workload.length) - 1
            least, most = max(0, first - hi + 1), last - lo
            if most >= least:
                work += 1
                visited += most // keys - least // keys + 1
    return work * workload.batch, visited * workload.batch


def solve(equations: list[tuple[float, float, float]]) -> tuple[float, float]:
    """The least-squares solution of a * x + b * y = z. Equations are scaled to z = 1,
    to minimize relative errors: short and long times have equal weight."""
    scaled = [(x / z, y / z) for x, y, z in equations]
    xx = sum(x * x for x, _ in scaled)
    xy = sum(x * y for x, y in scaled)
    yy = sum(y * y for _, y in scaled)
    sx, sy = sum(x for x, _ in scaled), sum(y for _, y in scaled)
    determinant = xx * yy - xy * xy
    if determinant <= 1e-9 * xx * yy:
        raise ValueError("the workloads of a tile shape do not differ enough")
    return (sx * yy - sy * xy) / determinant, (sy * xx - sx * xy) / determinant


def clocks(times: list[dict], sms: int) -> dict:
    """SM clocks per work tile and per key tile, by head dimension and tile shape."""
    workloads = {w.name: w for w in EXPERIMENTS["clocks"].workloads}
    equations = defaultdict(list)
    for row in times:
        workload = workloads[row["workload"]]
        warpgroups, _, keys = SHAPES[row["value"]]
        work, visited = count(workload, 64 * warpgroups, keys)
        total = row["ms"] * row["clocks_per_ms"] * sms
        equations[workload.dim, row["value"]].append((work, visited, total))
    return {key: tuple(map(rounded, solve(rows))) for key, rows in equations.items()}


def rounded(value: float, digits: int = 3) -> int:
    """Rounds to significant digits: more digits would not be reproducible."""
    if value <= 0:
        return 0
    unit = 10 ** max(0, math.floor(math.log10(value)) - digits + 1)
    return round(value / unit) * unit


def ratios(name: str, times: list[dict]) -> list[tuple[float, float]]:
    """The first value's time divided by the second's, by x."""
    first, second = EXPERIMENTS[name].values
    by_workload = defaultdict(dict)
    for row in times:
        by_workload[row["workload"]][row["value"]] = row["ms"]
    return sorted(
        (w.x, by_workload[w.name][first] / by_workload[w.name][second])
        for w in EXPERIMENTS[name].workloads
        if w.name in by_workload
    )


def crossing(points: list[tuple[float, float]]) -> float | None:
    """The x up to which the first value is faster: 0 if it never is, None if it always
    is. Because of noise the times may cross several times; this is the crossing with
    the least total slowdown."""

    def cost(edge: int) -> float:
        """The total log slowdown of the first value before the edge and the second
        after it."""
        before = sum(max(0.0, math.log(r)) for _, r in points[:edge])
        return before + sum(max(0.0, -math.log(r)) for _, r in points[edge:])

    best = min(range(len(points) + 1), key=cost)
    if best == len(points):
        return None
    if best == 0:
        return 0.0
    (x0, r0), (x1, r1) = points[best - 1], points[best]
    low, high = math.log(r0), math.log(r1)
    share = 0.5 if high <= low else min(1.0, max(0.0, -low / (high - low)))
    return x0 * (x1 / x0) ** share


def best(times: list[dict]) -> tuple[str, dict[str, float]]:
    """The value with the least geometric mean time, and the slowdown of the others."""
    by_workload, logs = defaultdict(dict), defaultdict(list)
    for row in times:
        by_workload[row["workload"]][row["value"]] = row["ms"]
    for found in by_workload.values():
        least = min(found.values())
        for value, ms in found.items():
            logs[value].append(math.log(ms / least))
    means = {value: math.exp(sum(x) / len(x)) for value, x in logs.items()}
    return min(means, key=means.get), means


def table(found: dict) -> dict:
    """The entries of Tuning.cpp for a card, as far as they were measured."""
    numbers, slower = {}, {}
    for name, times in found.items():
        if name not in EXPERIMENTS or EXPERIMENTS[name].kind == "clocks":
            continue
        if EXPERIMENTS[name].kind == "crossing":
            points = ratios(name, times)
            x = crossing(points)
            slower[name] = {f"{at:g}": round(ratio, 3) for at, ratio in points}
            if x is not None and name == "empty-rows":
                # One in so many; with 0 single work tiles never win.
                numbers[name] = round(1 / x) if x else 1 << 40
            elif x is not None:
                numbers[name] = rounded(x, 1)
        else:
            value, means = best(times)
            numbers[name] = int(value)
            slower[name] = {v: round(mean, 3) for v, mean in means.items()}
    rows = [
        {
            "widestHead": dim,
            "mmaWarpgroups": SHAPES[shape][0],
            "ctasPerSM": SHAPES[shape][1],
            "keyTile": SHAPES[shape][2],
            "workTileClocks": work,
            "keyTileClocks": keys,
        }
        for (dim, shape), (work, keys) in sorted(
            clocks(found.get("clocks", []), found["sms"]).items(),
            key=lambda entry: (entry[0][0], list(SHAPES).index(entry[0][1])),
        )
    ]
    return {
        "card": found["gpu"],
        "commit": found["commit"],
        "forward": rows,
        "numbers": numbers,
        "compared": slower,
    }


def camel(name: str) -> str:
    first, *rest = name.split("-")
    known = {"sm": "SM"}
    return first + "".join(known.get(part, part.capitalize()) for part in rest)


def cpp(found: dict) -> str:
    """Formats a table as lines of Tuning.cpp."""
    lines = [f"// {found['card']}, {found['commit']}"]
    # Parameters that belong to a tile shape, and are not fitted.
    for row in found["forward"]:
        one_span = row["mmaWarpgroups"] > 2
        fields = {
            "widestHead": row["widestHead"],
            "leastSharedMemory": 0,
            "mmaWarpgroups": row["mmaWarpgroups"],
            "ctasPerSM": row["ctasPerSM"],
            "keyTile": row["keyTile"],
            "stages": 2,
            "queryStages": 2,
            "workTileClocks": row["workTileClocks"],
            "keyTileClocks": row["keyTileClocks"],
            "oneSpan": str(one_span).lower(),
        }
        text = ", ".join(f"/*{name}=*/{value}" for name, value in fields.items())
        lines.append(f"    {{{text}}},")
    for name, value in found["numbers"].items():
        lines.append(f"  tuning.{camel(name)} = {value};")
    return "\n".join(lines)

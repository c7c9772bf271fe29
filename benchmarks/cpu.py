#!/usr/bin/env python3
"""Measure spattn against PyTorch on this machine's CPU, all in one run.

    python benchmarks/cpu.py

writes docs/benchmarks/cpu.json, a list of rows

    {"workload", "system", "pass", "ms", "error", "commit", "cpu", "date", ...}

and prints a table with ratios.  Systems:

    spattn  the command line tool build/bin/spattn-run, left out if it is missing
    flex    torch.compile(flex_attention) with a block mask of the same structure,
            in PyTorch's default blocks of 128 unless --flex-block says otherwise
    sdpa    F.scaled_dot_product_attention(is_causal=True), for plain causal

Inputs are standard normal with a fixed seed, the same arrays for every system.
Systems take turns: in each of --rounds rounds every (workload, system) makes
--warmup uncounted calls and --repeat counted ones.  "ms" is the median of all
counted calls, without compilation, block masks and file reading.  "error" is
||out - ref|| / ||ref|| against float64 on rows drawn from every head (including
the first and the last); an error above 1e-4 fails.  "peak_mib" is the peak
resident size of the spattn-run process, including its inputs and output
("data_mib").

Every system uses all cores, so leave the machine otherwise idle.  On a shared
virtual machine a single call can take twice its time: the table therefore has
ratios both of medians and of the fastest calls, and the two should agree.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SEED = 0
SAMPLED_ROWS = 64
ERROR_LIMIT = 1e-4
MIB = 1 << 20


# ----------------------------------------------------------------------------
# Workloads
# ----------------------------------------------------------------------------


def band(h: int, heads: int, n: int) -> tuple[int, int]:
    """Start and width of head h's band of the distances [0, n)."""
    base, rest = divmod(n, heads)
    return h * base + min(h, rest), base + (h < rest)


def exclusive_intervals(h: int, heads: int, n: int) -> list[tuple[int, int]]:
    start, width = band(h, heads, n)
    return [(start, start + width)]


def local_band_intervals(h: int, heads: int, n: int) -> list[tuple[int, int]]:
    start, width = band(h, heads, n)
    local = width + 1
    if start <= local:
        return [(0, max(local, start + width))]
    return [(0, local), (start, start + width)]


def causal_intervals(h: int, heads: int, n: int) -> list[tuple[int, int]]:
    return [(0, n)]


def window_intervals(width: int) -> Callable[[int, int, int], list[tuple[int, int]]]:
    return lambda h, heads, n: [(0, width)]


@dataclass(frozen=True)
class Workload:
    """One structure at one shape.

    intervals(h, heads, n) gives head h's half-open intervals of the distance
    i - j, ascending and disjoint; structure is the same as a spattn attribute.
    """

    label: str
    structure: str
    intervals: Callable[[int, int, int], list[tuple[int, int]]] = field(repr=False)
    heads: int
    length: int
    systems: tuple[str, ...]
    batch: int = 1
    dim: int = 128

    @property
    def name(self) -> str:
        return (
            f"{self.label} H{self.heads} D{self.dim} B{self.batch} N{self.length} f32"
        )

    @property
    def entry(self) -> str:
        return "".join(c if c.isalnum() else "_" for c in self.label)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self.batch, self.heads, self.length, self.dim

    def pairs(self) -> int:
        """Pairs of query and key that the structure allows, over all heads."""
        n = self.length
        total = 0
        for h in range(self.heads):
            for lo, hi in self.intervals(h, self.heads, n):
                count = max(0, min(hi, n) - lo)
                total += count * n - (lo + lo + count - 1) * count // 2
        return total * self.batch


SERIES = (4096, 16384, 65536, 262144)
WORKLOADS = [
    Workload(
        "exclusive",
        "#spattn.partition<exclusive>",
        exclusive_intervals,
        16,
        4096,
        ("spattn", "flex"),
    ),
    Workload(
        "local_band",
        "#spattn.partition<local_band>",
        local_band_intervals,
        16,
        4096,
        ("spattn", "flex"),
    ),
    Workload(
        "causal",
        "#spattn.causal",
        causal_intervals,
        16,
        4096,
        ("spattn", "flex", "sdpa"),
    ),
    *(
        Workload(
            "window256",
            "#spattn.window<left = 255, right = 0>",
            window_intervals(256),
            1,
            n,
            ("spattn",),
        )
        for n in SERIES
    ),
]


def make_inputs(shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(SEED)
    return {name: rng.standard_normal(shape, dtype=np.float32) for name in "qkv"}


def relative_error(
    workload: Workload, inputs: dict[str, np.ndarray], out: np.ndarray
) -> float:
    """||out - ref|| / ||ref|| on sampled rows of every head, ref in float64.

    A row without keys has the reference 0.
    """
    if out.shape != workload.shape:
        raise RuntimeError(f"{workload.name}: output has shape {out.shape}")
    n = workload.length
    rng = np.random.default_rng(SEED + 1)
    difference = norm = 0.0
    for b in range(workload.batch):
        for h in range(workload.heads):
            q, k, v = (inputs[name][b, h] for name in "qkv")
            rows = rng.choice(n, size=min(SAMPLED_ROWS, n), replace=False)
            for i in {0, n - 1, *rows.tolist()}:
                keys = np.concatenate(
                    [
                        np.arange(max(0, i - hi + 1), max(0, i - lo + 1))
                        for lo, hi in workload.intervals(h, workload.heads, n)
                    ]
                )
                ref = np.zeros(workload.dim)
                if keys.size:
                    scores = k[keys].astype(np.float64) @ q[i].astype(np.float64)
                    scores /= math.sqrt(workload.dim)
                    weights = np.exp(scores - scores.max())
                    ref = (weights / weights.sum()) @ v[keys].astype(np.float64)
                difference += float(
                    ((out[b, h, i].astype(np.float64) - ref) ** 2).sum()
                )
                norm += float((ref**2).sum())
    error = math.sqrt(difference / norm)
    if not error < ERROR_LIMIT:
        raise RuntimeError(f"relative error {error:.3g} is not below {ERROR_LIMIT:g}")
    return error


# ----------------------------------------------------------------------------
# Systems: each takes a turn and reports the milliseconds of its counted calls
# ----------------------------------------------------------------------------


@dataclass
class Case:
    """A (workload, system) and what has been measured of it."""

    workload: Workload
    system: str
    runs_ms: list[float] = field(default_factory=list)
    error: float | None = None
    extra: dict[str, float] = field(default_factory=dict)


def mlir_for(workload: Workload) -> str:
    """The text that spattn-run compiles: one function of q, k, v and the output."""
    kind = "tensor<" + "x".join(map(str, workload.shape)) + "xf32>"
    return f"""\
func.func @{workload.entry}(%q: {kind}, %k: {kind},
    %v: {kind}, %o: {kind}) -> {kind} {{
  %r = spattn.attention structure({workload.structure})
      ins(%q, %k, %v : {kind}, {kind}, {kind})
      outs(%o : {kind})
  return %r : {kind}
}}
"""


# Starts the tool from a small process: a child's peak resident size counts what
# its parent held when it was started, and this process holds gigabytes.
PEAK_OF_CHILD = """
import json, resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
json.dump(peak, open(sys.argv[1], "w"))
sys.exit(code)
"""


def run_tool(
    tool: Path,
    source: Path,
    entry: str,
    inputs: list[Path],
    output: Path,
    repeat: int,
    warmup: int,
) -> tuple[list[float], float, float]:
    """Run spattn-run once: milliseconds of each call, of compilation, peak MiB."""
    report = output.with_suffix(".json")
    peak = output.with_suffix(".peak")
    command = [
        str(tool),
        str(source),
        f"--entry={entry}",
        *(f"--input={path}" for path in inputs),
        f"--output={output}",
        f"--repeat={repeat}",
        f"--warmup={warmup}",
        f"--json={report}",
        "--check=0",
    ]
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PEAK_OF_CHILD, str(peak), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode != 0:
        raise RuntimeError(
            f"spattn-run exited with {result.returncode}:\n{result.stdout}"
        )
    entries = json.loads(report.read_text())["entries"]
    found = next(item for item in entries if item["name"] == entry)
    runs = [float(ms) for ms in found["runs_ms"]]
    return runs, float(found["compile_ms"]), json.loads(peak.read_text()) * 1024 / MIB


class Spattn:
    def __init__(self, tool: Path, folder: Path):
        self.tool = tool
        self.folder = folder
        self.written: dict[tuple[int, ...], list[Path]] = {}

    def turn(
        self, case: Case, inputs: dict[str, np.ndarray], repeat: int, warmup: int
    ) -> None:
        workload = case.workload
        if workload.shape not in self.written:
            stem = "x".join(map(str, workload.shape))
            paths = [self.folder / f"{stem}_{name}.npy" for name in inputs]
            for path, x in zip(paths, inputs.values(), strict=True):
                np.save(path, x)
            self.written[workload.shape] = paths
        source = self.folder / f"{workload.entry}_{workload.length}.mlir"
        source.write_text(mlir_for(workload))
        output = self.folder / "out.npy"
        output.unlink(missing_ok=True)
        runs, compile_ms, peak_mib = run_tool(
            self.tool,
            source,
            workload.entry,
            self.written[workload.shape],
            output,
            repeat,
            warmup,
        )
        case.runs_ms += runs
        if case.error is None:
            case.error = relative_error(
                workload, inputs, np.load(output, mmap_mode="r")
            )
        case.extra["first_ms"] = min(compile_ms, case.extra.get("first_ms", math.inf))
        case.extra["peak_mib"] = max(peak_mib, case.extra.get("peak_mib", 0.0))
        case.extra["data_mib"] = 4 * math.prod(workload.shape) * 4 / MIB


class Torch:
    """flex and sdpa, in this process."""

    def __init__(self, threads: int, block: int):
        import torch
        from torch.nn.attention import flex_attention as flex

        torch.set_num_threads(threads)
        self.torch = torch
        self.flex = flex
        self.block = block
        self.compiled = torch.compile(flex.flex_attention, dynamic=False)
        self.calls: dict[tuple[str, str], Callable] = {}

    def mask(self, workload: Workload) -> Callable:
        """The structure as a mask_mod, by the same definitions."""
        torch = self.torch
        base, rest = divmod(workload.length, workload.heads)

        def band(h):
            return h * base + torch.clamp(h, max=rest), base + (h < rest).to(h.dtype)

        def exclusive(b, h, i, j):
            start, width = band(h)
            d = i - j
            return (d >= start) & (d < start + width)

        def local_band(b, h, i, j):
            start, width = band(h)
            d = i - j
            return (d >= 0) & ((d <= width) | ((d >= start) & (d < start + width)))

        def causal(b, h, i, j):
            return i >= j

        return {"exclusive": exclusive, "local_band": local_band, "causal": causal}[
            workload.label
        ]

    def call_for(self, case: Case) -> Callable:
        torch = self.torch
        if case.system == "sdpa":
            sdpa = torch.nn.functional.scaled_dot_product_attention
            return lambda q, k, v: sdpa(q, k, v, is_causal=True)
        workload = case.workload
        heads = None if workload.label == "causal" else workload.heads
        length = workload.length
        began = time.perf_counter()
        block_mask = self.flex.create_block_mask(
            self.mask(workload),
            None,
            heads,
            length,
            length,
            device="cpu",
            BLOCK_SIZE=self.block,
        )
        case.extra["block"] = self.block
        case.extra["mask_ms"] = (time.perf_counter() - began) * 1e3
        return lambda q, k, v: self.compiled(q, k, v, block_mask=block_mask)

    def turn(
        self, case: Case, inputs: dict[str, np.ndarray], repeat: int, warmup: int
    ) -> None:
        torch = self.torch
        key = case.workload.name, case.system
        # In torch's own memory, aligned to 64 bytes.  numpy's large arrays start 16
        # bytes into a page, where flex takes 15 to 20 % longer.
        tensors = [torch.from_numpy(x).clone() for x in inputs.values()]
        with torch.no_grad():
            if key not in self.calls:
                self.calls[key] = self.call_for(case)
                began = time.perf_counter()
                out = self.calls[key](*tensors)
                case.extra["first_ms"] = (time.perf_counter() - began) * 1e3
                case.error = relative_error(case.workload, inputs, out.numpy())
            call = self.calls[key]
            for _ in range(warmup):
                call(*tensors)
            for _ in range(repeat):
                began = time.perf_counter()
                call(*tensors)
                case.runs_ms.append((time.perf_counter() - began) * 1e3)


# ----------------------------------------------------------------------------
# Report
# ----------------------------------------------------------------------------


def cpu_name(threads: int) -> str:
    name, flags = "unknown", ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            name = value.strip()
        elif key.strip() == "flags":
            flags = value
    level = next(
        (
            text
            for flag, text in (("avx512f", "AVX-512"), ("avx2", "AVX2"))
            if flag in flags
        ),
        "",
    )
    return ", ".join(x for x in (name, f"{threads} threads", level) if x)


def commit_name(output: Path) -> str:
    """The commit measured, with "-dirty" if tracked files other than output differ."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(ROOT), *arguments],
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    try:
        name = git("rev-parse", "--short=12", "HEAD").strip()
        changed = git("status", "--porcelain", "--untracked-files=no").splitlines()
    except (OSError, subprocess.CalledProcessError):
        return "none"
    if any((ROOT / line[3:]).resolve() != output.resolve() for line in changed):
        name += "-dirty"
    return name


def print_report(rows: list[dict]) -> None:
    by_key = {(row["workload"], row["system"]): row for row in rows}
    width = max(len(row["workload"]) for row in rows)
    header = (
        f"{'workload':{width}}  {'system':6}  {'ms':>9}  {'fastest':>9}  {'error':>8}  "
    )
    header += f"{'GFLOP/s':>8}  {'peak MiB':>8}"
    print("\n" + header + "\n" + "-" * len(header))
    for row in rows:
        peak = f"{row['peak_mib']:8.0f}" if "peak_mib" in row else " " * 8
        print(
            f"{row['workload']:{width}}  {row['system']:6}  {row['ms']:9.2f}  "
            f"{row['min_ms']:9.2f}  {row['error']:8.1e}  {row['gflops']:8.1f}  {peak}"
        )

    def ratio(text: str, slow: tuple[str, str], fast: tuple[str, str]) -> None:
        if slow in by_key and fast in by_key:
            median, fastest = (
                by_key[slow][x] / by_key[fast][x] for x in ("ms", "min_ms")
            )
            print(f"{text:40} {median:6.2f}x  {fastest:6.2f}x")

    names = {w.label: w.name for w in WORKLOADS if w.label != "window256"}
    print("\nHow many times as fast, by medians and by the fastest calls:")
    for label, name in names.items():
        ratio(f"spattn than flex, {label}", (name, "flex"), (name, "spattn"))
    causal = names["causal"]
    ratio("spattn than sdpa, causal", (causal, "sdpa"), (causal, "spattn"))
    for label in ("exclusive", "local_band"):
        for system in ("spattn", "flex"):
            text = f"{label} than causal, both {system}"
            ratio(text, (causal, system), (names[label], system))
    series = [
        (w, by_key[w.name, "spattn"])
        for w in WORKLOADS
        if w.label == "window256" and (w.name, "spattn") in by_key
    ]
    if series:
        print("\nFixed width of 256, microseconds a row:")
        for w, row in series:
            print(f"  N{w.length:<7} {row['ms'] * 1e3 / w.length:8.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "docs" / "benchmarks" / "cpu.json"
    )
    parser.add_argument(
        "--tool", type=Path, default=ROOT / "build" / "bin" / "spattn-run"
    )
    parser.add_argument(
        "--systems", default="spattn,flex,sdpa", help="default %(default)s"
    )
    parser.add_argument(
        "--workloads", default="", help="only those whose name has this text"
    )
    parser.add_argument(
        "--flex-block", type=int, default=128, help="default %(default)s"
    )
    parser.add_argument("--rounds", type=int, default=7, help="default %(default)s")
    parser.add_argument("--repeat", type=int, default=3, help="default %(default)s")
    parser.add_argument("--warmup", type=int, default=1, help="default %(default)s")
    args = parser.parse_args()
    if min(args.rounds, args.repeat) < 1 or args.warmup < 0:
        parser.error("--rounds and --repeat are at least 1, --warmup at least 0")
    systems = args.systems.split(",")
    for system in systems:
        if system not in ("spattn", "flex", "sdpa"):
            parser.error(f"no system {system!r}")
    if "spattn" in systems and not os.access(args.tool, os.X_OK):
        print(f"spattn is left out: no {args.tool.name} at --tool; build it first")
        systems.remove("spattn")

    threads = len(os.sched_getaffinity(0))
    cases = [
        Case(workload, system)
        for workload in WORKLOADS
        if args.workloads in workload.name
        for system in workload.systems
        if system in systems
    ]
    if not cases:
        sys.exit("nothing to measure")

    with tempfile.TemporaryDirectory(prefix="spattn-bench-") as folder:
        backends: dict[str, Spattn | Torch] = {
            "spattn": Spattn(args.tool, Path(folder))
        }
        if any(case.system != "spattn" for case in cases):
            peers = Torch(threads, args.flex_block)
            backends |= {"flex": peers, "sdpa": peers}
            torch = peers.torch
            print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
        failed: set[int] = set()
        shape, inputs = None, None
        for number in range(args.rounds):
            for index, case in enumerate(cases):
                if index in failed:
                    continue
                if case.workload.shape != shape:
                    shape = case.workload.shape
                    inputs = make_inputs(shape)
                try:
                    backends[case.system].turn(case, inputs, args.repeat, args.warmup)
                except Exception as error:
                    print(
                        f"FAILED {case.workload.name} {case.system}: {error}",
                        file=sys.stderr,
                    )
                    failed.add(index)
                    continue
                print(
                    f"round {number + 1}/{args.rounds}  {case.workload.name}  "
                    f"{case.system}  {statistics.median(case.runs_ms):.2f} ms",
                    flush=True,
                )

    date = datetime.date.today().isoformat()
    commit, cpu = commit_name(args.out), cpu_name(threads)
    rows = []
    for index, case in enumerate(cases):
        if index in failed:
            continue
        ms = statistics.median(case.runs_ms)
        row = {
            "workload": case.workload.name,
            "system": case.system,
            "pass": "forward",
            "ms": round(ms, 3),
            "error": float(f"{case.error:.3g}"),
            "commit": commit,
            "cpu": cpu,
            "date": date,
            "min_ms": round(min(case.runs_ms), 3),
            "max_ms": round(max(case.runs_ms), 3),
            "runs": len(case.runs_ms),
            "gflops": round(
                case.workload.pairs() * 4 * case.workload.dim / ms / 1e6, 2
            ),
            **{key: round(value, 1) for key, value in case.extra.items()},
        }
        if case.system != "spattn":
            row["version"] = f"torch {backends[case.system].torch.__version__}"
        rows.append(row)
    if rows:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(rows, indent=1) + "\n")
        print_report(rows)
    if failed:
        sys.exit(f"{len(failed)} of {len(cases)} failed")


if __name__ == "__main__":
    main()

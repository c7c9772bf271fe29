"""The GPU benchmarks' time measurement and output. Needs torch.

Times are medians of 20 calls, measured with CUDA events on random normal data, all
systems in one run. "ms" is GPU time: the GPU is kept busy while the host prepares a
call. "call_ms" includes the host time. Rows: {"workload", "system", "pass", "ms",
"call_ms", "floor_ms", "tflops", "error", "commit", "gpu", "date", ...}. The floor is
the larger of the touched bytes divided by the measured copy bandwidth, and the
operations divided by the measured throughput of a matrix product.
"""

import datetime
import json
import os
import random
import statistics
import subprocess
from pathlib import Path

import torch
from workloads import random as random_tensor

#: About 2.5 ms: longer than the host takes for any system's call.
BUSY_CYCLES = 5_000_000


def medians(calls: dict, count=20, warmup=3, busy=True) -> dict:
    """Median milliseconds of each call. The calls take turns in random order, so that
    heat, power limits and the call before affect all alike. With `busy`, the GPU is
    kept busy while the host prepares a call, which excludes host time; otherwise the
    time is what a caller waits for."""
    times = {name: [] for name in calls}
    for number in range(warmup + count):
        for name in random.sample(list(calls), len(calls)):
            call = calls[name]
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            if busy:
                torch.cuda._sleep(BUSY_CYCLES)
            start.record()
            call()
            end.record()
            torch.cuda.synchronize()
            if number >= warmup:
                times[name].append(start.elapsed_time(end))
    return {name: statistics.median(values) for name, values in times.items()}


def median(call) -> float:
    return medians({"": call})[""]


def get_commit() -> str | None:
    """The commit of the sources: SPATTN_COMMIT if set, otherwise the repository's."""
    if commit := os.environ.get("SPATTN_COMMIT"):
        return commit
    git = ["git", "rev-parse", "--short", "HEAD"]
    try:
        done = subprocess.run(git, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def rates() -> tuple[float, float]:
    """The copy bandwidth and the product throughput, per millisecond."""
    x = torch.empty(4 << 30, dtype=torch.uint8, device="cuda")
    y = torch.empty_like(x)
    copy = 2 * x.numel() / median(lambda: y.copy_(x))
    a, b = random_tensor(8192, 8192), random_tensor(8192, 8192)
    return copy, 2 * 8192**3 / median(lambda: a @ b)


class Report:
    """Replaces the rows of workloads in a file, and keeps the others."""

    def __init__(self, target: Path):
        self.target = target
        self.rows = json.loads(target.read_text()) if target.exists() else []
        self.copy_rate, self.product_rate = rates()
        today = datetime.datetime.now(datetime.UTC).date()
        self.origin = {
            "commit": get_commit(),
            "gpu": torch.cuda.get_device_name(),
            "date": today.isoformat(),
        }
        print(self.origin["gpu"])
        print(f"copy {self.copy_rate / 1e9:.2f} TB/s,", end=" ")
        print(f"product {self.product_rate / 1e9:.0f} TFLOP/s")

    def time(
        self, workload: str, of_pass: str, work, calls: dict, errors: dict, same: dict
    ) -> None:
        """Times the calls for a pass of a workload with the given operations and bytes:
        variants of spattn, whose error and reproducibility are recorded, and other
        systems."""
        key = workload, of_pass
        self.rows = [r for r in self.rows if (r["workload"], r["pass"]) != key]
        operations, moved = work
        floor = max(operations / self.product_rate, moved / self.copy_rate)
        call_ms = medians(calls, busy=False)
        for name, ms in medians(calls).items():
            is_ours = name in errors
            row = {
                "workload": workload,
                "system": "spattn" if is_ours else name,
                "pass": of_pass,
                "ms": round(ms, 4),
                "call_ms": round(call_ms[name], 4),
                "floor_ms": round(floor, 4),
                "tflops": round(operations / ms / 1e9, 1),
                "error": errors.get(name),
                **self.origin,
            }
            if is_ours:
                row["variant"] = name
            self.rows.append(row)
            print(f"{workload:34s} {name:14s} {ms:8.4f} ms", end=" ")
            print(f"{ms / floor:5.2f} x floor", end="")
            print(f" error {errors[name]:.1e}" if is_ours else "", end="")
            print("" if same.get(name, True) else " not the same bits", flush=True)
            self.target.write_text(json.dumps(self.rows, indent=1) + "\n")

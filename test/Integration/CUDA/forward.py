"""Runs the forward kernel for sm_80 by an emulation of its PTX.

    forward.py FOLDER [--opt SPATTN-OPT]

Small lengths, several items for each block and more tiles than stages, so that
every barrier changes its phase more than once.
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ptx_emulator import MEMORY_BASE, Block, Kernel, Memory, narrow, widen
from tile_ops import compile_ptx

BATCH, HEADS, KEY_HEADS, DIM = 1, 2, 1, 64
QUERIES, KEYS = 150, 170


@dataclass(frozen=True)
class Schedule:
    consumers: int = 2
    load_warps: int = 4
    key_tile: int = 32
    stages: int = 2
    query_stages: int = 2
    overlap: bool = False

    @property
    def options(self) -> str:
        return " ".join(
            f"{k.replace('_', '-')}={str(v).lower()}" for k, v in vars(self).items()
        )

    @property
    def threads(self) -> int:
        return 128 * self.consumers + 32 * self.load_warps


SCHEDULES = (
    Schedule(),
    Schedule(consumers=1, load_warps=1, stages=3, query_stages=1, key_tile=48),
    Schedule(overlap=True),
)
# Allowed distances of a head: the definition, not spattn's algebra.
STRUCTURES = {
    "causal": ("#spattn.causal", lambda h, d: d >= 0),
    "window": (
        "#spattn.window<left = 40, right = 0>",
        lambda h, d: (d >= 0) & (d <= 40),
    ),
    "exclusive": (
        "#spattn.partition<exclusive>",
        lambda h, d: (d >= h * KEYS // 2) & (d < (h + 1) * KEYS // 2),
    ),
}


def source(name: str) -> str:
    q = f"tensor<?x{HEADS}x?x{DIM}xbf16>"
    k = f"tensor<?x{KEY_HEADS}x?x{DIM}xbf16>"
    lse = f"tensor<?x{HEADS}x?xf32>"
    return f"""
func.func @{name}(%q: {q}, %k: {k}, %v: {k}, %o: {q}, %l: {lse}) -> {q} {{
  %r:2 = spattn.attention structure({STRUCTURES[name][0]})
           ins(%q, %k, %v : {q}, {k}, {k}) outs(%o, %l : {q}, {lse})
  return %r#0 : {q}
}}
"""


def run(kernel, schedule: Schedule, allowed) -> float:
    """The relative error."""
    random = np.random.default_rng(3)
    arrays = [
        narrow(random.standard_normal((BATCH, heads, length, DIM)), "bf16")
        for heads, length in (
            (HEADS, QUERIES),
            (KEY_HEADS, KEYS),
            (KEY_HEADS, KEYS),
        )
    ]
    memory, at, arguments = Memory(MEMORY_BASE, 1 << 20), 0, []
    for x in arrays:
        memory.bytes[at : at + x.nbytes] = x.view(np.uint8).ravel()
        strides, sizes = x.strides[2::-1], x.shape[::-1]
        words = [MEMORY_BASE + at, *strides, 0, *sizes]
        words += [0] * (16 - len(words))
        arguments.append(np.array(words, np.int64).tobytes())
        at += -(-x.nbytes // 256) * 256 + 256
    out_at, lse_at = at, at + arrays[0].nbytes + 256
    scale = 1 / math.sqrt(DIM)
    strides = [HEADS * QUERIES * DIM, QUERIES * DIM, DIM, HEADS * QUERIES, QUERIES, 1]
    arguments += [np.int64(MEMORY_BASE + x).tobytes() for x in (out_at, lse_at)]
    arguments += [np.int32(x).tobytes() for x in (BATCH, QUERIES, KEYS)]
    arguments.append(np.float32(scale).tobytes())
    arguments += [np.int64(x).tobytes() for x in strides]
    blocks = 2
    for block in range(blocks):
        Block(kernel, arguments, memory, 1 << 18, schedule.threads, block, blocks).run()

    size = BATCH * HEADS * QUERIES
    out = memory.bytes[out_at : out_at + 2 * size * DIM].view(np.uint16)
    out = widen(out, "bf16").reshape(HEADS, QUERIES, DIM).astype(float)
    lse = memory.bytes[lse_at : lse_at + 4 * size].view(np.float32)
    lse = lse.reshape(HEADS, QUERIES)
    q, k, v = (widen(x, "bf16").astype(float)[0] for x in arrays)
    distance = np.arange(QUERIES)[:, None] + (KEYS - QUERIES) - np.arange(KEYS)
    reference = np.zeros_like(out)
    for h in range(HEADS):
        mask = allowed(h, distance)
        scores = np.where(mask, q[h] @ k[0].T * scale, -np.inf)
        some = mask.any(1)
        top = np.where(some, scores.max(1), 0)[:, None]
        weights = np.exp(scores - top)
        total = weights.sum(1)
        reference[h, some] = (weights @ v[0])[some] / total[some, None]
        log = np.log(total[some]) + top[some, 0]
        assert np.abs(lse[h, some] - log).max() < 1e-4
        assert (lse[h, ~some] == -np.inf).all() and (out[h, ~some] == 0).all()
    return np.linalg.norm(out - reference) / np.linalg.norm(reference)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--opt", help="spattn-opt, by default that of build/")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    path = arguments.folder / "forward.mlir"
    path.write_text("".join(map(source, STRUCTURES)))
    for schedule in SCHEDULES:
        before = ["--convert-spattn-to-tile=" + schedule.options, "--cse"]
        ptx = compile_ptx(path, "sm_80", arguments.opt, before).read_text()
        for name, (_, allowed) in STRUCTURES.items():
            error = run(Kernel(ptx, name), schedule, allowed)
            print(f"{name} {schedule.options}: error {error:.1e}", flush=True)
            assert error < 5e-3


if __name__ == "__main__":
    main()

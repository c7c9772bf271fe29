"""Runs the forward kernel for sm_80 by an emulation of its PTX.

    forward.py FOLDER [--translate SPATTN-TRANSLATE]

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

BATCH, HEADS, KEY_HEADS = 1, 2, 1
QUERIES, KEYS = 150, 170


@dataclass(frozen=True)
class Schedule:
    consumers: int = 2
    key_tile: int = 32
    stages: int = 2
    query_stages: int = 2
    overlap: bool = False
    # Of named barriers the emulation has those of a whole block only.
    take_turns: bool = False

    @property
    def options(self) -> str:
        return " ".join(
            f"{k.replace('_', '-')}={str(v).lower()}" for k, v in vars(self).items()
        )

    @property
    def threads(self) -> int:
        return 128 * (self.consumers + 1)


# With the head dimension: one that is no multiple of 64 is padded in shared memory.
SCHEDULES = (
    (64, Schedule()),
    (64, Schedule(consumers=1, stages=3, query_stages=1, key_tile=48)),
    (64, Schedule(overlap=True)),
    (40, Schedule()),
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


def source(name: str, dim: int) -> str:
    q = f"tensor<?x{HEADS}x?x{dim}xbf16>"
    k = f"tensor<?x{KEY_HEADS}x?x{dim}xbf16>"
    lse = f"tensor<?x{HEADS}x?xf32>"
    return f"""
func.func @{name}(%q: {q}, %k: {k}, %v: {k}, %o: {q}, %l: {lse}) -> {q} {{
  %r:2 = spattn.attention structure({STRUCTURES[name][0]})
           ins(%q, %k, %v : {q}, {k}, {k}) outs(%o, %l : {q}, {lse})
  return %r#0 : {q}
}}
"""


def run(kernel, schedule: Schedule, dim: int, allowed) -> float:
    """The relative error."""
    random = np.random.default_rng(3)
    arrays = [
        narrow(random.standard_normal((BATCH, heads, length, dim)), "bf16")
        for heads, length in (
            (HEADS, QUERIES),
            (KEY_HEADS, KEYS),
            (KEY_HEADS, KEYS),
        )
    ]
    # The output, in whose place there is something else.
    arrays.append(np.full_like(arrays[0], 0x1234))
    memory, at, arguments = Memory(MEMORY_BASE, 1 << 20), 0, []
    for x in arrays:
        out_at = at
        memory.bytes[at : at + x.nbytes] = x.view(np.uint8).ravel()
        strides, sizes = x.strides[2::-1], x.shape[::-1]
        words = [MEMORY_BASE + at, *strides, 0, *sizes]
        words += [0] * (16 - len(words))
        arguments.append(np.array(words, np.int64).tobytes())
        at += -(-x.nbytes // 256) * 256 + 256
    lse_at = at
    scale = 1 / math.sqrt(dim)
    strides = [HEADS * QUERIES * dim, QUERIES * dim, dim, HEADS * QUERIES, QUERIES, 1]
    arguments += [np.int64(MEMORY_BASE + x).tobytes() for x in (out_at, lse_at)]
    arguments += [np.int32(x).tobytes() for x in (BATCH, QUERIES, KEYS)]
    arguments.append(np.float32(scale).tobytes())
    arguments += [np.int64(x).tobytes() for x in strides]
    if len(kernel.parameters) > len(arguments):
        # The counter of items, where blocks fetch them.
        counter_at = memory.bytes.size - 4
        memory.bytes[counter_at:] = 0
        arguments.append(np.int64(MEMORY_BASE + counter_at).tobytes())
    blocks = 2
    for block in range(blocks):
        Block(kernel, arguments, memory, 1 << 18, schedule.threads, block, blocks).run()

    size = BATCH * HEADS * QUERIES
    out = memory.bytes[out_at : out_at + 2 * size * dim].view(np.uint16)
    out = widen(out, "bf16").reshape(HEADS, QUERIES, dim).astype(float)
    assert (memory.bytes[out_at + 2 * size * dim : lse_at] == 0xFF).all()
    lse = memory.bytes[lse_at : lse_at + 4 * size].view(np.float32)
    lse = lse.reshape(HEADS, QUERIES)
    q, k, v = (widen(x, "bf16").astype(float)[0] for x in arrays[:3])
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
    parser.add_argument(
        "--translate", help="spattn-translate, by default that of build/"
    )
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    path = arguments.folder / "forward.mlir"
    for dim, schedule in SCHEDULES:
        path.write_text("".join(source(name, dim) for name in STRUCTURES))
        ptx = compile_ptx(path, "sm_80", arguments.translate, schedule.options)
        ptx = ptx.read_text()
        for name, (_, allowed) in STRUCTURES.items():
            error = run(Kernel(ptx, name), schedule, dim, allowed)
            print(f"{name} D={dim} {schedule.options}: error {error:.1e}", flush=True)
            assert error < 5e-3


if __name__ == "__main__":
    main()

"""Runs the forward kernel by an emulation of its PTX.

    forward.py FOLDER [--translate SPATTN-TRANSLATE] [--chip CHIP] [--part I/N]

Small lengths, several items for each block and more tiles than stages, so that
every barrier changes its phase more than once.
"""

import math
from dataclasses import dataclass

import numpy as np
from emulation import STRUCTURES, Attention, allowed_pairs, parse_arguments, selected
from ptx_memory import narrow, widen

BATCH, HEADS, KEY_HEADS = 1, 2, 1
QUERIES, KEYS = 150, 170
# For the tiles that the compiler chooses, which are larger.
LARGE_QUERIES, LARGE_KEYS = 400, 600


@dataclass(frozen=True)
class Schedule:
    mma_warpgroups: int = 2
    key_tile: int = 32
    stages: int = 2
    query_stages: int = 2
    intra_warpgroup_overlap: bool = False
    pingpong: bool = False

    @property
    def options(self) -> str:
        return " ".join(
            f"{k.replace('_', '-')}={str(v).lower()}" for k, v in vars(self).items()
        )


# With the head dimension, or those of queries and values: one that is no multiple of
# 64 is padded in shared memory.
TILE_SHAPES = {
    "sm_80": (
        (64, Schedule()),
        (64, Schedule(mma_warpgroups=1, stages=3, query_stages=1, key_tile=48)),
        (64, Schedule(intra_warpgroup_overlap=True)),
        (64, Schedule(intra_warpgroup_overlap=True, pingpong=True)),
        (40, Schedule()),
        ((192, 128), Schedule(mma_warpgroups=1)),
        (256, Schedule(mma_warpgroups=1, query_stages=1)),
    ),
    "sm_90a": (
        # What the compiler chooses.
        (64, None),
        (128, None),
        (256, None),
        (64, Schedule()),
        (64, Schedule(mma_warpgroups=1, stages=3, query_stages=1, key_tile=48)),
        (64, Schedule(mma_warpgroups=3, intra_warpgroup_overlap=True)),
        (64, Schedule(intra_warpgroup_overlap=True, pingpong=True)),
        (40, Schedule(intra_warpgroup_overlap=True)),
        # The next queries come when the output has been stored.
        (
            (192, 128),
            Schedule(query_stages=1, intra_warpgroup_overlap=True, pingpong=True),
        ),
    ),
}


def both(dim: int | tuple[int, int]) -> tuple[int, int]:
    return dim if isinstance(dim, tuple) else (dim, dim)


def source(structure: str, dim: int | tuple[int, int], with_lse: bool) -> str:
    dim, value_dim = both(dim)
    q = f"tensor<?x{HEADS}x?x{dim}xbf16>"
    k = f"tensor<?x{KEY_HEADS}x?x{dim}xbf16>"
    v = f"tensor<?x{KEY_HEADS}x?x{value_dim}xbf16>"
    o = f"tensor<?x{HEADS}x?x{value_dim}xbf16>"
    log = f"tensor<?x{HEADS}x?xf32>"
    result, argument, lse, lse_type = "%r", "", "", ""
    if with_lse:
        result, argument, lse, lse_type = "%r:2", f", %l: {log}", ", %l", f", {log}"
    return f"""
func.func @forward(%q: {q}, %k: {k}, %v: {v}, %o: {o}{argument}) -> {o} {{
  {result} = spattn.attention structure({STRUCTURES[structure][0]})
           ins(%q, %k, %v : {q}, {k}, {v}) outs(%o{lse} : {o}{lse_type})
  return {"%r#0" if with_lse else "%r"} : {o}
}}
"""


def run(
    attention: Attention,
    dims: int | tuple[int, int],
    structure: str,
    with_lse: bool,
    seed: int | None,
    queries: int,
    keys: int,
) -> float:
    """The relative error."""
    random = np.random.default_rng(3)
    dim, value_dim = both(dims)
    operands = {
        name: narrow(random.standard_normal((BATCH, heads, length, width)), "bf16")
        for name, heads, length, width in (
            ("q", HEADS, queries, dim),
            ("k", KEY_HEADS, keys, dim),
            ("v", KEY_HEADS, keys, value_dim),
        )
    }
    # Where results go there is something else.
    operands["o"] = np.full((BATCH, HEADS, queries, value_dim), 0x1234, np.uint16)
    if with_lse:
        operands["lse"] = np.full((BATCH, HEADS, queries), 7, np.float32)
    scale = 1 / math.sqrt(dim)
    results = attention.run(operands, scale, seed)

    out = widen(results["o"], "bf16")[0].astype(float)
    lse = results["lse"][0] if with_lse else None
    q, k, v = (widen(operands[name], "bf16").astype(float)[0] for name in "qkv")
    allowed = allowed_pairs(structure, HEADS, queries, keys)
    reference = np.zeros_like(out)
    for h, mask in enumerate(allowed):
        scores = np.where(mask, q[h] @ k[0].T * scale, -np.inf)
        some = mask.any(1)
        top = np.where(some, scores.max(1), 0)[:, None]
        weights = np.exp(scores - top)
        total = weights.sum(1)
        reference[h, some] = (weights @ v[0])[some] / total[some, None]
        assert (out[h, ~some] == 0).all()
        if with_lse:
            log = np.log(total[some]) + top[some, 0]
            assert np.abs(lse[h, some] - log).max() < 1e-4
            assert (lse[h, ~some] == -np.inf).all()
    # Where nothing is seen, both are 0.
    return np.linalg.norm(out - reference) / max(np.linalg.norm(reference), 1e-9)


def main() -> None:
    arguments = parse_arguments(__doc__)
    path = arguments.folder / "forward.mlir"
    cases = [
        (dim, tile_shape, name)
        for dim, tile_shape in TILE_SHAPES[arguments.chip]
        for name in STRUCTURES
    ]
    for number, (dim, tile_shape, name) in selected(cases, arguments.part):
        # Every other one without log-sum-exp, in another order, and with late
        # copies and products.
        is_odd = bool(number % 2)
        path.write_text(source(name, dim, with_lse=not is_odd))
        options = tile_shape.options if tile_shape else ""
        attention = Attention(path, arguments.translate, options, arguments.chip)
        lengths = (QUERIES, KEYS) if tile_shape else (LARGE_QUERIES, LARGE_KEYS)
        seed = number if is_odd else None
        error = run(attention, dim, name, not is_odd, seed, *lengths)
        print(f"{name} D={dim} {options}: error {error:.1e}", flush=True)
        assert error < 5e-3


if __name__ == "__main__":
    main()

"""Where NaN and infinities lead in the kernels for sm_80, by an emulation of their PTX.

    nonfinite.py FOLDER [--translate SPATTN-TRANSLATE]

Keys that a query may not see never reach it in the forward kernel. Other operands reach
what shares a visited tile with them, and nothing else changes by a bit.
"""

import math

import numpy as np
from emulation import STRUCTURES, Attention, allowed_pairs, parse_arguments
from ptx_memory import narrow, widen

HEADS, QUERIES, KEYS, DIM = 2, 150, 170, 64
SCALE = 1 / math.sqrt(DIM)
NAN = narrow(np.array(np.nan), "bf16")
FORWARD_TILE = (128, 32)
BACKWARD_TILE = (64, 64)

Q = f"tensor<?x{HEADS}x?x{DIM}xbf16>"
LSE = f"tensor<?x{HEADS}x?xf32>"


def tile_shape(tile: tuple[int, int]) -> str:
    return f"#spattn.tile_shape<query_tile = {tile[0]}, key_tile = {tile[1]}>"


def forward_source(structure: str) -> str:
    return f"""
func.func @forward(%q: {Q}, %k: {Q}, %v: {Q}, %o: {Q}, %l: {LSE}) -> {Q} {{
  %r:2 = spattn.attention structure({STRUCTURES[structure][0]})
           ins(%q, %k, %v : {Q}, {Q}, {Q}) outs(%o, %l : {Q}, {LSE})
           {{tile_shape = {tile_shape(FORWARD_TILE)}}}
  return %r#0 : {Q}
}}
"""


def backward_source(structure: str) -> str:
    return f"""
func.func @backward(%q: {Q}, %k: {Q}, %v: {Q}, %o: {Q}, %l: {LSE}, %do: {Q}, %dl: {LSE},
                    %dq: {Q}, %dk: {Q}, %dv: {Q}) -> ({Q}, {Q}, {Q}) {{
  %r:3 = spattn.attention_backward structure({STRUCTURES[structure][0]})
           ins(%q, %k, %v, %o, %l, %do : {Q}, {Q}, {Q}, {Q}, {LSE}, {Q})
           dlse(%dl : {LSE}) outs(%dq, %dk, %dv : {Q}, {Q}, {Q})
           {{tile_shape = {tile_shape(BACKWARD_TILE)}}}
  return %r#0, %r#1, %r#2 : {Q}, {Q}, {Q}
}}
"""


def in_visited_tiles(mask: np.ndarray, tile: tuple[int, int]) -> np.ndarray:
    """The pairs of each head whose tile has an allowed pair."""
    result = np.zeros_like(mask)
    for a in range(0, mask.shape[1], tile[0]):
        for b in range(0, mask.shape[2], tile[1]):
            part = np.s_[:, a : a + tile[0], b : b + tile[1]]
            result[part] = mask[part].any((1, 2), keepdims=True)
    return result


def same(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Rows that are the same to the last bit."""
    return (x.view(np.uint8) == y.view(np.uint8)).reshape(*x.shape[:3], -1).all(3)[0]


def are_nan(x: np.ndarray) -> np.ndarray:
    return np.isnan(widen(x, "bf16")).any(3)[0]


def random_operands() -> dict[str, np.ndarray]:
    random = np.random.default_rng(3)
    operands = {
        name: narrow(random.standard_normal((1, HEADS, length, DIM)), "bf16")
        for name, length in (("q", QUERIES), ("k", KEYS), ("v", KEYS), ("do", QUERIES))
    }
    operands["o"] = np.full_like(operands["q"], 0x1234)
    operands["lse"] = np.full((1, HEADS, QUERIES), 7, np.float32)
    return operands


def forward_operands() -> dict[str, np.ndarray]:
    operands = random_operands()
    return {name: operands[name] for name in ("q", "k", "v", "o", "lse")}


def attend(operands: dict[str, np.ndarray], mask: np.ndarray):
    """The output and its log-sum-exp by the definition; rows without a logit above
    -inf are 0."""
    q, k, v = (widen(operands[n], "bf16").astype(float)[0] for n in "qkv")
    scores = np.where(mask, q @ k.swapaxes(1, 2) * SCALE, -np.inf)
    top = scores.max(2, keepdims=True)
    top = np.where(np.isinf(top), 0, top)
    p = np.exp(scores - top)
    total = p.sum(2, keepdims=True)
    none = total == 0
    total[none] = 1
    return p @ v / total, np.where(none, -np.inf, np.log(total) + top)[..., 0]


def check_forward(attention: Attention, structure: str) -> None:
    mask = allowed_pairs(structure, HEADS, QUERIES, KEYS)
    together = in_visited_tiles(mask, FORWARD_TILE)
    operands = forward_operands()
    clean = attention.run(operands, SCALE)
    for j in (77, KEYS - 1):
        for name in "kv":
            poisoned = {n: x.copy() for n, x in operands.items()}
            poisoned[name][:, :, j, 3] = NAN
            results = attention.run(poisoned, SCALE)
            reached = mask[:, :, j] if name == "k" else together[:, :, j]
            kept = same(results["o"], clean["o"])
            assert kept[~reached].all(), f"NaN in {name}, row {j}"
            assert are_nan(results["o"])[mask[:, :, j]].all()
            lse = results["lse"][0]
            if name == "k":
                assert np.isnan(lse[reached]).all()
                assert (lse == clean["lse"][0])[~reached].all()
            else:
                assert (lse == clean["lse"][0]).all()


def check_lowest_logits(attention: Attention, structure: str) -> None:
    """Logits of -inf: of some keys, of the first tiles, of all."""
    mask = allowed_pairs(structure, HEADS, QUERIES, KEYS)
    for lowest in (np.s_[::3], np.s_[:100], np.s_[:]):
        operands = forward_operands()
        operands["q"][..., 0] = narrow(np.array(1.0), "bf16")
        operands["k"][:, :, lowest, 0] = narrow(np.array(-np.inf), "bf16")
        results = attention.run(operands, SCALE)
        out, lse = widen(results["o"], "bf16")[0], results["lse"][0]
        want, log = attend(operands, mask)
        some = np.isfinite(log)
        assert np.abs(out - want).max() < 2e-2
        assert (out[~some] == 0).all() and (lse[~some] == -np.inf).all()
        assert not some.any() or np.abs(lse - log)[some].max() < 1e-4


def check_backward(attention: Attention, structure: str) -> None:
    mask = allowed_pairs(structure, HEADS, QUERIES, KEYS)
    together = in_visited_tiles(mask, BACKWARD_TILE)
    operands = random_operands()
    out, lse = attend(operands, mask)
    operands["o"] = narrow(out[None], "bf16")
    operands["lse"] = lse[None].astype(np.float32)
    # Of rows without keys it does not count.
    operands["dlse"] = np.where(lse == -np.inf, np.nan, lse / 8)[None]
    operands["dlse"] = operands["dlse"].astype(np.float32)
    order = ("q", "k", "v", "o", "lse", "do", "dlse")
    operands = {name: operands[name] for name in order}
    for name, like in (("dq", "q"), ("dk", "k"), ("dv", "v")):
        operands[name] = np.full_like(operands[like], 0xFFFF)
    clean = attention.run(operands, SCALE)
    for name, row in (("k", 77), ("v", 77), ("q", 70), ("do", 70), ("dlse", 70)):
        poisoned = {n: x.copy() for n, x in operands.items()}
        if name == "dlse":
            poisoned[name][:, :, row] = np.nan
        else:
            poisoned[name][:, :, row, 3] = NAN
        results = attention.run(poisoned, SCALE)
        # Queries that share a tile with the key, and keys that do with these; and
        # the other way round.
        if name in "kv":
            queries = together[:, :, row]
            keys = np.einsum("hi,hij->hj", queries, together) > 0
            seeing = mask[:, :, row], "dq"
        else:
            keys = together[:, row]
            queries = np.einsum("hj,hij->hi", keys, together) > 0
            seeing = mask[:, row], "dk"
        for gradient, reached in (("dq", queries), ("dk", keys), ("dv", keys)):
            kept = same(results[gradient], clean[gradient])
            assert kept[~reached].all(), f"NaN in {name}, {gradient}"
        rows, gradient = seeing
        assert are_nan(results[gradient])[rows].all()


def main() -> None:
    np.seterr(invalid="ignore", over="ignore")
    arguments = parse_arguments(__doc__)
    path = arguments.folder / "nonfinite.mlir"
    for options, structure in (
        ("intra-warpgroup-overlap=false", "causal"),
        ("intra-warpgroup-overlap=true", "exclusive"),
    ):
        path.write_text(forward_source(structure))
        attention = Attention(path, arguments.translate, options)
        check_forward(attention, structure)
        check_lowest_logits(attention, structure)
        print(f"forward {structure} {options}", flush=True)
    for options, structure in (("", "causal"), ("deterministic=true", "exclusive")):
        path.write_text(backward_source(structure))
        attention = Attention(path, arguments.translate, options)
        check_backward(attention, structure)
        print(f"backward {structure} {options}", flush=True)


if __name__ == "__main__":
    main()

"""Runs kernels that modify scores by an emulation of their PTX.

    scores.py FOLDER [--translate SPATTN-TRANSLATE] [--chip CHIP] [--part I/N]

A soft cap, slopes, and a bias by distance, alone and together, in the forward kernel
and in those of gradients.
"""

import math

import numpy as np
from emulation import Attention, allowed_pairs, parse_arguments, selected
from ptx_memory import narrow, widen

BATCH, HEADS, DIM = 1, 2, 64
QUERIES, KEYS = 90, 150
DISTANCES = 41
CAP = 2.0
MODIFIERS = (("cap",), ("slopes",), ("bias",), ("cap", "slopes", "bias"))
OPTIONS = {
    "forward": ("", "key-tile=48 mma-warpgroups=1 stages=2"),
    "gradients": ("deterministic=false", "deterministic=true"),
}
LIMITS = {"forward": 5e-3, "gradients": 1.2e-2}


def source(name: str, modifiers: tuple[str, ...]) -> str:
    q, lse = (
        f"tensor<?x{HEADS}x?x{DIM}xbf16>",
        f"tensor<?x{HEADS}x?xf32>",
    )
    kinds = {
        "slopes": ("alibi_slopes", f"tensor<{HEADS}xf32>"),
        "bias": ("distance_bias", f"tensor<{HEADS}x{DISTANCES}xf32>"),
    }
    given = [(key, *kind) for key, kind in kinds.items() if key in modifiers]
    arguments = "".join(f", %{key}: {kind}" for key, _, kind in given)
    clauses = "".join(f" {clause}(%{key} : {kind})" for key, clause, kind in given)
    if "cap" in modifiers:
        arguments, clauses = arguments + ", %cap: f32", clauses + " soft_cap(%cap)"
    if name == "forward":
        return f"""
func.func @forward(%q: {q}, %k: {q}, %v: {q}{arguments}, %o: {q}, %l: {lse})
    -> ({q}, {lse}) {{
  %r:2 = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : {q}, {q}, {q}){clauses} outs(%o, %l : {q}, {lse})
  return %r#0, %r#1 : {q}, {lse}
}}
"""
    return f"""
func.func @gradients(%q: {q}, %k: {q}, %v: {q}, %o: {q}, %l: {lse}, %g: {q}{arguments},
                     %dq: {q}, %dk: {q}, %dv: {q}) -> ({q}, {q}, {q}) {{
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %k, %v, %o, %l, %g : {q}, {q}, {q}, {q}, {lse}, {q}){clauses}
      outs(%dq, %dk, %dv : {q}, {q}, {q})
  return %r#0, %r#1, %r#2 : {q}, {q}, {q}
}}
"""


def reference(q, k, v, dout, numbers, modifiers):
    """The output, log-sum-exp and gradients by queries, keys and values."""
    scale = 1 / math.sqrt(DIM)
    scores, factor = q @ k.swapaxes(2, 3) * scale, 1.0
    if "cap" in modifiers:
        inner = np.tanh(scores / CAP)
        scores, factor = CAP * inner, 1 - inner**2
    distances = np.arange(QUERIES)[:, None] + KEYS - QUERIES - np.arange(KEYS)
    if "slopes" in modifiers:
        scores = scores - numbers["slopes"][:, None, None] * abs(distances)
    if "bias" in modifiers:
        entries = np.clip(distances + DISTANCES // 2, 0, DISTANCES - 1)
        scores = scores + numbers["bias"][:, entries]
    allowed = allowed_pairs("causal", HEADS, QUERIES, KEYS)
    weights = np.where(allowed, np.exp(scores), 0)
    total = weights.sum(-1, keepdims=True)
    p = weights / total
    out = p @ v
    delta = (out * dout).sum(-1, keepdims=True)
    ds = p * (dout @ v.swapaxes(2, 3) - delta) * factor
    gradients = {
        "dq": ds @ k * scale,
        "dk": ds.swapaxes(2, 3) @ q * scale,
        "dv": p.swapaxes(2, 3) @ dout,
    }
    return out, np.log(total)[..., 0], gradients


def run(attention: Attention, name: str, modifiers: tuple, seed: int | None) -> float:
    """The largest relative error of what is computed."""
    random = np.random.default_rng(3)
    shapes = {"q": QUERIES, "k": KEYS, "v": KEYS, "do": QUERIES}
    bits = {
        key: narrow(random.standard_normal((BATCH, HEADS, length, DIM)), "bf16")
        for key, length in shapes.items()
    }
    numbers = {
        "slopes": (random.standard_normal(HEADS) / 30).astype(np.float32),
        "bias": random.standard_normal((HEADS, DISTANCES)).astype(np.float32),
    }
    rows = {key: widen(x, "bf16").astype(float) for key, x in bits.items()}
    out, lse, gradients = reference(
        *(rows[key] for key in ("q", "k", "v", "do")), numbers, modifiers
    )
    operands = {key: bits[key] for key in "qkv"}
    operands |= {key: x for key, x in numbers.items() if key in modifiers}
    if name == "forward":
        operands["o"] = np.full_like(bits["q"], 0x1234)
        operands["lse"] = np.full(lse.shape, 7, np.float32)
        expected = {"o": out, "lse": lse}
    else:
        operands["o"], operands["do"] = narrow(out, "bf16"), bits["do"]
        operands["lse"] = lse.astype(np.float32)
        for key, like in (("dq", "q"), ("dk", "k"), ("dv", "v")):
            operands[key] = np.full_like(bits[like], 0x1234)
        expected = gradients
    scalars = {"scale": 1 / math.sqrt(DIM), "soft_cap": CAP}
    results = attention.run(operands, scalars, seed)

    def error(key: str) -> float:
        found = results[key]
        found = found if key == "lse" else widen(found, "bf16").astype(float)
        return np.linalg.norm(found - expected[key]) / np.linalg.norm(expected[key])

    return max(map(error, expected))


def main() -> None:
    arguments = parse_arguments(__doc__)
    path = arguments.folder / "scores.mlir"
    cases = [
        (name, modifiers, options)
        for name in OPTIONS
        for modifiers in MODIFIERS
        for options in OPTIONS[name]
    ]
    for number, (name, modifiers, options) in selected(cases, arguments.part):
        path.write_text(source(name, modifiers))
        attention = Attention(path, arguments.translate, options, arguments.chip)
        # Every other one with late copies and products.
        error = run(attention, name, modifiers, number if number % 2 else None)
        print(f"{name} {'+'.join(modifiers)} {options}: error {error:.1e}")
        assert error < LIMITS[name], error


if __name__ == "__main__":
    main()

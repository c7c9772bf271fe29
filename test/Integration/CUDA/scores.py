"""Runs kernels that modify scores by an emulation of their PTX.

    scores.py FOLDER [--translate SPATTN-TRANSLATE] [--chip CHIP] [--part I/N]

A soft cap, slopes, and a bias by distance, alone and together, in the forward kernel
and in those of gradients, which include those by slopes and biases; and slopes and
sinks of query heads that share tiles, and of keys that are split over CTAs.
"""

import math

import numpy as np
from emulation import Attention, allowed_pairs, parse_arguments, selected
from ptx_memory import narrow, widen

BATCH, HEADS, DIM = 1, 4, 64
QUERIES, KEYS = 90, 150
CAP = 2.0
# "one bias" is one for all distances.
MODIFIERS = (
    ("cap",),
    ("slopes",),
    ("bias",),
    ("one bias",),
    ("cap", "slopes", "bias"),
)
SINKS = (("sinks",), ("cap", "slopes", "sinks"))
OF_NAME = {
    "forward": MODIFIERS,
    "gradients": MODIFIERS,
    "packed": (("slopes",), *SINKS),
    "split": (("cap", "slopes", "bias"), *SINKS),
}
SPLIT = "split-keys=3 key-tile=32 tuning={part-keys=1}"
OPTIONS = {
    "forward": ("", "key-tile=48 mma-warpgroups=1 stages=2"),
    "gradients": ("deterministic=false", "deterministic=true"),
    "packed": (
        "packed-heads=4",
        "packed-heads=2 key-tile=48 mma-warpgroups=1",
        f"packed-heads=2 {SPLIT}",
    ),
    "split": (SPLIT,),
}
LIMITS = {"forward": 5e-3, "gradients": 1.2e-2, "packed": 5e-3, "split": 5e-3}


def key_heads(name: str) -> int:
    return 1 if name in ("packed", "split") else HEADS


def count_distances(modifiers: tuple[str, ...]) -> int:
    """How many distances have a bias; 0 if there is none."""
    return 41 if "bias" in modifiers else int("one bias" in modifiers)


def takes_biases(options: str) -> bool:
    """Whether there are gradients by slopes and biases: they have no order."""
    return options == "deterministic=false"


def source(name: str, modifiers: tuple[str, ...], options: str) -> str:
    q, k, lse = (
        f"tensor<?x{HEADS}x?x{DIM}xbf16>",
        f"tensor<?x{key_heads(name)}x?x{DIM}xbf16>",
        f"tensor<?x{HEADS}x?xf32>",
    )
    given = []
    if "sinks" in modifiers:
        given.append(("sink", "sink_logits", f"tensor<{HEADS}xf32>"))
    if "slopes" in modifiers:
        given.append(("slopes", "alibi_slopes", f"tensor<{HEADS}xf32>"))
    if distances := count_distances(modifiers):
        given.append(("bias", "distance_bias", f"tensor<{HEADS}x{distances}xf32>"))
    arguments = "".join(f", %{key}: {kind}" for key, _, kind in given)
    clauses = "".join(f" {clause}(%{key} : {kind})" for key, clause, kind in given)
    if "cap" in modifiers:
        arguments, clauses = arguments + ", %cap: f32", clauses + " soft_cap(%cap)"
    if name != "gradients":
        return f"""
func.func @forward(%q: {q}, %k: {k}, %v: {k}{arguments}, %o: {q}, %l: {lse})
    -> ({q}, {lse}) {{
  %r:2 = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : {q}, {k}, {k}){clauses} outs(%o, %l : {q}, {lse})
  return %r#0, %r#1 : {q}, {lse}
}}
"""
    types, outs, demanded = [q] * 3, "", ""
    for key, clause, kind in given if takes_biases(options) else ():
        types.append(kind)
        outs += f", %d{key}: {kind}"
        demanded += f" d{clause}(%d{key} : {kind})"
    results = ", ".join(f"%r#{i}" for i in range(len(types)))
    all_types = ", ".join(types)
    return f"""
func.func @gradients(%q: {q}, %k: {q}, %v: {q}, %o: {q}, %l: {lse}, %g: {q}{arguments},
                     %dq: {q}, %dk: {q}, %dv: {q}{outs}) -> ({all_types}) {{
  %r:{len(types)} = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %k, %v, %o, %l, %g : {q}, {q}, {q}, {q}, {lse}, {q}){clauses}
      outs(%dq, %dk, %dv : {q}, {q}, {q}){demanded}
  return {results} : {all_types}
}}
"""


def reference(q, k, v, dout, numbers, modifiers):
    """The output, log-sum-exp and gradients, those by slopes and biases where there
    are any."""
    k, v = (x.repeat(HEADS // x.shape[1], axis=1) for x in (k, v))
    scale = 1 / math.sqrt(DIM)
    scores, factor = q @ k.swapaxes(2, 3) * scale, 1.0
    if "cap" in modifiers:
        inner = np.tanh(scores / CAP)
        scores, factor = CAP * inner, 1 - inner**2
    distances = np.arange(QUERIES)[:, None] + KEYS - QUERIES - np.arange(KEYS)
    if "slopes" in modifiers:
        scores = scores - numbers["slopes"][:, None, None] * abs(distances)
    count = count_distances(modifiers)
    if count:
        entries = np.clip(distances + count // 2, 0, count - 1)
        scores = scores + numbers["bias"][:, entries]
    allowed = allowed_pairs("causal", HEADS, QUERIES, KEYS)
    weights = np.where(allowed, np.exp(scores), 0)
    total = weights.sum(-1, keepdims=True)
    if "sinks" in modifiers:
        total = total + np.exp(numbers["sink"])[:, None, None]
    p = weights / total
    out = p @ v
    delta = (out * dout).sum(-1, keepdims=True)
    unscaled = p * (dout @ v.swapaxes(2, 3) - delta)
    ds = unscaled * factor
    gradients = {
        "dq": ds @ k * scale,
        "dk": ds.swapaxes(2, 3) @ q * scale,
        "dv": p.swapaxes(2, 3) @ dout,
    }
    if "slopes" in modifiers:
        gradients["dslopes"] = -(unscaled * abs(distances)).sum((0, 2, 3))
    if count:
        sums = [(unscaled * (entries == x)).sum((0, 2, 3)) for x in range(count)]
        gradients["dbias"] = np.stack(sums, 1)
    return out, np.log(total)[..., 0], gradients


def run(
    attention: Attention, name: str, modifiers: tuple, options: str, seed: int | None
) -> float:
    """The largest relative error of what is computed."""
    random = np.random.default_rng(3)
    heads = key_heads(name)
    shapes = {
        "q": (HEADS, QUERIES),
        "k": (heads, KEYS),
        "v": (heads, KEYS),
        "do": (HEADS, QUERIES),
    }
    bits = {
        key: narrow(random.standard_normal((BATCH, *shape, DIM)), "bf16")
        for key, shape in shapes.items()
    }
    numbers = {
        "slopes": (random.standard_normal(HEADS) / 30).astype(np.float32),
    }
    if "slopes" not in modifiers:
        del numbers["slopes"]
    if "sinks" in modifiers:
        numbers["sink"] = (2 * random.standard_normal(HEADS)).astype(np.float32)
    if count := count_distances(modifiers):
        biases = random.standard_normal((HEADS, count)).astype(np.float32)
        numbers["bias"] = biases
    rows = {key: widen(x, "bf16").astype(float) for key, x in bits.items()}
    out, lse, gradients = reference(
        *(rows[key] for key in ("q", "k", "v", "do")), numbers, modifiers
    )
    operands = {key: bits[key] for key in "qkv"}
    operands |= numbers
    if name != "gradients":
        operands["o"] = np.full_like(bits["q"], 0x1234)
        operands["lse"] = np.full(lse.shape, 7, np.float32)
        expected = {"o": out, "lse": lse}
    else:
        operands["o"], operands["do"] = narrow(out, "bf16"), bits["do"]
        operands["lse"] = lse.astype(np.float32)
        for key, like in (("dq", "q"), ("dk", "k"), ("dv", "v")):
            operands[key] = np.full_like(bits[like], 0x1234)
        if takes_biases(options):
            operands |= {f"d{key}": np.full_like(x, 7) for key, x in numbers.items()}
        expected = {key: x for key, x in gradients.items() if key in operands}
    scalars = {"scale": 1 / math.sqrt(DIM), "soft_cap": CAP}
    results = attention.run(operands, scalars, seed)

    def error(key: str) -> float:
        found = results[key]
        if found.dtype != np.float32:
            found = widen(found, "bf16").astype(float)
        # One bias for all changes nothing: its gradient is 0, but for rounding of
        # terms whose norm is above 4.
        least = 4 if key == "dbias" else 0
        size = max(np.linalg.norm(expected[key]), least)
        return np.linalg.norm(found - expected[key]) / size

    return max(map(error, expected))


def main() -> None:
    arguments = parse_arguments(__doc__)
    path = arguments.folder / "scores.mlir"
    cases = [
        (name, modifiers, options)
        for name in OPTIONS
        if name != "packed" or arguments.chip == "sm_90a"
        for modifiers in OF_NAME[name]
        for options in OPTIONS[name]
    ]
    for number, (name, modifiers, options) in selected(cases, arguments.part):
        path.write_text(source(name, modifiers, options))
        attention = Attention(path, arguments.translate, options, arguments.chip)
        # Every other one with late copies and products.
        error = run(attention, name, modifiers, options, number if number % 2 else None)
        print(f"{name} {'+'.join(modifiers)} {options}: error {error:.1e}")
        assert error < LIMITS[name], error


if __name__ == "__main__":
    main()

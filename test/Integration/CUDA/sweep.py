"""Runs random attentions on a GPU and compares them with the float64 oracle.

    sweep.py SPATTN_RUN [--count N] [--seed S] [--jobs J] [--json FILE]

A case is a structure, element types, head dimensions, heads and key heads,
lengths from 1 to 5,000, a layout, and whether there is a log-sum-exp. Outputs
are poisoned ahead of a run, and the sampled rows of every head are compared;
rows without keys have to be exact zeros and -inf. Prints what fails and the
largest error.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Relative errors of plain PyTorch in these types on such data are about half.
LIMITS = {"bf16": 5e-3, "f16": 7e-4}


def structure(r: random.Random, heads: int) -> str:
    def distance(most: int = 1500) -> int:
        return r.choice((0, 1, 7, 63, 64, 127, 128, r.randrange(most)))

    simple = [
        lambda: "#spattn.full",
        lambda: "#spattn.causal",
        lambda: f"#spattn.window<left = {distance()}, right = {distance(300)}>",
        lambda: f"#spattn.window<left = {distance()}, right = 0>",
        lambda: "#spattn.partition<exclusive>",
        lambda: "#spattn.partition<local_band>",
        lambda: (
            "#spattn.intersection<#spattn.causal, #spattn.union<"
            f"#spattn.window<left = {distance()}, right = 0>, "
            f"#spattn.sink<{1 + distance(200)}>>>"
        ),
    ]
    return r.choice(simple)()


def case(seed: int) -> tuple[str, list[str], float, dict]:
    """The IR of a case, options of spattn-run, the error allowed, a summary."""
    r = random.Random(seed)
    key_heads = r.choice((1, 2, 3, 4))
    heads = key_heads * r.choice((1, 1, 2, 4))
    dim = r.choice((64, 64, 128, 128, 96, 192, 256, 72))
    value_dim = r.choice((dim, dim, dim, 64, 128))
    element = r.choice(("bf16", "f16"))
    batch = r.choice((1, 1, 2, 3))
    queries, keys = (
        r.choice((1, 2, 17, 64, 127, 128, 129, r.randrange(1, 5001))) for _ in range(2)
    )
    if r.random() < 0.5:
        keys = queries
    lse = r.random() < 0.5
    layout = r.choice(("bhnd", "bnhd"))
    text = structure(r, heads)

    def tensor(count: int, d: int) -> str:
        inner = f"{count}x?" if layout == "bhnd" else f"?x{count}"
        return f"tensor<?x{inner}x{d}x{element}>"

    def shape(count: int, n: int, d: int) -> str:
        sizes = (count, n) if layout == "bhnd" else (n, count)
        return "x".join(map(str, (batch, *sizes, d)))

    q, k = tensor(heads, dim), tensor(key_heads, dim)
    v, o = tensor(key_heads, value_dim), tensor(heads, value_dim)
    inner = f"{heads}x?" if layout == "bhnd" else f"?x{heads}"
    logs = f"tensor<?x{inner}xf32>"
    outs, types, results = "%o", o, "%r"
    if lse:
        outs, types, results = "%o, %l", f"{o}, {logs}", "%r:2"
    returned = "%r#0, %r#1" if lse else "%r"
    source = f"""
func.func @f(%q: {q}, %k: {k}, %v: {v}, %o: {o}{f", %l: {logs}" if lse else ""})
    -> ({types}) {{
  {results} = spattn.attention structure({text})
      ins(%q, %k, %v : {q}, {k}, {v}) outs({outs} : {types})
      {{layout = "{layout}"}}
  return {returned} : {types}
}}
"""
    tiles = ["", "expected-length=2048"]
    if max(dim, value_dim) <= 128:
        tiles += ["consumers=1 blocks=2 key-tile=64", "key-tile=80 stages=3"]
    pipeline = r.choice(tiles)
    options = [
        f"--gpu-options={pipeline}",
        f"--shape=q:{shape(heads, queries, dim)}",
        f"--shape=k:{shape(key_heads, keys, dim)}",
    ]
    summary = {
        "seed": seed,
        "structure": text,
        "element": element,
        "heads": f"{heads}/{key_heads}",
        "dims": f"{dim}/{value_dim}",
        "lengths": f"{batch}x{queries}x{keys}",
        "layout": layout,
        "lse": lse,
        "options": pipeline,
    }
    return source, options, LIMITS[element], summary


def run(tool: str, folder: Path, seed: int) -> dict:
    source, options, limit, summary = case(seed)
    file = folder / f"{seed}.mlir"
    file.write_text(source)
    try:
        done = subprocess.run(
            [tool, file, "--device=cuda", f"--max-error={limit}", *options]
            + ["--json=-"],
            capture_output=True,
            text=True,
            timeout=180,
        )
    except subprocess.TimeoutExpired:
        return {**summary, "failed": "no end after 180 s"}
    if done.returncode:
        return {**summary, "failed": (done.stderr or done.stdout)[-500:]}
    report = json.loads(done.stdout[done.stdout.index("{") :])
    return {**summary, "error": report["entries"][0]["error"]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.count)
    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(options.jobs) as pool,
    ):
        results = list(pool.map(lambda s: run(options.tool, Path(folder), s), seeds))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    failures = [r for r in results if "failed" in r]
    for result in failures:
        print(json.dumps(result, indent=1))
    print(f"{len(results)} cases, {len(failures)} failed")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()

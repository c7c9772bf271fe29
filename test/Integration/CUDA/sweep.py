"""Runs random attentions on a GPU and compares them with the float64 oracle.

    sweep.py SPATTN_RUN [--gradients] [--count N] [--seed S] [--jobs J]
             [--json FILE] [--device cuda]

A case is a structure, element types, head dimensions, heads and key heads,
lengths from 1 to 5,000, a layout, whether there is a log-sum-exp, and options of
spattn-gpu, among them targets older than the GPU. Outputs are poisoned ahead of a
run, and the sampled rows of every head are compared; rows without keys have to be
exact zeros and -inf. With --gradients, those are computed instead, at lengths to
3,000. Prints what fails and the largest error. --device=cpu tries the cases
themselves, without a GPU.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

# Relative errors of plain PyTorch in these types on such data are about half.
LIMITS = {"bf16": 5e-3, "f16": 7e-4}
# Probabilities and gradients of scores are rounded, too.
GRADIENT_LIMITS = {"bf16": 1e-2, "f16": 1.5e-3}
# What is left of gradients that are 0: dq and dk, where queries see one key. With
# one of 3,000 keys or queries left out, errors are larger.
GRADIENT_NOISE = 1e-3
TARGETS = ["target=sm_80", "target=sm_86"]


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
    text = r.choice(simple)()
    if heads == 1 or r.random() < 0.8:
        return text
    first = r.randrange(1, heads)
    return f"#spattn.heads<{first} x {text}, {heads - first} x {r.choice(simple)()}>"


@dataclass
class Problem:
    structure: str
    element: str
    heads: int
    key_heads: int
    dim: int
    value_dim: int
    batch: int
    queries: int
    keys: int
    layout: str
    alignment: str

    @classmethod
    def draw(cls, r: random.Random, dims, value_dims, longest: int) -> "Problem":
        key_heads = r.choice((1, 2, 3, 4))
        heads = key_heads * r.choice((1, 1, 2, 4))
        dim = r.choice(dims)
        lengths = [1, 2, 17, 64, 127, 128, 129, r.randrange(1, longest + 1)]
        queries = r.choice(lengths)
        return cls(
            structure=structure(r, heads),
            element=r.choice(("bf16", "f16")),
            heads=heads,
            key_heads=key_heads,
            dim=dim,
            value_dim=r.choice((dim, dim, dim, *value_dims)),
            batch=r.choice((1, 1, 2, 3)),
            queries=queries,
            keys=queries if r.random() < 0.5 else r.choice(lengths),
            layout=r.choice(("bhnd", "bnhd")),
            alignment=r.choice(("end", "end", "start")),
        )

    def tensor(self, heads: int, dim: int | None, element: str | None = None) -> str:
        inner = f"{heads}x?" if self.layout == "bhnd" else f"?x{heads}"
        width = "" if dim is None else f"{dim}x"
        return f"tensor<?x{inner}x{width}{element or self.element}>"

    def types(self) -> tuple[str, ...]:
        """Of queries, keys, values, outputs and log-sum-exps."""
        return (
            self.tensor(self.heads, self.dim),
            self.tensor(self.key_heads, self.dim),
            self.tensor(self.key_heads, self.value_dim),
            self.tensor(self.heads, self.value_dim),
            self.tensor(self.heads, None, "f32"),
        )

    def attributes(self) -> str:
        alignment = f"alignment = #spattn.alignment<{self.alignment}>"
        return f'{{{alignment}, layout = "{self.layout}"}}'

    def shapes(self) -> list[str]:
        """Options of spattn-run. Other shapes follow from these."""

        def shape(count: int, n: int) -> str:
            sizes = (count, n) if self.layout == "bhnd" else (n, count)
            return "x".join(map(str, (self.batch, *sizes, self.dim)))

        return [
            f"--shape=q:{shape(self.heads, self.queries)}",
            f"--shape=k:{shape(self.key_heads, self.keys)}",
        ]

    def summary(self) -> dict:
        return {
            "structure": self.structure,
            "element": self.element,
            "heads": f"{self.heads}/{self.key_heads}",
            "dims": f"{self.dim}/{self.value_dim}",
            "lengths": f"{self.batch}x{self.queries}x{self.keys}",
            "layout": self.layout,
            "alignment": self.alignment,
        }


def attention(r: random.Random) -> tuple[Problem, str, str, dict]:
    """A problem, its IR, options of spattn-gpu, and more to say of it."""
    problem = Problem.draw(r, (64, 64, 128, 128, 96, 192, 256, 72), (64, 128), 5000)
    q, k, v, o, logs = problem.types()
    lse = r.random() < 0.5
    outs, types, results = "%o", o, "%r"
    if lse:
        outs, types, results = "%o, %l", f"{o}, {logs}", "%r:2"
    returned = "%r#0, %r#1" if lse else "%r"
    source = f"""
func.func @f(%q: {q}, %k: {k}, %v: {v}, %o: {o}{f", %l: {logs}" if lse else ""})
    -> ({types}) {{
  {results} = spattn.attention structure({problem.structure})
      ins(%q, %k, %v : {q}, {k}, {v}) outs({outs} : {types})
      {problem.attributes()}
  return {returned} : {types}
}}
"""
    tiles = ["", "expected-length=2048"]
    if max(problem.dim, problem.value_dim) <= 128:
        tiles += ["consumers=1 blocks=2 key-tile=64", "key-tile=80 stages=3", *TARGETS]
    return problem, source, r.choice(tiles), {"lse": lse}


def gradients(r: random.Random) -> tuple[Problem, str, str, dict]:
    """As above. What spattn-run computes on the CPU for them is the output."""
    problem = Problem.draw(r, (64, 64, 128, 128, 96, 96, 40, 80), (64, 128, 72), 3000)
    q, k, v, o, logs = problem.types()
    source = f"""
func.func @f(%q: {q}, %k: {k}, %v: {v}, %o: {o}, %l: {logs}, %g: {o},
             %dq: {q}, %dk: {k}, %dv: {v}) -> ({q}, {k}, {v}) {{
  %r:3 = spattn.attention_backward structure({problem.structure})
      ins(%q, %k, %v, %o, %l, %g : {q}, {k}, {v}, {o}, {logs}, {o})
      outs(%dq, %dk, %dv : {q}, {k}, {v})
      {problem.attributes()}
  return %r#0, %r#1, %r#2 : {q}, {k}, {v}
}}
"""
    modes = [f"deterministic={mode}" for mode in ("true", "true", "false", "false")]
    tiles = ["", "", *modes, "consumers=1", *TARGETS]
    return problem, source, r.choice(tiles), {}


def judge(entry: dict, limit: float, noise: float, lse: bool) -> tuple[str, float]:
    """What is wrong with what was computed, and the largest error that is not of
    zeros. NaN and infinities are null."""

    def within(error: float | None, most: float) -> bool:
        return error is not None and error <= most

    largest = 0.0
    for name, error in entry["errors"].items():
        relative, absolute = error["relative"], error["max_abs"]
        if error["not_zero"]:
            return f"{name}: {error['not_zero']} rows are not 0", largest
        if within(absolute, noise):
            continue
        if not within(relative, limit):
            return f"{name}: error {relative}, at the most {absolute}", largest
        largest = max(largest, relative)
    if lse and not within(entry["lse_error"], limit):
        return f"lse: error {entry['lse_error']}", largest
    return "", largest


def run(options: argparse.Namespace, folder: Path, seed: int) -> dict:
    r = random.Random(seed)
    draw = gradients if options.gradients else attention
    problem, source, pipeline, more = draw(r)
    summary = {"seed": seed, **problem.summary(), **more, "options": pipeline}
    file = folder / f"{seed}.mlir"
    file.write_text(source)
    device = [f"--device={options.device}"]
    if options.device == "cuda":
        device.append(f"--gpu-options={pipeline}")
    try:
        done = subprocess.run(
            [options.tool, file, *device, *problem.shapes(), "--check=256"]
            # What is wrong is judged below.
            + ["--max-error=inf", "--json=-"],
            capture_output=True,
            text=True,
            timeout=180,
        )
    except subprocess.TimeoutExpired:
        return {**summary, "failed": "no end after 180 s"}
    if done.returncode:
        return {**summary, "failed": (done.stderr or done.stdout)[-500:]}
    entry = json.loads(done.stdout[done.stdout.index("{") :])["entries"][0]
    limits, noise = LIMITS, 0.0
    if options.gradients:
        limits, noise = GRADIENT_LIMITS, GRADIENT_NOISE
    limit, lse = limits[problem.element], more.get("lse", False)
    wrong, largest = judge(entry, limit, noise, lse)
    if wrong:
        return {**summary, "failed": wrong}
    return {**summary, "error": largest, "errors": entry["errors"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tool")
    parser.add_argument("--gradients", action="store_true")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.count)
    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(options.jobs) as pool,
    ):
        results = list(pool.map(partial(run, options, Path(folder)), seeds))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    failures = [r for r in results if "failed" in r]
    for result in failures:
        print(json.dumps(result, indent=1))
    for element in LIMITS:
        errors = [r.get("error", 0) for r in results if r["element"] == element]
        if errors:
            print(f"{element}: largest error {max(errors):.1e}")
    print(f"{len(results)} cases, {len(failures)} failed")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()

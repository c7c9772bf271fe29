"""Runs random attentions on a GPU and compares them with the float64 oracle.

    sweep.py SPATTN_RUN [--gradients] [--lists] [--count N] [--seed S] [--jobs J]
             [--batch B] [--json FILE] [--record FILE --gpu NAME --commit HASH]
             [--device cuda]

A case is a structure (from spattn-random-structures, beside SPATTN_RUN), element
types, head dimensions, heads and key heads, lengths from 1 to 5,000, a layout,
whether there are sink logits, packed or padded sequences, a soft cap, slopes, a bias
by distance, positions, lists of tiles, keys in pages, a log-sum-exp or a gradient by
it, and options
of spattn-gpu, among them targets older than the GPU. Outputs are poisoned ahead of a
run, and the sampled rows of every head are compared; rows without keys have to be exact
zeros and -inf. With --gradients, those are computed instead, at lengths to 3,000.
Prints what fails and the largest error. --device=cpu tries the cases themselves,
without a GPU.
"""

import argparse
import json
import random
import re
import shutil
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
# With a soft cap, whose tanh plain PyTorch rounds, and the hardware approximates.
CAPPED_LIMITS = {"bf16": 1e-2, "f16": 2e-3}
CAPPED_GRADIENT_LIMITS = {"bf16": 1.4e-2, "f16": 2.2e-3}
# An output may be less than f16 has, where a sink takes nearly all.
OUTPUT_NOISE = 2.0**-25
# What is left of gradients that are 0: dq and dk, where queries see one key. With
# one of 3,000 keys or queries left out, errors are larger.
GRADIENT_NOISE = 1e-3
TARGETS = ["target=sm_80", "target=sm_86"]
# Of queries and values: wide ones, and ones that only the CPU takes.
WIDE = ((256, 256), (192, 128), (136, 200), (64, 256), (240, 240), (192, 192))
ODD = ((100, 100), (33, 33), (40, 7), (1, 65), (256, 256), (192, 128))


def structure(tool: str, seed: int, heads: int, scale: int) -> str:
    """A random structure of the whole algebra, as the unit tests draw them: numbers
    are chosen so that something happens at lengths around `scale`."""
    done = subprocess.run(
        [Path(tool).with_name("spattn-random-structures")],
        input=f"{seed} {heads} {scale} 3\n",
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


#: Of scores, distances, heads and batch entries.
REGION = """score {
  ^bb0(%score: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    %quarter = arith.constant 0.25 : f32
    %seven = arith.constant 7 : i32
    %less = arith.mulf %score, %quarter : f32
    %larger = arith.maximumf %score, %less : f32
    %distance = arith.subi %query, %key : i32
    %rest = arith.remsi %distance, %seven : i32
    %sum = arith.addi %rest, %head : i32
    %number = arith.subi %sum, %batch : i32
    %real = arith.sitofp %number : i32 to f32
    %bias = arith.mulf %real, %quarter : f32
    %bounded = math.tanh %bias : f32
    %result = arith.addf %larger, %bounded : f32
    spattn.yield %result : f32
  }"""


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
    sink_logits: bool = False
    #: Sequences of a batch entry, if they are said; and the length bounds depend on.
    sequences: int | None = None
    bound_length: str = "sequence"
    #: 0: none.
    soft_cap: float = 0
    alibi_slopes: bool = False
    #: Distances that there is a bias for.
    distance_bias: int = 0
    #: Whether positions take pairs away, and what they give equal ones.
    causal_positions: bool = False
    self_score: float | None = None
    #: Lists of tiles of so many queries and keys: how many heads have their own, how
    #: many tiles a list has room for, whether batch entries share them, and what masks
    #: them.
    lists: tuple[int, int] | None = None
    list_heads: int = 1
    list_room: int = 0
    list_shared: bool = False
    list_mask: str = ""
    #: Rows of a page, if keys are in pages; how many a pool has more than the table
    #: refers to, or less.
    page_size: int = 0
    more_pages: int = 0
    #: Whether there are gradients by these.
    bias_gradients: bool = False
    #: Whether a region modifies scores.
    region: bool = False
    #: None: that by default, which is positive.
    scale: float | None = None

    @classmethod
    def draw(
        cls, tool: str, r: random.Random, dims, value_dims, longest: int, other
    ) -> "Problem":
        key_heads = r.choice((1, 2, 3, 4))
        heads = key_heads * r.choice((1, 1, 2, 4))
        dim = r.choice(dims)
        lengths = [1, 2, 17, 64, 127, 128, 129, r.randrange(1, longest + 1)]
        queries = r.choice(lengths)
        keys = queries if r.random() < 0.5 else r.choice(lengths)
        drawn = structure(tool, r.randrange(1 << 32), heads, max(keys, 8))
        element = r.choice(("bf16", "f16"))
        value_dim = r.choice((dim, dim, dim, *value_dims))
        dim, value_dim = other or (dim, value_dim)
        return cls(
            structure=drawn,
            element=element,
            heads=heads,
            key_heads=key_heads,
            dim=dim,
            value_dim=value_dim,
            batch=r.choice((1, 1, 2, 3)),
            queries=queries,
            keys=keys,
            layout=r.choice(("bhnd", "bnhd")),
            alignment=r.choice(("end", "end", "start")),
        )

    def numbers(self, heads: int, element: str) -> str:
        inner = f"{heads}x?" if self.layout == "bhnd" else f"?x{heads}"
        return f"?x{inner}x{element}"

    def tensor(self, heads: int, dim: int | None, element: str | None = None) -> str:
        width = "" if dim is None else f"{dim}x"
        return f"tensor<{self.numbers(heads, width + (element or self.element))}>"

    def key_tensor(self, dim: int) -> str:
        text = self.tensor(self.key_heads, dim)
        if not self.page_size:
            return text
        length = 3 if self.layout == "bhnd" else 2
        sizes = text.split("x")
        sizes[length - 1] = str(self.page_size)
        return "x".join(sizes)

    def has_positions(self) -> bool:
        return self.causal_positions or self.self_score is not None

    def types(self) -> tuple[str, ...]:
        """Of queries, keys, values, outputs and log-sum-exps."""
        return (
            self.tensor(self.heads, self.dim),
            self.key_tensor(self.dim),
            self.key_tensor(self.value_dim),
            self.tensor(self.heads, self.value_dim),
            self.tensor(self.heads, None, "f32"),
        )

    def draw_more(self, seed: int, lists: bool) -> None:
        """Draws what came later, so that cases are otherwise those of before. With
        `lists`, those of tiles are always there."""
        self.sink_logits = random.Random(f"sink {seed}").random() < 0.4
        r = random.Random(f"sequences {seed}")
        # Documents of a pack, or a padded sequence, more often than not.
        self.sequences = r.choice((None, 1, 2, 5, 17))
        if lists:
            self.sequences = None
        if self.sequences is not None:
            self.bound_length = r.choice(("sequence", "sequence", "pack"))
        r = random.Random(f"positions {seed}")
        if r.random() < 0.3:
            self.causal_positions = r.random() < 0.7
            if not self.causal_positions or r.random() < 0.6:
                self.self_score = r.choice((-0.5, 1.25, -20.0))
        r = random.Random(f"scores {seed}")
        if r.random() < 0.3:
            self.soft_cap = r.choice((1.0, 5.0, 50.0))
        self.alibi_slopes = r.random() < 0.25
        if r.random() < 0.25:
            self.distance_bias = r.choice((1, 2, 33, 257, 2000))
        r = random.Random(f"lists {seed}")
        if self.sequences is None and (lists or r.random() < 0.5):
            self.lists = r.choice(
                ((64, 64), (64, 64), (128, 128), (64, 128), (256, 64))
            )
            self.list_heads = r.choice((1, self.key_heads, self.heads))
            self.list_room = r.choice((1, 3, 8, 40))
            self.list_shared = r.random() < 0.3
            self.list_mask = r.choice(
                ("full", "full", "causal", "window<left = 700, right = 9>")
            )
            if r.random() < 0.5:  # Lists alone.
                self.structure = "#spattn.sink<0>"
        r = random.Random(f"more scores {seed}")
        self.bias_gradients = r.random() < 0.5
        self.region = r.random() < 0.15
        if r.random() < 0.15:
            self.scale = r.choice((-0.1, -0.02, 0.0, 0.2))

    def draw_pages(self, seed: int) -> None:
        """Puts keys into pages, of some attentions: whole ones."""
        r = random.Random(f"pages {seed}")
        if self.lists or self.has_positions() or r.random() < 0.5:
            return
        self.page_size = r.choice((16, 32, 64, 128, 256))
        self.keys += -self.keys % self.page_size
        self.more_pages = r.choice((-1, 0, 0, 5))
        if self.sequences is not None:
            self.sequences = 1

    @property
    def modifies_scores(self) -> bool:
        return bool(
            self.soft_cap or self.alibi_slopes or self.distance_bias or self.region
        )

    def demanded(self) -> list[tuple[str, str, str]]:
        """The gradients by slopes and biases: clause, argument and type."""
        if not self.bias_gradients:
            return []
        found = []
        if self.alibi_slopes:
            found.append(("dalibi_slopes", "dm", f"tensor<{self.heads}xf32>"))
        if self.distance_bias:
            found.append(("ddistance_bias", "db", self.bias_type()))
        return found

    def bias_type(self) -> str:
        sizes = (self.heads, self.distance_bias)
        if self.layout.index("h") > self.layout.index("d"):
            sizes = sizes[::-1]
        return f"tensor<{sizes[0]}x{sizes[1]}xf32>"

    def given(self) -> tuple[str, str]:
        """The arguments of sinks, of sequences and of what modifies scores, and their
        clauses."""
        arguments, clauses = "", ""
        for is_given, name, clause, type in (
            (self.sink_logits, "s", "sink_logits", f"{self.heads}xf32"),
            *(
                (self.sequences, name, clause, f"?x{1 if self.page_size else '?'}xi32")
                for name, clause in (
                    ("qs", "query_starts"),
                    ("qe", "query_ends"),
                    *(() if self.page_size else (("ks", "key_starts"),)),
                    ("ke", "key_ends"),
                )
            ),
            (self.alibi_slopes, "m", "alibi_slopes", f"{self.heads}xf32"),
            (
                self.distance_bias,
                "b",
                "distance_bias",
                self.bias_type()[len("tensor<") : -1],
            ),
            *(
                (self.has_positions(), name, clause, self.numbers(heads, "i32"))
                for name, clause, heads in (
                    ("qp", "query_positions", self.heads),
                    ("kp", "key_positions", self.key_heads),
                )
            ),
        ):
            if is_given:
                arguments += f", %{name}: tensor<{type}>"
                clauses += f" {clause}(%{name} : tensor<{type}>)"
        if self.lists:
            for name, clause, width in (
                ("tc", "tile_counts", None),
                ("ti", "tile_indices", self.list_room),
            ):
                type = self.tensor(self.list_heads, width, "i32")
                if self.list_shared:
                    type = type.replace("<?", "<1", 1)
                arguments += f", %{name}: {type}"
                clauses += f" {clause}(%{name} : {type})"
        if self.page_size:
            arguments += ", %pt: tensor<?x?xi32>"
            clauses += " page_table(%pt : tensor<?x?xi32>)"
        if self.scale is not None:
            arguments += ", %x: f32"
            clauses += " scale(%x)"
        if self.soft_cap:
            arguments += ", %c: f32"
            clauses += " soft_cap(%c)"
        return arguments, clauses

    def attributes(self) -> str:
        """The region, and attributes."""
        attributes = [f"alignment = #spattn.alignment<{self.alignment}>"]
        if self.bound_length != "sequence":
            attributes.append(
                f"bound_length = #spattn.bound_length<{self.bound_length}>"
            )
        if self.lists:
            tile = " x ".join(map(str, self.lists))
            mask = f"#spattn.{self.list_mask}"
            attributes.append(f"tile_lists = #spattn.tile_lists<{tile}, {mask}>")
        if self.causal_positions:
            attributes.append("causal_positions")
        if self.self_score is not None:
            attributes.append(f"self_score = {self.self_score} : f32")
        attributes.append(f'layout = "{self.layout}"')
        if self.scale is not None and not self.modifies_scores:
            attributes.append("signed_scale")
        return f"{REGION if self.region else ''} {{{', '.join(attributes)}}}"

    def shapes(self) -> list[str]:
        """Options of spattn-run. Other shapes follow from these."""

        def shape(count: int, n: int, batch: int = self.batch) -> str:
            sizes = (count, n) if self.layout == "bhnd" else (n, count)
            return "x".join(map(str, (batch, *sizes, self.dim)))

        keys, table = shape(self.key_heads, self.keys), []
        if self.page_size:
            pages = self.keys // self.page_size
            pool = max(self.batch * pages + self.more_pages, 1)
            keys = shape(self.key_heads, self.page_size, pool)
            table = [f"--shape=pt:{self.batch}x{pages}"]
        return [
            f"--shape=q:{shape(self.heads, self.queries)}",
            f"--shape=k:{keys}",
            *table,
            *([f"--scalar=c:{self.soft_cap}"] if self.soft_cap else []),
            *([] if self.scale is None else [f"--scalar=x:{self.scale}"]),
            *([f"--shape=qs:{self.batch}x{self.sequences}"] if self.sequences else []),
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
            "sink_logits": self.sink_logits,
            "sequences": self.sequences,
            "bound_length": self.bound_length,
            "soft_cap": self.soft_cap,
            "alibi_slopes": self.alibi_slopes,
            "distance_bias": self.distance_bias,
            "causal_positions": self.causal_positions,
            "self_score": self.self_score,
            "page_size": self.page_size,
            "lists": self.lists and [*self.lists, self.list_room, self.list_mask],
            "bias_gradients": self.bias_gradients,
            "region": self.region,
            "scale": self.scale,
        }


def attention(
    options: argparse.Namespace,
    r: random.Random,
    seed: int,
    other: tuple[int, int] | None,
) -> tuple[Problem, str, str, dict]:
    """A problem, its IR, options of spattn-gpu, and more to say of it."""
    problem = Problem.draw(
        options.tool, r, (64, 64, 128, 128, 96, 192, 256, 72), (64, 128), 5000, other
    )
    problem.draw_more(seed, options.lists)
    problem.draw_pages(seed)
    q, k, v, o, logs = problem.types()
    given, clauses = problem.given()
    lse = r.random() < 0.5
    outs, types, results = "%o", o, "%r"
    if lse:
        outs, types, results = "%o, %l", f"{o}, {logs}", "%r:2"
    returned = "%r#0, %r#1" if lse else "%r"
    source = f"""
func.func @f(%q: {q}, %k: {k}, %v: {v}{given}, %o: {o}{f", %l: {logs}" if lse else ""})
    -> ({types}) {{
  {results} = spattn.attention structure({problem.structure})
      ins(%q, %k, %v : {q}, {k}, {v}){clauses} outs({outs} : {types})
      {problem.attributes()}
  return {returned} : {types}
}}
"""
    tiles = [
        "",
        "",
        "expected-length=2048",
        # Query heads share tiles where that is possible, or nowhere.
        "expected-length=2048 expected-queries=1",
        "packed-heads=1",
        "scheduler=dynamic",
        "scheduler=static",
        *TARGETS,
    ]
    if problem.lists:
        tiles = [tiles[0], *tiles[3:]]  # Key tiles are those of lists.
    elif max(problem.dim, problem.value_dim) <= 128:
        tiles += [
            "mma-warpgroups=1 ctas-per-sm=2 key-tile=64",
            "key-tile=80 stages=3",
            "key-tile=48 intra-warpgroup-overlap=false",
            "mma-warpgroups=3 key-tile=64 pingpong=false",
        ]
    chosen = r.choice(tiles)
    # Whole pages, or parts of one.
    if problem.page_size > 16 and ("key-tile=80" in chosen or "=48" in chosen):
        chosen = "key-tile=64"
    # Drawn apart, so that cases are otherwise those of before keys were split.
    r = random.Random(f"split {seed}")
    if not problem.lists and r.random() < 0.3:
        parts, keys = r.choice((2, 3, 8, 40)), r.choice((1, 300))
        chosen += f" split-keys={parts} tuning={{part-keys={keys}}}"
    return problem, source, chosen.strip(), {"lse": lse}


def gradients(
    options: argparse.Namespace,
    r: random.Random,
    seed: int,
    other: tuple[int, int] | None,
) -> tuple[Problem, str, str, dict]:
    """As above. What spattn-run computes on the CPU for them is the output."""
    problem = Problem.draw(
        options.tool, r, (64, 64, 128, 128, 96, 96, 40, 80), (64, 128, 72), 3000, other
    )
    problem.draw_more(seed, options.lists)
    q, k, v, o, logs = problem.types()
    given, clauses = problem.given()
    outs, types, results = "%dq, %dk, %dv", f"{q}, {k}, {v}", "%r#0, %r#1, %r#2"
    if problem.sink_logits:
        outs, types = f"{outs}, %ds", f"{types}, tensor<{problem.heads}xf32>"
        results = f"{results}, %r#3"
    destinations = ", ".join(
        f"{name}: {type}"
        for name, type in zip(outs.split(", "), types.split(", "), strict=True)
    )
    listed, demanded = types, ""
    for clause, name, type in problem.demanded():
        destinations += f", %{name}: {type}"
        demanded += f" {clause}(%{name} : {type})"
        results += f", %r#{len(types.split(', '))}"
        types += f", {type}"
    count = len(types.split(", "))
    dlse = r.random() < 0.5
    more = f", %h: {logs}" if dlse else ""
    clause = f" dlse(%h : {logs})" if dlse else ""
    source = f"""
func.func @f(%q: {q}, %k: {k}, %v: {v}, %o: {o}, %l: {logs}, %g: {o}{more}{given},
             {destinations}) -> ({types}) {{
  %r:{count} = spattn.attention_backward structure({problem.structure})
      ins(%q, %k, %v, %o, %l, %g : {q}, {k}, {v}, {o}, {logs}, {o}){clause}{clauses}
      outs({outs} : {listed}){demanded}
      {problem.attributes()}
  return {results} : {types}
}}
"""
    # Sums of gradients by biases have no order on a GPU.
    if any(name == "db" for _, name, _ in problem.demanded()):
        modes = ("false",) * 4
    else:
        modes = ("true", "true", "false", "false")
    targets = [f"{t} deterministic={m}" for t in TARGETS for m in modes[1:3]]
    options = [f"deterministic={mode}" for mode in modes]
    tiles = ["", *options, "mma-warpgroups=1", r.choice(targets), r.choice(targets)]
    if max(problem.dim, problem.value_dim) > 128:
        # What these have no room for, or what always takes two warpgroups.
        tiles = ["", *options, *(f"{TARGETS[0]} {x}" for x in options[::3])]
    if problem.lists and "mma-warpgroups=1" in tiles:
        tiles.remove("mma-warpgroups=1")  # Key tiles are those of lists.
    return problem, source, r.choice(tiles), {"dlse": dlse}


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


@dataclass
class Case:
    seed: int
    problem: Problem
    source: str
    pipeline: str
    more: dict

    @classmethod
    def draw(cls, options: argparse.Namespace, seed: int) -> "Case":
        draw = gradients if options.gradients else attention
        # Drawn apart, so that cases are otherwise those of before there were these.
        r, other = random.Random(f"dimensions {seed}"), None
        if r.random() < 0.25:
            other = r.choice(WIDE if options.device == "cuda" else ODD)
        problem, source, pipeline, more = draw(
            options, random.Random(seed), seed, other
        )
        # Arguments have names of their own in a file of several cases.
        source = re.sub(r"%([a-z]+)", rf"%\1_{seed}", source).replace("@f", f"@f{seed}")
        return cls(seed, problem, source, pipeline, more)

    def shapes(self) -> list[str]:
        return [
            re.sub(r"=(\w+):", rf"=\1_{self.seed}:", shape)
            for shape in self.problem.shapes()
        ]

    def judged(self, entry: dict, options: argparse.Namespace) -> dict:
        # A region has a tanh, too.
        is_capped = self.problem.soft_cap > 0 or self.problem.region
        limits = CAPPED_LIMITS if is_capped else LIMITS
        noise = OUTPUT_NOISE
        if options.gradients:
            limits = CAPPED_GRADIENT_LIMITS if is_capped else GRADIENT_LIMITS
            noise = GRADIENT_NOISE
        limit, lse = limits[self.problem.element], self.more.get("lse", False)
        wrong, largest = judge(entry, limit, noise, lse)
        if wrong:
            return self.failed(wrong)
        return {
            **self.summary(),
            "error": largest,
            "errors": entry["errors"],
            "compile_ms": entry["compile_ms"],
        }

    def failed(self, why: str) -> dict:
        return {**self.summary(), "failed": why}

    def summary(self) -> dict:
        problem = self.problem.summary()
        return {"seed": self.seed, **problem, **self.more, "options": self.pipeline}


def run(options: argparse.Namespace, folder: Path, cases: list[Case]) -> list[dict]:
    """Runs cases with the same options in one process, whose start and context of
    the GPU take longer than a case. If that fails, each has a process of its own."""
    file = folder / f"{cases[0].seed}-{len(cases)}.mlir"
    file.write_text("".join(case.source for case in cases))
    device = [f"--device={options.device}"]
    if options.device == "cuda":
        device.append(f"--gpu-options={cases[0].pipeline}")
    shapes = [shape for case in cases for shape in case.shapes()]
    # What is wrong is decided here, for each array.
    checks = ["--check=256", "--max-error=inf", "--json=-"]
    try:
        done = subprocess.run(
            [options.tool, file, *device, *shapes, *checks],
            capture_output=True,
            text=True,
            timeout=30 + 30 * len(cases),
        )
    except subprocess.TimeoutExpired:
        failed, report = "no end", ""
    else:
        failed = (done.stderr or done.stdout)[-500:] if done.returncode else ""
        report = done.stdout[done.stdout.find("{") :] if "{" in done.stdout else ""
    if report and (not failed or len(cases) == 1):
        results = [
            case.judged(entry, options)
            for case, entry in zip(cases, json.loads(report)["entries"], strict=True)
        ]
        if failed and "failed" not in results[0]:
            return [cases[0].failed(failed)]
        return results
    if len(cases) == 1:
        return [cases[0].failed(failed)]
    return [result for case in cases for result in run(options, folder, [case])]


def batches(cases: list[Case], most: int) -> list[list[Case]]:
    """Cases with the same options together, up to so many."""
    result: dict[str, list[list[Case]]] = {}
    for case in cases:
        own = result.setdefault(case.pipeline, [[]])
        if len(own[-1]) == most:
            own.append([])
        own[-1].append(case)
    return [batch for own in result.values() for batch in own]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tool")
    parser.add_argument("--gradients", action="store_true")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--lists", action="store_true", help="tile lists in all cases")
    parser.add_argument("--batch", type=int, default=10, help="cases of a process")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument(
        "--record",
        type=Path,
        help="a JSON file; its entry of the pass gets how many cases failed",
    )
    parser.add_argument("--gpu", default="", help="what to record of the GPU")
    parser.add_argument("--commit", default="", help="what to record of the code")
    options = parser.parse_args()
    options.tool = shutil.which(options.tool) or options.tool
    seeds = range(options.seed, options.seed + options.count)
    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(options.jobs) as pool,
    ):
        cases = list(pool.map(partial(Case.draw, options), seeds))
        work = batches(cases, options.batch)
        done = pool.map(partial(run, options, Path(folder)), work)
        results = sorted((r for batch in done for r in batch), key=lambda r: r["seed"])
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    failures = [r for r in results if "failed" in r]
    for result in failures:
        print(json.dumps(result, indent=1))
    for element in LIMITS:
        errors = [r.get("error", 0) for r in results if r["element"] == element]
        if errors:
            print(f"{element}: largest error {max(errors):.1e}")
    slowest = max((r["compile_ms"] for r in results if "compile_ms" in r), default=0)
    print(f"compiled in {slowest:.0f} ms at the most")
    if options.record:
        record = json.loads(
            options.record.read_text() if options.record.exists() else "{}"
        )
        record["gradients" if options.gradients else "forward"] = {
            "cases": len(results),
            "failed": len(failures),
            "gpu": options.gpu,
            "commit": options.commit,
        }
        options.record.write_text(json.dumps(record, indent=1) + "\n")
    print(f"{len(results)} cases, {len(failures)} failed")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()

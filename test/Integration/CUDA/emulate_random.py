"""Emulates attentions of any structure, and compares them with NumPy in float64.

    emulate_random.py (--cases FILE | --draw N) [--tool SPATTN-TRANSLATE]
                      [--chip sm_90a] [--first F] [--seed S] [--jobs J]

FILE (- is the standard input) has an object of JSON a line, with the fields of
Case; what is left out has its default. Prints such a line for each, with `status`
("ok", "wrong", "error" of the emulator, "refused" by the compiler), the errors, a
message, and seconds. With --draw, N cases are drawn instead, from number F on, with
structures from spattn-random-structures, beside the tool. The exit status is 1 if
one is wrong or an error, or if one that was drawn is refused.
"""

import argparse
import dataclasses
import json
import random
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from emulation import Attention, CompileError
from pages import paged
from ptx_memory import narrow, widen
from ptx_parser import PtxError
from structures import parse_masks
from sweep import WIDE, structure

# oracle.py is found where structures.py finds it.
from oracle import Positions, Sequences, TileLists  # isort: skip
from oracle import gradients, probabilities  # isort: skip

# Relative errors, as in sweep.py, of an array and of its worst row. What a row
# has less than a usual one has is not relative to it.
LIMITS = {"bf16": 6e-3, "f16": 1e-3}
ROW_LIMITS = {"bf16": 4e-2, "f16": 8e-3}
LSE_LIMIT = 1e-3


# The operands that say where sequences are, by their names in launches.
SEQUENCES = {
    "qstart": "query_starts",
    "qend": "query_ends",
    "kstart": "key_starts",
    "kend": "key_ends",
}
# Those that say where rows count as being.
POSITIONS = {"qpos": "query_positions", "kpos": "key_positions"}


@dataclass
class Case:
    structure_text: str
    heads: int = 2
    key_heads: int = 1
    dim: int = 64
    value_dim: int | None = None
    queries: int = 150
    keys: int = 170
    batch: int = 1
    element: str = "bf16"
    layout: str = "bhnd"
    alignment: str = "end"
    # Of spattn-gpu.
    options: str = ""
    backward: bool = False
    lse: bool = True
    # Whether there is a gradient by the log-sum-exp.
    dlse: bool = False
    # Whether the compiler knows lengths.
    static: bool = False
    # Sequences of a batch entry, with padding that holds NaN, and whether bounds depend
    # on the length of their pack.
    sequences: int | None = None
    of_pack: bool = False
    # Whether positions take pairs away, and what they give equal ones; where there are
    # no sequences.
    causal_positions: bool = False
    self_score: float | None = None
    # Lists of tiles of so many queries and keys, drawn from the number of the seed,
    # and what masks them.
    lists: tuple[int, int] | None = None
    list_mask: str = "#spattn.full"
    list_seed: int = 0
    # Rows of a page, if keys are in pages, of which there are whole ones; entries have
    # any number of keys if there is one sequence, and all otherwise. Pages that there
    # are not: entry, number, and the page, if it is negative, or how far it is out.
    page_size: int = 0
    missing: list[tuple[int, int, int]] = dataclasses.field(default_factory=list)
    # Tiles of queries and keys, where not the compiler's choice.
    tile_shape: tuple[int, int] | None = None

    def tensor(self, heads: int, length: int, dim: int | None, element=None) -> str:
        sizes = {"b": self.batch, "h": heads, "n": length, "d": dim}
        if not self.static:
            sizes |= {"b": "?", "n": "?"}
        parts = [str(sizes[d]) for d in self.layout if sizes[d] is not None]
        return f"tensor<{'x'.join(parts)}x{element or self.element}>"

    def key_tensor(self, dim: int) -> str:
        if not self.page_size:
            return self.tensor(self.key_heads, self.keys, dim)
        sizes = {"b": "?", "h": self.key_heads, "n": self.page_size, "d": dim}
        text = "x".join(str(sizes[d]) for d in self.layout)
        return f"tensor<{text}x{self.element}>"

    def sequence_names(self) -> dict[str, str]:
        """Keys in pages start with the first."""
        names = dict(SEQUENCES)
        if self.page_size:
            del names["kstart"]
        return names

    def source(self) -> str:
        values = self.value_dim or self.dim
        q = self.tensor(self.heads, self.queries, self.dim)
        k = self.key_tensor(self.dim)
        v = self.key_tensor(values)
        o = self.tensor(self.heads, self.queries, values)
        lse = self.tensor(self.heads, self.queries, None, "f32")
        attributes = f"alignment = #spattn.alignment<{self.alignment}>"
        attributes += f', layout = "{self.layout}"'
        if self.tile_shape:
            rows, columns = self.tile_shape
            attributes += f", tile_shape = #spattn.tile_shape<query_tile = {rows}, "
            attributes += f"key_tile = {columns}>"
        if self.of_pack:
            attributes += ", bound_length = #spattn.bound_length<pack>"
        ends, ends_clause = "", ""
        if self.sequences is not None:
            type = f"tensor<?x{1 if self.page_size else '?'}xi32>"
            for name, operand in self.sequence_names().items():
                ends += f" %{name}: {type},"
                ends_clause += f" {operand}(%{name} : {type})"
        if self.causal_positions:
            attributes += ", causal_positions"
        if self.self_score is not None:
            attributes += f", self_score = {self.self_score} : f32"
        if self.has_positions():
            for (name, operand), heads, length in zip(
                POSITIONS.items(),
                (self.heads, self.key_heads),
                (self.queries, self.keys),
                strict=True,
            ):
                type = self.tensor(heads, length, None, "i32")
                ends += f" %{name}: {type},"
                ends_clause += f" {operand}(%{name} : {type})"
        if lists := self.draw_lists():
            attributes += f", {lists.attribute()}"
            arguments, clause = lists.clause(self.layout)
            ends, ends_clause = ends + arguments, ends_clause + clause
        if self.page_size:
            ends += " %pages: tensor<?x?xi32>,"
            ends_clause += " page_table(%pages : tensor<?x?xi32>)"
        if self.backward:
            more = (f" %h: {lse}," if self.dlse else "") + ends
            clause = (f" dlse(%h : {lse})" if self.dlse else "") + ends_clause
            return f"""
func.func @f(%q: {q}, %k: {k}, %v: {v}, %o: {o}, %l: {lse}, %g: {o},{more}
             %dq: {q}, %dk: {k}, %dv: {v}) -> ({q}, {k}, {v}) {{
  %r:3 = spattn.attention_backward structure({self.structure_text})
      ins(%q, %k, %v, %o, %l, %g : {q}, {k}, {v}, {o}, {lse}, {o}){clause}
      outs(%dq, %dk, %dv : {q}, {k}, {v}) {{{attributes}}}
  return %r#0, %r#1, %r#2 : {q}, {k}, {v}
}}
"""
        with_lse = f", %l: {lse}" if self.lse else ""
        outs = f"%o, %l : {o}, {lse}" if self.lse else f"%o : {o}"
        return f"""
func.func @f(%q: {q}, %k: {k}, %v: {v},{ends} %o: {o}{with_lse}) -> {o} {{
  {"%r:2" if self.lse else "%r"} = spattn.attention structure({self.structure_text})
      ins(%q, %k, %v : {q}, {k}, {v}){ends_clause} outs({outs}) {{{attributes}}}
  return {"%r#0" if self.lse else "%r"} : {o}
}}
"""

    def has_positions(self) -> bool:
        return self.causal_positions or self.self_score is not None

    def draw_positions(self) -> dict:
        """What functions of the oracle take of them."""
        if not self.has_positions():
            return {}
        sizes = self.batch, self.heads, self.key_heads, self.queries, self.keys
        drawn = Positions(7, *sizes)
        drawn.is_causal, drawn.self_score = self.causal_positions, self.self_score
        return {"places": drawn}

    def draw_lists(self) -> TileLists | None:
        if self.lists is None:
            return None
        masks = parse_masks(self.list_mask, self.heads)
        sizes = self.batch, self.heads, self.queries, self.keys, tuple(self.lists)
        r = random.Random(self.list_seed)
        return TileLists(r, *sizes, (self.list_mask, masks))

    def draw_sequences(self, numbers) -> Sequences | None:
        if self.sequences is None:
            return None
        sizes = self.batch, self.queries, self.keys
        drawn = Sequences(random.Random(self.sequences), numbers, *sizes)
        drawn.count, drawn.bound = self.sequences, self.keys if self.of_pack else None
        drawn.queries = drawn.draw(numbers, self.batch, self.queries)
        drawn.keys = drawn.queries
        if self.queries != self.keys:
            drawn.keys = drawn.draw(numbers, self.batch, self.keys)
        if self.page_size:
            drawn.keys = drawn.keys.copy()
            drawn.keys[..., 0] = 0
            if self.queries == 1:
                drawn.queries[...] = 0, 1
        return drawn

    def gradient_inputs(self) -> tuple[str, ...]:
        return ("o", "do", "lse", "dlse") if self.backward else ()

    def stored(self, x: np.ndarray) -> np.ndarray:
        """An array by b, h, n, d in the order of the layout."""
        order = [d for d in self.layout if d != "d" or x.ndim == 4]
        return np.ascontiguousarray(x.transpose(["bhnd".index(d) for d in order]))

    def canonical(self, x: np.ndarray) -> np.ndarray:
        order = [d for d in self.layout if d != "d" or x.ndim == 4]
        return x.transpose([order.index(d) for d in "bhnd"[: x.ndim]])


def compare(got, want, usual, element, name) -> tuple[dict, list[str]]:
    """Errors of an array of rows, and what is wrong."""
    if not np.isfinite(got).all():
        return {name: None}, [f"{name} has {(~np.isfinite(got)).sum()} NaN or infinite"]
    norm = np.linalg.norm(want, axis=-1)
    difference = np.linalg.norm(got - want, axis=-1)
    usual = max(usual, np.sqrt((norm**2).mean()), 1e-30)
    total = np.linalg.norm(difference) / max(
        np.linalg.norm(norm), usual * np.sqrt(norm.size) / 10
    )
    rows = difference / np.maximum(norm, usual)
    errors = {name: float(total), f"{name} row": float(rows.max())}
    wrong = []
    if total > LIMITS[element]:
        wrong.append(f"{name} has error {total:.1e}")
    if rows.max() > ROW_LIMITS[element]:
        where = np.unravel_index(rows.argmax(), rows.shape)
        count = int((rows > ROW_LIMITS[element]).sum())
        place = ", ".join(str(int(i)) for i in where)
        wrong.append(
            f"{count} rows of {name} are wrong; that at ({place}) by {rows.max():.1e}"
        )
    return errors, wrong


def check_zero(got, seen, name) -> list[str]:
    count = int((got[~seen] != 0).any(-1).sum())
    return (
        [f"{count} rows of {name} that nothing is seen by are not 0"] if count else []
    )


def run_case(case: Case, tool, folder: Path, chip: str, seed: int | None):
    """Errors by name, and what is wrong."""
    numbers, element = np.random.default_rng(7), case.element

    def operand(heads, length, dim):
        x = numbers.standard_normal((case.batch, heads, length, dim))
        return widen(narrow(x, element), element).astype(np.float64)

    values = case.value_dim or case.dim
    q = operand(case.heads, case.queries, case.dim)
    k = operand(case.key_heads, case.keys, case.dim)
    v = operand(case.key_heads, case.keys, values)
    dout = operand(case.heads, case.queries, values)
    dlse = numbers.standard_normal(q.shape[:3]).astype(np.float32)
    masks = parse_masks(case.structure_text, case.heads)
    scale = case.dim**-0.5
    sequences = case.draw_sequences(numbers)
    lists = case.draw_lists()
    pools = None
    if case.page_size:
        ends = [case.keys] * case.batch
        if sequences:
            ends = sequences.keys[:, 0, 1]
        pools, table = paged(numbers, (k, v), case.page_size, ends, case.missing)
    compute = sequences.probabilities if sequences else probabilities
    more = case.draw_positions()
    places = more.get("places")
    if lists:
        more["lists"] = lists
    p, lse = compute(q, k, masks, case.alignment, scale, **more)
    out = p @ np.repeat(v, case.heads // case.key_heads, axis=1)
    seen = np.isfinite(lse)

    path = folder / "case.mlir"
    path.write_text(case.source())
    attention = Attention(path, tool, case.options, chip)

    def bits(x, ends=None):
        """An array in a file; with the ends of sequences, NaN in padding."""
        if ends is not None:
            rows = np.arange(x.shape[2])
            inside = (ends[..., :1] <= rows) & (rows < ends[..., 1:])
            x = np.where(inside.any(1)[:, None, :, None], x, np.nan)
        return case.stored(narrow(x, element))

    of_queries = sequences.queries if sequences else None
    of_keys = sequences.keys if sequences else None
    operands = {"q": bits(q, of_queries), "k": bits(k, of_keys), "v": bits(v, of_keys)}
    if pools:
        operands |= {"k": bits(pools[0]), "v": bits(pools[1]), "pages": table}
    if sequences:
        arrays = dict(zip(SEQUENCES, sequences.arrays(case.layout), strict=True))
        operands |= {name: arrays[name] for name in case.sequence_names()}
    if places:
        arrays = places.arrays(case.layout)
        operands |= dict(zip(POSITIONS, map(np.ascontiguousarray, arrays), strict=True))
    if lists:
        operands |= lists.arrays(case.layout)
    if case.backward:
        # Of rows without keys nothing counts.
        empty = ~seen[..., None]
        operands["o"] = bits(np.where(empty, 1e4, out), of_queries)
        operands["do"] = bits(np.where(empty, 1e4, dout), of_queries)
        # Of padding a log-sum-exp is that of rows without keys, which is not read. That
        # of rows that positions leave nothing is what the attention gives.
        unread = -np.inf if places else np.nan
        operands["lse"] = case.stored(np.where(seen, lse, unread).astype(np.float32))
        if case.dlse:
            operands["dlse"] = case.stored(np.where(seen, dlse, np.nan))
        for name, like in (("dq", "q"), ("dk", "k"), ("dv", "v")):
            operands[name] = np.full_like(operands[like], 0xFFFF)
    else:
        operands["o"] = np.full_like(bits(out), 0x1234)
        if case.lse:
            operands["lse"] = np.full_like(case.stored(lse).astype(np.float32), 7)
    results = attention.run(operands, scale, seed)

    def result(name):
        return widen(case.canonical(results[name]), element).astype(np.float64)

    errors, wrong = {}, []
    inputs = {"q", "k", "v", "tcount", "tindex", "pages", *SEQUENCES, *POSITIONS}
    inputs |= {*case.gradient_inputs()}
    for name in operands.keys() & inputs:
        if results[name].tobytes() != operands[name].tobytes():
            wrong.append(f"{name} has changed")
    if not case.backward:
        found, more = compare(result("o"), out, 0, element, "o")
        errors, wrong = (
            errors | found,
            wrong + more + check_zero(result("o"), seen, "o"),
        )
        if case.lse:
            got = case.canonical(results["lse"]).astype(np.float64)
            with np.errstate(invalid="ignore"):
                error = np.where(got == lse, 0, np.abs(got - lse))
            errors["lse"] = float(error.max())
            if not (error <= LSE_LIMIT).all():
                count = int((~(error <= LSE_LIMIT)).sum())
                wrong.append(
                    f"{count} log-sum-exps are wrong, by up to {error.max():.1e}"
                )
        return errors, wrong
    compute = sequences.gradients if sequences else gradients
    by_lse = dlse if case.dlse else None
    wants = compute(q, k, v, dout, masks, case.alignment, scale, by_lse, None, **more)
    group = case.heads // case.key_heads
    columns = (
        (p > 0).any(2).reshape(case.batch, case.key_heads, group, case.keys).any(2)
    )
    # Gradients of a row that sees one key are 0, and rounding leaves some.
    usual = np.sqrt(values) * scale
    for name, want in zip(("dq", "dk", "dv"), wants, strict=True):
        got = result(name)
        found, more = compare(got, want, usual, element, name)
        errors, wrong = errors | found, wrong + more
        wrong += check_zero(got, seen if name == "dq" else columns, name)
    return errors, wrong


def run_structure(
    structure_text: str, *, tool=None, chip="sm_90a", seed: int | None = None, **fields
) -> dict:
    """What is printed of a case, besides its fields."""
    case = Case(structure_text, **fields)
    start = time.monotonic()
    report = {"status": "ok", "errors": {}, "message": ""}
    with tempfile.TemporaryDirectory() as folder:
        try:
            errors, wrong = run_case(case, tool, Path(folder), chip, seed)
            report["errors"] = errors
            if wrong:
                report |= {"status": "wrong", "message": "; ".join(wrong)}
        except CompileError as error:
            report |= {"status": "refused", "message": str(error)}
        except PtxError as error:
            report |= {"status": "error", "message": str(error)}
    report["seconds"] = round(time.monotonic() - start, 1)
    return report


def run_line(line: str, tool, chip: str, seed: int | None) -> dict:
    fields = json.loads(line)
    known = {f.name for f in dataclasses.fields(Case)}
    if unknown := set(fields) - known:
        raise ValueError(f"unknown fields {sorted(unknown)}")
    return fields | run_structure(**fields, tool=tool, chip=chip, seed=seed)


def drawn_line(tool: str, number: int) -> str:
    """A random case of the whole language, forward and gradients by turns: short
    enough to be emulated, long enough for several tiles."""
    r = random.Random(number)
    key_heads, group = r.choice((1, 1, 2)), r.choice((1, 1, 2))
    queries = r.choice((1, 64, 129, r.randrange(1, 300)))
    keys = queries if r.random() < 0.5 else r.choice((1, 128, r.randrange(1, 300)))
    heads = key_heads * group
    backward = number % 2 == 1
    options = [""]
    if backward:
        options = ["deterministic=true", "deterministic=false"]
    else:
        options += [
            "scheduler=dynamic",
            "scheduler=static",
            "mma-warpgroups=1 ctas-per-sm=2 key-tile=64",
        ]
    drawn = structure(tool, r.randrange(1 << 32), heads, max(keys, 8))
    fields = {
        "structure_text": drawn,
        "heads": heads,
        "key_heads": key_heads,
        "queries": queries,
        "keys": keys,
        "element": r.choice(("bf16", "f16")),
        "layout": r.choice(("bhnd", "bnhd")),
        "alignment": r.choice(("end", "end", "start")),
        "options": r.choice(options),
        "backward": backward,
        "lse": backward or r.random() < 0.5,
        "dlse": backward and r.random() < 0.5,
    }
    # Drawn apart, so that cases are otherwise those of before there were sequences.
    r = random.Random(f"sequences {number}")
    if (count := r.choice((None, 1, 2, 4))) is not None:
        fields |= {"sequences": count, "of_pack": r.random() < 0.3}
        fields["batch"] = r.choice((1, 2))
    # And before there were positions.
    r = random.Random(f"positions {number}")
    if "sequences" not in fields and r.random() < 0.5:
        fields["causal_positions"] = r.random() < 0.7
        if not fields["causal_positions"] or r.random() < 0.6:
            fields["self_score"] = r.choice((-0.5, 1.25, -20.0))
    # Drawn apart, so that cases are otherwise those of before there were lists.
    r = random.Random(f"lists {number}")
    if "sequences" not in fields and r.random() < 0.5:
        fields |= {
            "lists": r.choice(((64, 64), (64, 64), (128, 128), (64, 128), (128, 64))),
            "list_mask": r.choice(
                ("#spattn.full", "#spattn.causal", "#spattn.window<left = 99>")
            ),
            "list_seed": number,
            "batch": r.choice((1, 2)),
        }
        if r.random() < 0.4:
            fields["structure_text"] = "#spattn.sink<0>"
        # Tiles are those of lists, and gradients always deterministic.
        fields["options"] = ""
    # Drawn apart, so that cases are otherwise those of before there were wide ones.
    r = random.Random(f"dimensions {number}")
    if r.random() < 0.25:
        dim, value_dim = r.choice(WIDE)
        fields |= {"dim": dim, "value_dim": value_dim}
        if "warpgroups" in fields["options"]:
            fields["options"] = ""
    # And before query heads were packed, wherever that is possible.
    r = random.Random(f"packed {number}")
    if not backward and group > 1 and not fields["options"] and r.random() < 0.7:
        fields["options"] = "expected-length=1024 expected-queries=1"
    # And before keys were split.
    r = random.Random(f"split {number}")
    if not backward and "lists" not in fields and r.random() < 0.4:
        parts = f"split-keys={r.choice((2, 3, 5))} tuning={{part-keys=1}}"
        fields["options"] = f"{fields['options']} {parts}".strip()
    # And before keys were in pages.
    r = random.Random(f"pages {number}")
    has_positions = "causal_positions" in fields
    if not (backward or has_positions or "lists" in fields) and r.random() < 0.5:
        size = r.choice((16, 32, 64, 128))
        fields |= {"page_size": size, "keys": keys + -keys % size}
        if "sequences" in fields:
            fields["sequences"] = 1
    return json.dumps(fields)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    cases = parser.add_mutually_exclusive_group(required=True)
    cases.add_argument("--cases", help="a file with a case a line, or -")
    cases.add_argument("--draw", type=int, help="how many cases to draw")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--tool", help="spattn-translate, by default that of build/")
    parser.add_argument("--chip", default="sm_90a", choices=("sm_80", "sm_90a"))
    parser.add_argument("--seed", type=int, help="another order of events")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    bad = ["wrong", "error"]
    if arguments.draw:
        bad.append("refused")
        tool = shutil.which(arguments.tool) or arguments.tool
        numbers = range(arguments.first, arguments.first + arguments.draw)
        lines = [drawn_line(tool, number) for number in numbers]
    else:
        text = (
            sys.stdin.read()
            if arguments.cases == "-"
            else Path(arguments.cases).read_text()
        )
        lines = [line for line in text.splitlines() if line.strip()]
    run = partial(
        run_line, tool=arguments.tool, chip=arguments.chip, seed=arguments.seed
    )
    failed = 0
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for report in pool.map(run, lines):
            print(json.dumps(report), flush=True)
            failed += report["status"] in bad
    print(f"{len(lines)} cases, {failed} failed", file=sys.stderr)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()

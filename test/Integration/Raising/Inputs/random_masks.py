# ruff: noqa: E501
"""Raises random attention, and compares what it computes with what it computed before.

    random_masks.py SPATTN_OPT SPATTN_RUN FOLDER [--cases N] [--seed S]

Each case is a function in `linalg`: a mask of a random kind, written in a random way, shapes, groups of heads,
layouts, where the scale is, how softmax is written. It has to be raised, and to give the same numbers. Where a query
sees no key, it has to give 0: a softmax of -inf is NaN.
"""

import argparse
import pathlib
import random
import subprocess
import sys

import numpy as np

FINITE = "-1.0e+30"


def make_mask(draw, queries, keys):
    """Draws a mask, and the text of a scalar of index values %i and %j that computes it."""
    i = np.arange(queries)[:, None]
    j = np.arange(keys)[None, :]
    kind = draw.choice(
        [
            "causal",
            "window",
            "prefix",
            "global",
            "blocks",
            "padding",
            "documents",
            "all",
        ]
    )
    a, b = draw.randrange(1, 9), draw.randrange(0, 7)
    number = f"""
    %a = arith.constant {a} : index
    %b = arith.constant {b} : index
    %ib = arith.addi %i, %b : index
    %ja = arith.addi %j, %a : index
    %past = arith.cmpi sge, %ib, %j : index
    %near = arith.cmpi slt, %i, %ja : index
    %first = arith.cmpi slt, %j, %a : index
    %start = arith.cmpi slt, %i, %b : index"""
    past, near, first, start = i + b >= j, i < j + a, j < a, i < b
    if kind == "causal":
        return past & np.ones_like(first), number, "%past"
    if kind == "window":
        number += "\n    %c = arith.andi %past, %near : i1"
        return past & near, number, "%c"
    if kind == "prefix":
        number += "\n    %c = arith.ori %past, %first : i1"
        return past | first, number, "%c"
    if kind == "global":
        number += """
    %w = arith.andi %past, %near : i1
    %g = arith.ori %first, %start : i1
    %c = arith.ori %w, %g : i1"""
        return past & near | first | start, number, "%c"
    if kind == "padding":
        number += "\n    %c = arith.andi %first, %past : i1"
        return first & past, number, "%c"
    if kind in ("blocks", "documents"):
        number += """
    %ia = arith.divsi %i, %size : index
    %jb = arith.divsi %j, %size : index
    %same = arith.cmpi eq, %ia, %jb : index"""
        size = draw.randrange(7, 20)
        number = f"\n    %size = arith.constant {size} : index" + number
        if kind == "blocks":
            return i // size == j // size, number, "%same"
        number += "\n    %c = arith.andi %same, %past : i1"
        return (i // size == j // size) & past, number, "%c"
    return np.ones((queries, keys), bool), "\n    %c = arith.constant true", "%c"


class Modifier:
    """What else a function does to a score %y, as text: more arguments, constants, and a body that computes %modified."""

    def __init__(self, arguments="", constants="", body="", has_lse=False):
        self.arguments = arguments
        self.constants = constants
        self.body = body
        self.has_lse = has_lse


class Case:
    """One random function: `text`, and the mask of all pairs. What `modify` gives for a case is done to scores."""

    def __init__(self, draw, modify=None):
        self.batch, self.groups, self.shared = (
            draw.choice([1, 2]),
            draw.choice([1, 2, 3]),
            draw.choice([1, 1, 2]),
        )
        self.queries = draw.randrange(2, 40)
        self.keys = self.queries if draw.random() < 0.7 else draw.randrange(2, 40)
        self.mask, computed, condition = make_mask(draw, self.queries, self.keys)
        heads = self.groups * self.shared
        b, g, r, n, m, d, e = (
            self.batch,
            self.groups,
            self.shared,
            self.queries,
            self.keys,
            8,
            draw.choice([8, 12]),
        )
        # Orders of the dimensions of query, key, value and result.
        orders = draw.choice(
            [
                ("bgrid", "bgjd", "bgje", "bgrie"),
                ("bigrd", "bjgd", "bjge", "bigre"),
                ("bgrid", "bgdj", "bgej", "bgrie"),
            ]
        )
        sizes = {"b": b, "g": g, "r": r, "i": n, "j": m, "d": d, "e": e}

        def tensor(order, element="f32"):
            return (
                "tensor<"
                + "".join(f"{sizes[letter]}x" for letter in order)
                + element
                + ">"
            )

        def use(order, loops):
            return f"affine_map<({', '.join(loops)}) -> ({', '.join(order)})>"

        q, k, v, o = (tensor(order) for order in orders)
        s, row, pairs = tensor("bgrij"), tensor("bgri"), tensor("ij", "i1")
        score, query, key, value, out = "bgrijd", *orders
        weights = "bgriej"
        scale = draw.choice([0.25, 0.5, 0.354])
        # A finite number gives an average where there is no key.
        least = "0xFF800000"
        if self.mask.any(axis=1).all() and draw.random() < 0.5:
            least = FINITE
        if draw.random() < 0.5:
            bits = ", ".join(
                "[" + ", ".join("true" if x else "false" for x in line) + "]"
                for line in self.mask
            )
            mask = f"  %m = arith.constant dense<[{bits}]> : {pairs}"
        else:
            mask = f"""  %me = tensor.empty() : {pairs}
  %m = linalg.generic {{indexing_maps = [{use("ij", "ij")}], iterator_types = ["parallel", "parallel"]}} outs(%me : {pairs}) {{
  ^bb0(%unused: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index{computed}
    linalg.yield {condition} : i1
  }} -> {pairs}"""
        loops = '"parallel", ' * 5
        masked = draw.choice(
            [
                "%t = arith.select %c, %y, %least : f32",
                "%add = arith.select %c, %zero, %least : f32\n    %t = arith.addf %y, %add : f32",
                "%no = arith.xori %c, %true : i1\n    %t = arith.select %no, %least, %y : f32",
            ]
        )
        before = draw.random() < 0.5
        self.heads = heads
        more = modify(draw, self) if modify else Modifier()
        if more.body:
            masked = masked.replace("%y", "%modified")
        self.has_lse = more.has_lse
        logarithms = ""
        if more.has_lse:
            logarithms = f"""
  %log = math.log %sum : {row}
  %lse = arith.addf %max, %log : {row}"""
        self.shape = (b, g, r, n, e) if out == "bgrie" else (b, n, g, r, e)
        self.order = out
        self.text = f"""
func.func @attention(%q: {q}, %k: {k}, %v: {v}{more.arguments}) -> ({o}{", " + row if more.has_lse else ""}) {{
  %zero = arith.constant 0.0 : f32
  %scale = arith.constant {scale} : f32
  %least = arith.constant {least} : f32
  %minus = arith.constant 0xFF800000 : f32
  %true = arith.constant true{more.constants}
{mask}
  %qe = tensor.empty() : {q}
  %qs = linalg.generic {{indexing_maps = [{use(query, query)}, {use(query, query)}], iterator_types = [{loops[:-2]}]}}
      ins(%q : {q}) outs(%qe : {q}) {{
  ^bb0(%x: f32, %unused: f32):
    %y = arith.mulf %x, %scale : f32
    linalg.yield %y : f32
  }} -> {q}
  %e = tensor.empty() : {s}
  %s0 = linalg.fill ins(%zero : f32) outs(%e : {s}) -> {s}
  %s = linalg.generic {{indexing_maps = [{use(query, score)}, {use(key, score)}, {use("bgrij", score)}],
                       iterator_types = [{loops}"reduction"]}}
      ins({"%qs" if before else "%q"}, %k : {q}, {k}) outs(%s0 : {s}) {{
  ^bb0(%x: f32, %y: f32, %z: f32):
    %p = arith.mulf %x, %y : f32
    %t = arith.addf %z, %p : f32
    linalg.yield %t : f32
  }} -> {s}
  %sm = linalg.generic {{indexing_maps = [{use("bgrij", "bgrij")}, {use("ij", "bgrij")}, {use("bgrij", "bgrij")}],
                        iterator_types = [{loops[:-2]}]}}
      ins(%s, %m : {s}, {pairs}) outs(%e : {s}) {{
  ^bb0(%x: f32, %c: i1, %unused: f32):
    %y = arith.{"addf %x, %zero" if before else "mulf %x, %scale"} : f32{more.body}
    {masked}
    linalg.yield %t : f32
  }} -> {s}
  %re = tensor.empty() : {row}
  %max0 = linalg.fill ins(%minus : f32) outs(%re : {row}) -> {row}
  %max = linalg.reduce {{ arith.maximumf }} ins(%sm : {s}) outs(%max0 : {row}) dimensions = [4]
  %w = linalg.generic {{indexing_maps = [{use("bgrij", "bgrij")}, {use("bgri", "bgrij")}, {use("bgrij", "bgrij")}],
                       iterator_types = [{loops[:-2]}]}}
      ins(%sm, %max : {s}, {row}) outs(%e : {s}) {{
  ^bb0(%x: f32, %y: f32, %unused: f32):
    %d = arith.subf %x, %y : f32
    %t = math.exp %d : f32
    linalg.yield %t : f32
  }} -> {s}
  %sum0 = linalg.fill ins(%zero : f32) outs(%re : {row}) -> {row}
  %sum = linalg.reduce {{ arith.addf }} ins(%w : {s}) outs(%sum0 : {row}) dimensions = [4]{logarithms}
  %sums = linalg.broadcast ins(%sum : {row}) outs(%e : {s}) dimensions = [4]
  %p = arith.divf %w, %sums : {s}
  %oe = tensor.empty() : {o}
  %o0 = linalg.fill ins(%zero : f32) outs(%oe : {o}) -> {o}
  %o = linalg.generic {{indexing_maps = [{use("bgrij", weights)}, {use(value, weights)}, {use(out, weights)}],
                       iterator_types = [{loops}"reduction"]}}
      ins(%p, %v : {s}, {v}) outs(%o0 : {o}) {{
  ^bb0(%x: f32, %y: f32, %z: f32):
    %t = arith.mulf %x, %y : f32
    %u = arith.addf %z, %t : f32
    linalg.yield %u : f32
  }} -> {o}
  return %o{", %lse" if more.has_lse else ""} : {o}{", " + row if more.has_lse else ""}
}}
"""


def check(case, tools, path):
    """What is wrong with a case, or nothing."""
    path.write_text(case.text)
    raised = path.with_suffix(".raised.mlir")
    command = [tools.opt, "--spattn-raise-attention=remarks", path, "-o", raised]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode or run.stderr or "math.exp" in raised.read_text():
        return "it is not raised: " + run.stderr
    arrays = []
    for name in (path, raised):
        outputs = [name.with_suffix(".npy")]
        if case.has_lse:
            outputs.append(name.with_suffix(".lse.npy"))
        subprocess.run(
            [tools.run, name, "--seed=5", *(f"--output={file}" for file in outputs)],
            check=True,
            capture_output=True,
        )
        arrays.append([np.load(file).astype(np.float64) for file in outputs])
    sees = case.mask.any(axis=1)
    # Queries are the last dimension but one, or the second one.
    queries = sees.reshape(
        (1, 1, 1, -1, 1) if case.order == "bgrie" else (1, -1, 1, 1, 1)
    )
    for before, after, rows, none in zip(
        *arrays, (queries, sees), (0, -np.inf), strict=False
    ):
        rows = np.broadcast_to(rows, before.shape)
        if np.any(after[~rows] != none):
            return f"queries that see no key are not {none}"
        error = np.abs(before[rows] - after[rows]).max(initial=0)
        if not error <= 2e-5:
            return f"the error is {error}"
    return None


def main(make_case=Case):
    parser = argparse.ArgumentParser()
    parser.add_argument("opt")
    parser.add_argument("run")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--cases", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.folder.mkdir(exist_ok=True)
    failed = 0
    for n in range(arguments.cases):
        case = make_case(random.Random(arguments.seed * 100003 + n))
        path = arguments.folder / f"case{n}.mlir"
        if problem := check(case, arguments, path):
            failed += 1
            print(f"{path}: {problem}")
    print(f"{arguments.cases - failed} of {arguments.cases} cases are the same")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()

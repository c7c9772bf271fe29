# ruff: noqa: E501
"""Raises random attention with biases, functions of scores and log-sum-exps, as random_masks.py does with masks."""

import numpy as np
import random_masks

INDICES = """
    %g = linalg.index 1 : index
    %r = linalg.index 2 : index
    %i = linalg.index 3 : index
    %j = linalg.index 4 : index
    %gs = arith.muli %g, %shared : index
    %head = arith.addi %gs, %r : index
    %between = arith.subi %i, %j : index
    %distance = arith.index_cast %between : index to i64"""


def modify(draw, case):
    """Draws what happens to scores ahead of the mask."""
    i, j = np.arange(case.queries)[:, None], np.arange(case.keys)[None, :]
    kinds = ["none", "alibi", "bucket", "table", "sum", "clamp", "square", "cap"]
    if case.queries <= case.keys and not np.any(case.mask & (i < j)):
        kinds.append("keys")
    kind = draw.choice(kinds)
    has_lse = kind != "keys" and draw.random() < 0.5
    constants = f"\n  %shared = arith.constant {case.shared} : index"
    if kind == "none":
        return random_masks.Modifier(has_lse=has_lse)
    arguments, body = "", INDICES
    if kind in ("alibi", "keys"):
        arguments = f", %slopes: tensor<{case.heads}xf32>"
        number = "%away" if kind == "alibi" else "%key"
        body += f"""
    %away = math.absi %distance : i64
    %key = arith.index_cast %j : index to i64
    %number = arith.sitofp {number} : i64 to f32
    %slope = tensor.extract %slopes[%head] : tensor<{case.heads}xf32>
    %bias = arith.mulf %number, %slope : f32
    %modified = arith.{draw.choice(["addf", "subf"])} %y, %bias : f32"""
    elif kind in ("bucket", "cap"):
        table = f"tensor<12x{case.heads}xf32>"
        arguments = f", %table: {table}"
        constants += """
  %zero64 = arith.constant 0 : i64
  %five = arith.constant 5 : i64
  %six = arith.constant 6 : i64
  %two = arith.constant 2.0 : f32"""
        if kind == "cap":
            body += """
    %part = arith.divf %y, %two : f32
    %tanh = math.tanh %part : f32
    %score = arith.mulf %tanh, %two : f32"""
        body += f"""
    %away = math.absi %distance : i64
    %near = arith.minsi %away, %five : i64
    %other = arith.addi %near, %six : i64
    %ahead = arith.cmpi slt, %distance, %zero64 : i64
    %bucket = arith.select %ahead, %other, %near : i64
    %place = arith.index_cast %bucket : i64 to index
    %bias = tensor.extract %table[%place, %head] : {table}
    %modified = arith.addf {"%score" if kind == "cap" else "%y"}, %bias : f32"""
    elif kind == "table":
        numbers = np.array(
            [
                [draw.randrange(-40, 40) / 16 for _ in range(case.queries + case.keys)]
                for _ in range(case.heads)
            ]
        )[:, i - j + case.keys]
        table = f"tensor<{case.heads}x{case.queries}x{case.keys}xf32>"
        constants += f"\n  %table = arith.constant dense<{numbers.tolist()}> : {table}"
        body += f"""
    %bias = tensor.extract %table[%head, %i, %j] : {table}
    %modified = arith.addf %bias, %y : f32"""
    elif kind == "sum":
        constants += "\n  %tenth = arith.constant 0.1 : f32"
        body += """
    %both = arith.addi %i, %j : index
    %all = arith.addi %both, %head : index
    %integer = arith.index_cast %all : index to i32
    %number = arith.sitofp %integer : i32 to f32
    %bias = arith.mulf %number, %tenth : f32
    %modified = arith.addf %y, %bias : f32"""
    elif kind == "clamp":
        constants += """
  %most = arith.constant 0.5 : f32
  %fewest = arith.constant -0.25 : f32"""
        body = """
    %high = arith.minimumf %y, %most : f32
    %modified = arith.maximumf %high, %fewest : f32"""
    else:
        body = """
    %modified = arith.mulf %y, %y : f32"""
    return random_masks.Modifier(arguments, constants, body, has_lse)


if __name__ == "__main__":
    random_masks.main(lambda draw: random_masks.Case(draw, modify))

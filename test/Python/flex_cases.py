# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions on pairs, as FlexAttention has them, and random ones."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import torch
from torch.nn.attention.flex_attention import and_masks, noop_mask, or_masks


class Case(NamedTuple):
    mask_mod: Any
    #: The structure that is found, where it matters how it is written.
    text: str = ""
    lengths: tuple[int, int] | None = None
    has_documents: bool = False


WINDOWS = torch.tensor([4, 9, 16, 30])
IS_GLOBAL = torch.tensor([True, False, False, True])
DOCUMENT_IDS = torch.tensor([0] * 20 + [1] * 7 + [4] * 1 + [5] * 62)
SEEN_KEYS = torch.arange(64) % 30 < 11
STRICTLY_PAST = torch.ones(70, 70).tril(-2).bool()
OFFSETS = torch.tensor([0, 20, 20, 20, 27, 28, 90])


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


def sliding_window(b, h, q_idx, kv_idx):
    return q_idx - kv_idx <= 32


def prefix(b, h, q_idx, kv_idx):
    return kv_idx < 24


def dilated_sliding_window(b, h, q_idx, kv_idx):
    distance = q_idx - kv_idx
    return (distance.abs() <= 24) & (distance % 4 == 0)


def natten(b, h, q_idx, kv_idx):
    center = q_idx.clamp(5, 60 - 1 - 5)
    return (center - kv_idx).abs() <= 5


def document(b, h, q_idx, kv_idx):
    return DOCUMENT_IDS[q_idx] == DOCUMENT_IDS[kv_idx]


def in_documents(mask_mod):
    """A mask of each document, as attention-gym has it."""

    def mask(b, h, q_idx, kv_idx):
        same = DOCUMENT_IDS[q_idx] == DOCUMENT_IDS[kv_idx]
        query = q_idx - OFFSETS[DOCUMENT_IDS[q_idx]]
        key = kv_idx - OFFSETS[DOCUMENT_IDS[kv_idx]]
        return same & mask_mod(b, h, query, key)

    return mask


WINDOW = "#spattn.window<left = 32, right = 0>"
SYMBOLIC = {
    "noop": Case(noop_mask, "#spattn.full"),
    "causal": Case(causal, "#spattn.causal"),
    "causal, keys first": Case(lambda b, h, q, k: k <= q, "#spattn.causal"),
    "causal, negated": Case(lambda b, h, q, k: ~(k > q), "#spattn.causal"),
    "causal, named": Case(lambda b, h, q, k: torch.ge(q, k), "#spattn.causal"),
    "causal, no self": Case(
        lambda b, h, q, k: torch.logical_and(q > k, k != q),
        "#spattn.distances<1 to inf>",
    ),
    "sliding_window": Case(and_masks(causal, sliding_window), WINDOW),
    "sliding_window, both sides": Case(
        lambda b, h, q, k: torch.abs(q - k) <= 32 / 2,
        "#spattn.window<left = 16, right = 16>",
    ),
    "constants on the left": Case(
        lambda b, h, q, k: (0 <= q - k) & (32 >= q - k),  # noqa: SIM300
        WINDOW,
    ),
    "tensors without dimensions": Case(
        lambda b, h, q, k: (torch.tensor(0) <= q - k) & (q - torch.tensor(32) <= k),
        WINDOW,
    ),
    "prefix_lm": Case(or_masks(prefix, causal), "#spattn.prefix<24>"),
    "sink": Case(
        lambda b, h, q, k: (q >= k) & ((q - k < 16) | (k < 4)),
        "#spattn.intersection<#spattn.causal, #spattn.union<"
        "#spattn.window<left = 15>, #spattn.keys<0 to 4>>>",
    ),
    "global tokens": Case(
        lambda b, h, q, k: ((q - k).abs() < 8) | (k < 3) | (q < 3),
        "#spattn.union<#spattn.window<left = 7, right = 7>, #spattn.keys<0 to 3>, "
        "#spattn.queries<0 to 3>>",
    ),
    "band": Case(
        lambda b, h, q, k: (q - k >= 5) ^ (q - k >= 20), "#spattn.distances<5 to 20>"
    ),
    "two bands": Case(
        lambda b, h, q, k: torch.where(q - k < 10, q - k >= 4, q - k == 12),
        "#spattn.distances<4 to 10, 12 to 13>",
    ),
    "padding": Case(lambda b, h, q, k: k.lt(37), "#spattn.keys<0 to 37>"),
    "offset": Case(lambda b, h, q, k: q + 17 >= k, "#spattn.distances<-17 to inf>"),
    "dilated_sliding_window": Case(
        dilated_sliding_window,
        "#spattn.intersection<#spattn.window<left = 24, right = 24>, "
        "#spattn.residues<distances, 0 to 1 mod 4>>",
    ),
    "strided": Case(
        lambda b, h, q, k: (q >= k) & ((q - k < 16) | ((q - k) % 16 == 0)),
    ),
    "strided, by rests": Case(
        lambda b, h, q, k: q % 5 == k % 5, "#spattn.residues<distances, 0 to 1 mod 5>"
    ),
    "fixed": Case(
        lambda b, h, q, k: (q >= k) & (k % 16 >= 12),
        "#spattn.intersection<#spattn.causal, #spattn.residues<keys, 12 to 16 mod 16>>",
    ),
    "residues of queries": Case(
        lambda b, h, q, k: (q + 3).remainder(8) <= 1,
        "#spattn.residues<queries, 5 to 7 mod 8>",
    ),
    "negative rests": Case(
        lambda b, h, q, k: (k - q - 2) % 7 < 3,
        "#spattn.residues<distances, 3 to 6 mod 7>",
    ),
    "quotients": Case(
        lambda b, h, q, k: (k // 10 == 2) | (torch.floor_divide(q, 8) < 2),
        "#spattn.union<#spattn.keys<20 to 30>, #spattn.queries<0 to 16>>",
    ),
    "rest by hand": Case(
        lambda b, h, q, k: k - k // 6 * 6 != 0, "#spattn.residues<keys, 1 to 6 mod 6>"
    ),
    "natten": Case(natten),
    "two blocks": Case(
        lambda b, h, q, k: (q < 20) == (k < 20),
        "#spattn.union<#spattn.intersection<#spattn.queries<0 to 20>, "
        "#spattn.keys<0 to 20>>, #spattn.intersection<#spattn.queries<20 to inf>, "
        "#spattn.keys<20 to inf>>>",
    ),
    "windows of heads": Case(
        lambda b, h, q, k: (q >= k) & (q - k < WINDOWS[h]),
        "#spattn.heads<1 x #spattn.window<left = 3, right = 0>, "
        "1 x #spattn.window<left = 8, right = 0>, "
        "1 x #spattn.window<left = 15, right = 0>, "
        "1 x #spattn.window<left = 29, right = 0>>",
    ),
    "heads that see all": Case(
        lambda b, h, q, k: IS_GLOBAL[h] | (q - k < WINDOWS[h % 2]),
    ),
    "heads compared": Case(
        lambda b, h, q, k: torch.where(h < 3, q >= k, (q - k).abs() < 4),
        "#spattn.heads<3 x #spattn.causal, 1 x #spattn.window<left = 3, right = 3>>",
    ),
    "heads computed": Case(lambda b, h, q, k: (q >= k) & ((q - k) < 4 * (h + 1))),
    "dilations of heads": Case(
        lambda b, h, q, k: torch.where(h % 2 == 0, (q - k) % 2, (q - k) % 3) == 0,
    ),
}
WITH_LENGTHS = {
    "document": Case(document, "#spattn.full", (90, 90), True),
    "document, fewer queries": Case(document, "#spattn.full", (25, 90), True),
    "document, fewer keys": Case(document, "#spattn.full", (90, 27), True),
    "document_causal": Case(
        and_masks(document, causal), "#spattn.causal", (90, 90), True
    ),
    "document_window": Case(
        and_masks(document, causal, sliding_window), WINDOW, (60, 85), True
    ),
    "document_prefix": Case(
        in_documents(or_masks(lambda b, h, q, k: k < 5, causal)),
        "#spattn.prefix<5>",
        (90, 90),
        True,
    ),
    "blocks": Case(
        lambda b, h, q, k: q // 16 == k // 16, "#spattn.full", (100, 100), True
    ),
    "blocks, causal": Case(
        lambda b, h, q, k: (q // 8 == k // 8) & (q >= k),
        "#spattn.causal",
        (90, 50),
        True,
    ),
    "shifted blocks": Case(
        lambda b, h, q, k: (q + 5) // 16 == (k + 5) // 16,
        "#spattn.full",
        (90, 90),
        True,
    ),
    "causal blocks": Case(lambda b, h, q, k: q // 16 >= k // 16, "", (90, 90)),
    "a square tensor": Case(
        lambda b, h, q, k: STRICTLY_PAST[q, k],
        "#spattn.distances<2 to inf>",
        (70, 70),
    ),
    "a tensor of keys": Case(
        lambda b, h, q, k: SEEN_KEYS[k] & (q >= k),
        "",
        (50, 64),
    ),
    "functions that are not traced": Case(
        lambda b, h, q, k: torch.floor(torch.sin(q - k + 0.0)) >= 9, "", (30, 30)
    ),
    "documents and global tokens": Case(
        lambda b, h, q, k: (DOCUMENT_IDS[q] == DOCUMENT_IDS[k]) | (k < 3), "", (90, 90)
    ),
}


def random_mask(seed: int) -> tuple[Any, str]:
    """A function, and how it is written."""
    generator = random.Random(seed)
    pick = generator.choice

    def number(depth: int) -> str:
        if depth == 0 or generator.random() < 0.2:
            return pick(["q", "k", "q - k", "k - q", str(generator.randint(-3, 40))])
        inner, small = number(depth - 1), generator.randint(1, 24)
        return pick(
            [
                f"({inner} + {small - 12})",
                f"({small} - {inner})",
                f"(({inner}) % {small})",
                f"(({inner}) // {small})",
                f"one({inner}).abs()",
                f"one({inner}).clamp({small}, {small + generator.randint(0, 20)})",
                f"torch.where({truth(depth - 1)}, one({inner}), one({number(0)}))",
                f"({inner}) * {generator.randint(-2, 3)}",
                f"({inner} - {generator.randint(0, 9)} * h)",
                f"torch.minimum(one({inner}), one({number(0)}))",
            ]
        )

    def truth(depth: int) -> str:
        compare = pick(["<", "<=", ">", ">=", "==", "!="])
        if depth == 0 or generator.random() < 0.3:
            left = number(min(depth, 2))
            return f"(one({left}) {compare} {generator.randint(-20, 60)})"
        left, right = truth(depth - 1), truth(depth - 1)
        return pick(
            [
                f"({left} & {right})",
                f"({left} | {right})",
                f"({left} ^ {right})",
                f"~{left}",
                f"(one({number(depth - 1)}) {compare} one({number(1)}))",
            ]
        )

    text = truth(3)
    # Numbers of Python become values, as those of a function's tensors are.
    source = (
        f"lambda b, h, q, k, torch=torch: (lambda one: {text})(lambda x: x + 0 * q)"
    )
    return eval(source, {"torch": torch}), text

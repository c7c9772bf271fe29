"""What structures allow, from their text: the definitions of SpattnAttrs.td.

Masks are functions of distances, keys and the number of keys, as those of
test/Reference/Inputs/oracle.py, and have nothing to do with spattn's algebra.
"""

import re
import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[2] / "Reference/Inputs"))

from oracle import Bound, in_band  # noqa: E402

TOKENS = re.compile(r"\s*(#spattn\.\w+|-?inf\b|-?\d+|\w+|[<>,=*+-])")
# Larger than any position, and still a number that NumPy compares.
FAR = 1 << 40


class Text:
    def __init__(self, text: str):
        self.tokens = TOKENS.findall(text)
        rest = re.sub(r"\s", "", text)
        if "".join(self.tokens) != rest:
            raise ValueError(f"cannot read {text}")
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        if not token or expected not in (None, token):
            raise ValueError(f"expected {expected}, got {token!r}")
        self.at += 1
        return token

    def takes(self, token: str) -> bool:
        found = self.peek() == token
        self.at += found
        return found

    def bound(self) -> Bound:
        """`[p *] N [floordiv q] [+ c]`"""
        token = self.take()
        if token in ("inf", "-inf"):
            return Bound(infinite=-1 if token[0] == "-" else 1)
        num, den = 1, 1
        if token == "-":
            self.take("N")
            num = -1
        elif token != "N":
            if not self.takes("*"):
                return Bound(offset=int(token))
            num = int(token)
            self.take("N")
        if self.takes("floordiv"):
            den = int(self.take())
        offset = 0
        if self.takes("+"):
            offset = int(self.take())
        elif self.takes("-"):
            offset = -int(self.take())
        elif re.fullmatch(r"-\d+", self.peek()):
            offset = int(self.take())
        return Bound(num, den, offset)

    def interval(self) -> tuple[Bound, Bound]:
        lo = self.bound()
        self.take("to")
        return lo, self.bound()

    def length(self) -> int | None:
        """`[, length = n]`"""
        if not self.takes(","):
            return None
        self.take("length")
        self.take("=")
        return int(self.take())

    def several(self, item) -> list:
        self.take("<")
        found = [item()]
        while self.takes(","):
            found.append(item())
        self.take(">")
        return found


def within(x, interval, n):
    lo, hi = (np.clip(bound.at(n), -FAR, FAR) for bound in interval)
    return (lo <= x) & (x < hi)


def parse_simple(text: Text):
    """mask(d, j, n, x, h) of the structure that comes next."""
    name = text.take().removeprefix("#spattn.")
    if name == "full":
        return lambda d, j, n, x, h: d == d
    if name == "causal":
        return lambda d, j, n, x, h: d >= 0
    if name == "window":
        sides = {}

        def side():
            key = text.take()
            text.take("=")
            sides[key] = int(text.take())

        text.several(side)
        left, right = sides.get("left", FAR), sides.get("right", FAR)
        return lambda d, j, n, x, h: (d <= left) & (d >= -right)
    if name in ("sink", "prefix"):
        (count,) = text.several(lambda: int(text.take()))
        if name == "sink":
            return lambda d, j, n, x, h: (j < count) & (d >= 0)
        return lambda d, j, n, x, h: (j < count) | (d >= 0)
    if name == "keys":
        (interval,) = text.several(text.interval)
        return lambda d, j, n, x, h: within(j, interval, n)
    if name == "queries":
        (interval,) = text.several(text.interval)
        return lambda d, j, n, x, h: within(np.maximum(d + j, 0), interval, n)
    if name == "residues":
        text.take("<")
        of = text.take()
        text.take(",")
        lo = int(text.take())
        text.take("to")
        hi = int(text.take())
        text.take("mod")
        modulus = int(text.take())
        text.take(">")

        def has_residue(d, j, n, x, h):
            place = {"distances": d, "keys": j, "queries": d + j}[of]
            return (place - lo) % modulus < hi - lo

        return has_residue
    if name == "distances":
        parts = text.several(text.interval)
        return lambda d, j, n, x, h: np.any([within(d, p, n) for p in parts], axis=0)
    if name == "partition":
        text.take("<")
        kind, length = text.take(), text.length()
        text.take(">")
        return lambda d, j, n, x, h: in_band(kind, d, n, x, h, length)
    if name == "band":
        text.take("<")
        kind = text.take()
        text.take(",")
        index = int(text.take())
        text.take("of")
        count, length = int(text.take()), text.length()
        text.take(">")
        return lambda d, j, n, x, h: in_band(kind, d, n, index, count, length)
    if name in ("union", "intersection"):
        parts = text.several(lambda: parse_simple(text))
        combine = np.any if name == "union" else np.all

        def mask(d, j, n, x, h):
            shape = np.broadcast(d, j).shape
            return combine(
                [np.broadcast_to(p(d, j, n, x, h), shape) for p in parts], axis=0
            )

        return mask
    raise ValueError(f"unknown structure {name}")


def parse_masks(structure: str, heads: int) -> list:
    """mask(d, j, n) of each head."""
    text = Text(structure)
    if text.peek() == "#spattn.heads":
        text.take()

        def head_group():
            token = text.take()
            # `8 x` and `8x` are the same.
            count = int(token.removesuffix("x"))
            if not token.endswith("x"):
                text.take("x")
            return count, parse_simple(text)

        groups = text.several(head_group)
    else:
        groups = [(heads, parse_simple(text))]
    if text.peek() or sum(count for count, _ in groups) != heads:
        raise ValueError(f"{structure} is not one of {heads} heads")

    def of_head(mask, x, count):
        def broadcast(d, j, n):
            return np.broadcast_to(mask(d, j, n, x, count), np.broadcast(d, j).shape)

        return broadcast

    return [of_head(m, x, count) for count, m in groups for x in range(count)]

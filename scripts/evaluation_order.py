"""Finds calls with two or more arguments that create operations.

    evaluation_order.py FILE...

C++ leaves open in which order a call's arguments are evaluated, and compilers
differ: what spattn emits would depend on which one it was built with. Name all but
one of the arguments first. (Elements of `{a, b}` are evaluated from left to right.)

Works on text, by the names that builders go by here, so it finds what is usual and
not everything. Prints what it finds, and fails if that is anything.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

# Builders and what emits like one, and the methods of those that create nothing.
BUILDERS = r"(?:b|e|t|inner|ops|b\.ops|builder|rewriter)"
PURE = (
    "get|is|has|known|unknown|constant|wrap|accType|rowsType|notify|begin|end|intervals"
)
CREATES = re.compile(
    # arith::AddIOp::create(b, ...), emitBinary<arith::AddIOp>(...)
    r"\w(?:Op|Op>)::create(?:<[\w:]+>)?\("
    # b.add(...), but not b.getI32Type().
    rf"|(?<![\w.>]){BUILDERS}(?:\.|->)(?!(?:{PURE})\w*\(|ops\b)\w+\("
    # ring.at(b, ...), rows.total(b), but not region.memory(b).
    r"|(?<!memory)\((?:b|e|t|inner|rewriter)[,)]"
    # Inside of builders.
    r"|(?<![\w.>:~&])(?:i32|f32|index|toI32|asIndex|materialize|lane|warp|thread)\("
)
CALL = re.compile(r"[\w>]\(")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'')
LAMBDA = re.compile(r"\[[^\[\]]*\]\s*(?:\(|\{)")
OPEN, CLOSE = "([{", ")]}"


def blank(match: re.Match) -> str:
    return re.sub(r"[^\n]", " ", match.group())


def end_of(text: str, start: int) -> int:
    """Past the bracket that closes the one at `start`."""
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] in OPEN) - (text[i] in CLOSE)
        if depth == 0:
            return i + 1
    return len(text)


def without_lambdas(text: str) -> str:
    """A lambda is not run where it is passed."""
    at = 0
    while match := LAMBDA.search(text, at):
        end = match.end() - 1
        if text[end] == "(":
            end = text.find("{", end_of(text, end))
        at = match.start() + 1
        before = text[: match.start()].rstrip()
        if end < 0 or (before and before[-1] not in "(,{=?:"):
            continue
        text = text[: match.start()] + " " + text[end_of(text, end) :]
    return text


def arguments(text: str, start: int) -> list[str]:
    """Those of the call whose parenthesis is at `start`."""
    depth, found, at = 0, [], start + 1
    for i in range(start, len(text)):
        depth += (text[i] in OPEN) - (text[i] in CLOSE)
        if depth == 0 or (depth == 1 and text[i] == ","):
            found.append(text[at:i])
            at = i + 1
        if depth == 0:
            return found
        if depth == 1 and text[i] == ";":
            break
    return []


def calls(text: str) -> Iterator[tuple[int, list[str]]]:
    """The line of each call that has several such arguments, and these."""
    text = STRING.sub(blank, COMMENT.sub(blank, text))
    for match in CALL.finditer(text):
        several = arguments(text, match.end() - 1)
        if len(several) < 2:
            continue
        emitting = [a for a in several if CREATES.search(without_lambdas(a))]
        if len(emitting) > 1:
            yield text.count("\n", 0, match.start()) + 1, emitting


def main() -> int:
    found = 0
    for name in sys.argv[1:]:
        for line, emitting in calls(Path(name).read_text()):
            found += 1
            both = " and ".join(f"'{' '.join(a.split())}'" for a in emitting[:2])
            print(f"{name}:{line}: {both} both create operations", file=sys.stderr)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())

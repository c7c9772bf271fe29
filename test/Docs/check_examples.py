"""Checks that the examples in documents parse and verify.

    check_examples.py SPATTN_OPT FILE.md...

Every block fenced with ```mlir is given to spattn-opt:

- an attribute or a type (`#spattn.causal`), as the attribute of an operation;
- anything with a function in it, as it is;
- operations, in a function whose arguments are the values that comments declare
  (`// %stage: index`), or else those that the one operation uses, with the types
  that it names.

A block fenced with ```mlir {skip=reason} is left out. One fenced with
```LANGUAGE {file=PATH} has to be what the file holds below its banner.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^( *)```(.*)$")
OPENING, CLOSING = "(<[{", ")>]}"


def blocks(text: str) -> Iterator[tuple[int, str, str]]:
    """Fenced blocks: the line that each starts at, its info string, its text."""
    lines = iter(enumerate(text.splitlines(), start=1))
    for start, line in lines:
        fence = FENCE.match(line)
        if not fence:
            continue
        body = []
        for _, inner in lines:
            if inner.strip() == "```":
                break
            body.append(inner.removeprefix(fence[1]))
        yield start, fence[2].strip(), "\n".join(body)


def split_types(text: str) -> list[str]:
    """The types of `a, b<c, d>, e`."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in OPENING) - (c in CLOSING)
        if c == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [part.strip() for part in [*parts, text[start:]]]


def groups(text: str) -> Iterator[str]:
    """What stands within parentheses that hold no others."""
    yield from re.findall(r"\(([^()]*)\)", text)


def operand_types(operation: str) -> dict[str, str]:
    """The types of the values that an operation uses."""
    operation = re.sub(r"^[%\w, :]*=\s*", "", operation, flags=re.M)
    if "%" not in operation:
        return {}
    # The values of a region are its own.
    operation = re.sub(r"\{\s*\^bb.*?\n\s*\}", "", operation, flags=re.S)
    types = dict.fromkeys(re.findall(r"scale\((%\w+)\)", operation), "f32")
    # `ins(%a, %b : A, B)`, or all operands before `: A, B` at the end.
    typed = [group for group in groups(operation) if " : " in group]
    for part in typed or [operation]:
        values, names = re.split(r"\s: ", part)
        used = [v for v in re.findall(r"%\w+", values) if v not in types]
        named = split_types(names)
        if len(used) != len(named):
            raise ValueError(f"{len(used)} values, but {len(named)} types")
        types.update(zip(used, named, strict=True))
    return types


def complete(example: str) -> str:
    """IR that holds the example."""
    if re.match(r"[#!]\w+\.", example):
        return f'"test.example"() {{value = {example}}} : () -> ()\n'
    if re.search(r"^(func\.func|module)\b", example, flags=re.M):
        return example
    declared = re.findall(r"^// (%\w+): (.+)$", example, flags=re.M)
    types = dict(declared) if declared else operand_types(example)
    arguments = ", ".join(f"{value}: {name}" for value, name in types.items())
    return f"func.func @example({arguments}) {{\n{example}\nreturn\n}}\n"


def check_ir(spattn_opt: str, example: str) -> str:
    """What is wrong with an example of IR."""
    try:
        text = complete(example)
    except ValueError as error:
        return str(error)
    return subprocess.run(
        [spattn_opt, "--allow-unregistered-dialect", "-o", "/dev/null"],
        input=text,
        capture_output=True,
        text=True,
    ).stderr


def check_file(path: str, example: str) -> str:
    """What is wrong with an example that is a file of the repository."""
    if not (ROOT / path).is_file():
        return f"there is no {path}"
    text = (ROOT / path).read_text()
    text = re.sub(r"\A//===-.*?^//===-+===//\n\n", "", text, flags=re.S | re.M)
    return "" if text.rstrip("\n") == example else f"{path} has changed"


def main(spattn_opt: str, *files: str) -> None:
    checked = failed = 0
    for file in files:
        for line, info, example in blocks(Path(file).read_text()):
            source = re.fullmatch(r"\w+ \{file=(.+)\}", info)
            if source:
                problem = check_file(source[1], example)
            elif info == "mlir":
                problem = check_ir(spattn_opt, example)
            elif info.startswith("mlir") and "skip=" not in info:
                problem = f"unknown marks: {info}"
            else:
                continue
            checked += 1
            if problem:
                failed += 1
                print(f"{file}:{line}: {problem}\n{example}\n")
    print(f"{checked} examples, {failed} failed")
    sys.exit(failed > 0 or checked == 0)


if __name__ == "__main__":
    main(*sys.argv[1:])

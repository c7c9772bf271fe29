# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Blocks of Python in documents run in order, and print what the documents say.

A block fenced with ```python is run; if one with ```text is next, it is the output.
There, `...` stands for any text, and on a line of its own for any lines. Blocks of
documents that have a module in NEEDS run where there is one, those whose first line
is `# GPU` where there is a GPU.
"""

import contextlib
import io
import re
import sys
from pathlib import Path

import conftest
import definition
import pytest

sys.path.append(str(definition.ROOT / "test/Docs"))

from check_console import pattern  # noqa: E402

NEEDS = dict.fromkeys(("README.md", "docs/Python.md"), "numpy")
TORCH = ("docs/GettingStarted.md", "docs/Structures.md", "docs/Distributed.md")
NEEDS.update(dict.fromkeys(TORCH, "torch"))
for module in ("torch", "transformers", "jax"):
    NEEDS[f"docs/{module.capitalize()}.md"] = module
NEEDS["docs/Raising.md"] = "jax"
FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.S | re.M)


def blocks(path: Path) -> list[tuple[int, str, str | None]]:
    """(line, code, output) of each block of Python."""
    text = path.read_text()
    found = [
        (text[: m.start()].count("\n") + 2, m[1], m[2]) for m in FENCE.finditer(text)
    ]
    following = [*found[1:], (0, "", "")]
    return [
        (line, code, after[2] if after[1] == "text" else None)
        for (line, kind, code), after in zip(found, following, strict=True)
        if kind == "python"
    ]


@pytest.mark.parametrize("name", [n for n in NEEDS if (definition.ROOT / n).exists()])
def test_blocks(name, tmp_path, monkeypatch):
    pytest.importorskip(NEEDS[name])
    monkeypatch.chdir(tmp_path)
    scope = {"__name__": "__main__"}
    tried = 0
    for line, code, output in blocks(definition.ROOT / name):
        if code.startswith("# GPU") and not conftest.has_gpu():
            continue
        printed = io.StringIO()
        # Lines of tracebacks are those of the document.
        source = compile("\n" * (line - 1) + code, name, "exec")
        with contextlib.redirect_stdout(printed):
            exec(source, scope)
        tried += 1
        if output is not None:
            assert re.fullmatch(pattern(output), printed.getvalue()), (
                f"{name}:{line} printed:\n{printed.getvalue()}"
            )
    assert tried

# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Shows the installed components, and the cost or a plot of a structure."""

from __future__ import annotations

import argparse
import sys

from . import info
from ._version import __version__
from .errors import SpattnError
from .structure import Structure


def main(arguments: list[str] | None = None) -> int:
    """Returns 1 if the library is missing or an argument is invalid, else 0."""
    parser = argparse.ArgumentParser(prog="python -m spattn", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("info", help="list driver, GPUs, ptxas and cache")
    for name, help in (
        ("stats", "count tiles, pairs, operations and bytes"),
        ("plot", "print an SVG of the tiles that each head visits"),
    ):
        command = commands.add_parser(name, help=help)
        command.add_argument("structure", help="such as '#spattn.causal'")
        command.add_argument("length", type=int)
        command.add_argument("--heads", type=int)
    asked = parser.parse_args(arguments)
    if asked.command == "info":
        print(info.text())
        return 0 if info.items()[0].found else 1
    try:
        structure = Structure.parse(asked.structure)
        answer = getattr(structure, asked.command)(asked.length, heads=asked.heads)
    except SpattnError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())

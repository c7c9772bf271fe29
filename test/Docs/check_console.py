"""Checks that commands in documents print what the documents say.

    check_console.py PROGRAM FILE.md...

In blocks fenced with ```console, a line that starts with `$ ` is a command, and
the lines up to the next one are its output. `...` stands for any text, and on a
line of its own for any lines. Commands find programs beside PROGRAM and the
folder `examples`, and run in a folder of their own.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def pattern(expected: str) -> str:
    """A regular expression for output."""
    lines = []
    for line in expected.splitlines(keepends=True):
        if line.strip() == "...":
            lines.append(r"(?:.*\n)*?")
        else:
            lines.append(".*?".join(re.escape(part) for part in line.split("...")))
    return "".join(lines)


def commands(text: str) -> list[tuple[str, str]]:
    """The commands of a document with their outputs."""
    blocks = re.findall(r"^```console\n(.*?)^```$", text, re.S | re.M)
    return [
        (command, expected)
        for block in blocks
        for command, expected in re.findall(
            r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.M
        )
    ]


def main(program: str, *files: str) -> None:
    folder = str(Path(program).resolve().parent)
    environment = {**os.environ, "PATH": folder + os.pathsep + os.environ["PATH"]}
    checked = failed = 0
    for file in files:
        with tempfile.TemporaryDirectory() as here:
            (Path(here) / "examples").symlink_to(ROOT / "examples")
            for command, expected in commands(Path(file).read_text()):
                result = subprocess.run(
                    command,
                    shell=True,
                    cwd=here,
                    env=environment,
                    capture_output=True,
                    text=True,
                )
                checked += 1
                if result.returncode or not re.fullmatch(
                    pattern(expected), result.stdout
                ):
                    failed += 1
                    print(f"{file}: $ {command}\n{result.stdout}{result.stderr}")
    print(f"{checked} commands, {failed} failed")
    sys.exit(bool(failed) or not checked)


if __name__ == "__main__":
    main(*sys.argv[1:])

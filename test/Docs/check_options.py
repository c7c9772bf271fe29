"""Checks that a document's table of a program's options is complete.

    check_options.py PROGRAM FILE.md

FILE.md has a section "## PROGRAM" with a table whose first column names the
options that the program's own part of --help has, and no others.
"""

import re
import subprocess
import sys
from pathlib import Path


def main(program: str, file: str) -> None:
    name = Path(program).name
    text = subprocess.run(
        [program, "--help"], capture_output=True, text=True, check=True
    ).stdout
    own = text[text.index(f"\n{name} options:") :]
    options = set(re.findall(r"^  (--[\w-]+)", own, re.M))
    section = Path(file).read_text().split(f"\n## {name}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`--.*?) \|", section, re.M)
    rows = {option for cell in cells for option in re.findall(r"--[\w-]+", cell)}
    problems = [f"{file}: {option} is missing" for option in sorted(options - rows)]
    problems += [f"{file}: there is no {option}" for option in sorted(rows - options)]
    print("\n".join(problems) or f"{len(options)} options")
    sys.exit(bool(problems) or not options)


if __name__ == "__main__":
    main(*sys.argv[1:])

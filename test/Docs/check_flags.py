"""Checks that documents agree with what programs say with --help.

    check_flags.py SPATTN_OPT SPATTN_TRANSLATE PIPELINES.md FILE.md...

PIPELINES.md has a row for each pipeline of spattn, and one for each option; any
of spattn's passes, pipelines and translations that a document names as a flag
exists.
"""

import re
import subprocess
import sys
from pathlib import Path

FLAG = r"--((?:spattn|convert-spattn)-[\w-]+)"


def get_help(program: str) -> str:
    return subprocess.run(
        [program, "--help"], capture_output=True, text=True, check=True
    ).stdout


def main(spattn_opt: str, translate: str, pipelines: str, *files: str) -> None:
    text = get_help(spattn_opt)
    flags = set(re.findall(rf"^ +{FLAG} ", text + get_help(translate), flags=re.M))
    problems = []
    for file in [pipelines, *files]:
        for line, content in enumerate(Path(file).read_text().splitlines(), start=1):
            unknown = set(re.findall(FLAG, content)) - flags
            problems += [f"{file}:{line}: there is no --{flag}" for flag in unknown]

    # The last section of the help that is about passes.
    text = text[text.index("Pass Pipelines") :]
    own = re.findall(
        rf"^      {FLAG} .*\n((?:(?: {{8}}--| {{4}}=).*\n)*)", text, flags=re.M
    )
    names = {f"--{name}" for name, _ in own}
    options = {o for _, body in own for o in re.findall(r"^ +--([\w-]+)", body, re.M)}
    rows = set(re.findall(r"^\| `([\w-]+)[^`]*` \|", Path(pipelines).read_text(), re.M))
    for what in sorted((names | options) - rows):
        problems.append(f"{pipelines}: {what} is missing")
    for what in sorted(rows - names - options):
        problems.append(f"{pipelines}: there is no {what}")
    print("\n".join(problems) or f"{len(names)} pipelines, {len(options)} options")
    sys.exit(bool(problems) or not names)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Checks that links within the repository lead somewhere.

    check_links.py FILE.md...

A link to a file or folder exists, and a link to a heading has one. Links to the
web are left alone.
"""

import re
import sys
from functools import cache
from pathlib import Path

LINK = re.compile(r"\]\(([^)\s]+)\)")


def without_code(text: str) -> str:
    """The text with fenced blocks and spans of code emptied, line by line."""
    fenced = re.sub(
        r"^ *```.*?^ *```", lambda m: "\n" * m[0].count("\n"), text, flags=re.S | re.M
    )
    return re.sub(r"`[^`\n]*`", "``", fenced)


@cache
def anchors(file: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    found: set[str] = set()
    text = re.sub(r"^ *```.*?^ *```", "", file.read_text(), flags=re.S | re.M)
    for heading in re.findall(r"^#+ +(.+?)(?: \(.*::.*\))?$", text, re.M):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", words).replace(" ", "-"))
    return found


def problem(file: Path, link: str) -> str:
    """What is wrong with a link of a file."""
    target, _, anchor = link.partition("#")
    path = (file.parent / target).resolve() if target else file
    if not path.exists():
        return f"there is no {target}"
    if anchor and path.suffix == ".md" and anchor not in anchors(path):
        return f"{path.name} has no heading for #{anchor}"
    return ""


def main(*files: str) -> None:
    checked, problems = 0, []
    for name in files:
        file = Path(name)
        text = without_code(file.read_text())
        for line, content in enumerate(text.splitlines(), start=1):
            for link in LINK.findall(content):
                if re.match(r"\w+:", link):
                    continue
                checked += 1
                wrong = problem(file, link)
                if wrong:
                    problems.append(f"{name}:{line}: {wrong}")
    print("\n".join(problems) or f"{checked} links")
    sys.exit(bool(problems) or not checked)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Checks that commits touched the files that a document says such changes touch.

    check_commits.py FILE.md

Each section that names commits, as `5ca033e`, may link only to sources that one
of them touched, or to folders in which one did. Files count by their names, which
outlive the folders that they are in. Commits that the clone lacks are left out.
"""

import re
import subprocess
import sys
from pathlib import Path

SOURCE = re.compile(r"\]\(\.\./((?:include|lib|python|test|tools|benchmarks)/[^)#]+)\)")


def touched(root: Path, commit: str) -> list[Path] | None:
    """The files that a commit touched, if it is here."""
    command = ["git", "-C", str(root), "show", "--format=", "--name-only", commit]
    try:
        shown = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return [Path(path) for path in shown.stdout.split()]


def main(document: str) -> None:
    root = Path(document).resolve().parents[1]
    checked, lacking, problems = 0, set(), []
    for section in Path(document).read_text().split("\n## ")[1:]:
        title = section.split("\n")[0]
        commits = re.findall(r"`([0-9a-f]{7})`", section)
        if not commits:
            problems.append(f"{title}: names no commit")
        files: list[Path] = []
        for commit in commits:
            found = touched(root, commit)
            if found is None:
                lacking.add(commit)
            files += found or []
        names = {file.name for file in files}
        for link in SOURCE.findall(section) if files else ():
            checked += 1
            path = Path(link)
            within = any(file.is_relative_to(path) for file in files)
            if path.name not in names and not within:
                problems.append(f"{title}: {link} is in none of {', '.join(commits)}")
    about = f", without {', '.join(sorted(lacking))}" if lacking else ""
    print("\n".join(problems) or f"{checked} files{about}")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main(*sys.argv[1:])

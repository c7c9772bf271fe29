"""Checks the links of a site.

    check_site.py FOLDER

Each link, image, script and style sheet within the site leads to a file of the
folder, and each anchor to an element with that id. Pages load nothing from
outside: only links that a reader follows may lead there.
"""

import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Attributes with addresses, of the elements that load what they name.
LOADED = {"img": "src", "script": "src", "link": "href", "iframe": "src"}


class Page(HTMLParser):
    """The addresses in a page, and what can be linked to."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.addresses: list[tuple[str, str]] = []
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.ids.update(named[name] or "" for name in ("id", "name") if name in named)
        address = named.get(LOADED.get(tag, "href" if tag == "a" else ""))
        if address and named.get("rel") != "canonical":
            self.addresses.append((tag, address))


read = cache(Page)


def problem(site: Path, file: Path, tag: str, address: str) -> str:
    """What is wrong with an address in a page."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return f"<{tag}> loads {address}" if tag in LOADED else ""
    path = file
    if parts.path:
        start = site if parts.path.startswith("/") else file.parent
        path = (start / unquote(parts.path).lstrip("/")).resolve()
    if path.is_dir():
        path /= "index.html"
    if not path.is_file() or not path.is_relative_to(site):
        return f"there is no {address}"
    anchor = unquote(parts.fragment)
    if anchor and path.suffix == ".html" and anchor not in read(path).ids:
        return f"nothing in {path.name} has the id {anchor}"
    return ""


def main(folder: str) -> None:
    site = Path(folder).resolve()
    checked, problems = 0, []
    for file in sorted(site.rglob("*.html")):
        for tag, address in read(file).addresses:
            checked += 1
            wrong = problem(site, file, tag, address)
            if wrong:
                problems.append(f"{file.relative_to(site)}: {wrong}")
    # Style sheets load fonts and images.
    for file in site.rglob("*.css"):
        if "url(http" in file.read_text() or "@import" in file.read_text():
            problems.append(f"{file.relative_to(site)}: loads from outside")
    print("\n".join(problems) or f"{checked} links")
    sys.exit(bool(problems) or not checked)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Makes the site of the repository's documents, for mkdocs.

Documents link to each other and to sources as files of the repository, so that
links work on a code host and in an editor. The site has a page for each of these
files: documents above docs/ are pages as well, and so is what documents link to
beside docs/, below `source/`, with its text.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pygments.lexers import get_lexer_for_filename
from pygments.util import ClassNotFound

#: Documents above docs/, and their pages.
ABOVE = {
    "README.md": "index.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
}
#: Code, which is left alone, or a link within the repository.
LINK = re.compile(
    r"^ *```.*?^ *```$|`[^`\n]*`|(?<=\]\()(?P<target>[^)\s:#]+)(?=[)#])", re.S | re.M
)
#: What check_examples.py reads of a block's first line, and mkdocs does not.
MARKS = re.compile(r"^( *```\w+) \{.*\}$", re.M)
#: A bar in a cell, which mkdocs reads as such within code.
BAR = re.compile(r"^\|.*\\\|.*$", re.M)


def path_of(uri: str) -> str:
    """The path in the repository of what a page is made of."""
    return next((p for p, u in ABOVE.items() if u == uri), f"docs/{uri}")


def uri_of(path: str) -> str:
    """The page, or the file, that a path in the repository is on the site."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return ABOVE.get(path) or f"source/{path}.md"


def resolve(uri: str, target: str) -> str:
    """The path in the repository that a page links to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path_of(uri)), target))


def source_page(root: Path, path: str) -> str:
    """The text of a source file, or the names in a folder."""
    if (root / path).is_dir():
        names = sorted(
            f"- `{entry.name}{'/' * entry.is_dir()}`"
            for entry in (root / path).iterdir()
            if not entry.name.startswith((".", "_"))
        )
        body = "\n".join(names)
    else:
        try:
            language = get_lexer_for_filename(path).aliases[0]
        except ClassNotFound:
            language = "text"
        body = f"~~~~~~ {language}\n{(root / path).read_text()}\n~~~~~~"
    return f"---\nsearch:\n  exclude: true\n---\n\n# {path}\n\n{body}\n"


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    root = Path(config.config_file_path).parent
    for path, uri in ABOVE.items():
        text = (root / path).read_text()
        files.append(File.generated(config, uri, content=text))
    for file in files.documentation_pages():
        for link in LINK.finditer(file.content_string):
            path = resolve(file.src_uri, link["target"]) if link["target"] else ""
            uri = uri_of(path)
            if (
                uri.startswith("source/")
                and (root / path).exists()
                and not files.get_file_from_path(uri)
            ):
                text = source_page(root, path)
                files.append(File.generated(config, uri, content=text))
    return files


def on_page_markdown(
    markdown: str, *, page: Page, config: MkDocsConfig, files: Files
) -> str:
    uri = page.file.src_uri
    if uri.startswith("source/"):
        return markdown

    def on_site(link: re.Match) -> str:
        if not link["target"]:
            return link[0]
        target = uri_of(resolve(uri, link["target"]))
        return posixpath.relpath(target, posixpath.dirname(uri) or ".")

    markdown = MARKS.sub(r"\1", markdown)
    markdown = BAR.sub(lambda row: row[0].replace(r"\|", "|"), markdown)
    return LINK.sub(on_site, markdown)

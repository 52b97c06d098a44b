"""Links in the documents lead somewhere: to a file of this repository, and to a heading in it."""

import re
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
SHOWN = re.compile(r"(?<![\w./])(?:broker|cloud|contract|docs|firmware|mobile_sim|presslight|tests)/[\w./-]+\.\w+")
"""A file of this repository as the documents name it between backticks; what stands in `tests` also without that."""

IN_HTML = re.compile(r'(?:href|src|srcset)="([^"]+)"')


class Link(NamedTuple):
    """A link in the document `at`, as it is written there."""

    at: Path
    target: str


def documents() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines()]


def links(document: Path) -> Iterator[Link]:
    for block in MarkdownIt().enable("table").parse(document.read_text()):
        for token in (block, *(block.children or ())):
            found = [str(token.attrs[name]) for name in ("href", "src") if name in token.attrs]
            if token.type.startswith("html"):
                found += IN_HTML.findall(token.content)
            if token.type == "code_inline":
                found += [f"/{name}" for name in SHOWN.findall(token.content)]
            yield from (Link(document, target) for target in found)


def anchors(document: Path) -> set[str]:
    """Where its headings are found, as GitHub names them."""
    blocks = MarkdownIt().parse(document.read_text())
    titles = [text.content for opened, text in pairwise(blocks) if opened.type == "heading_open"]
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def trouble(link: Link) -> str | None:
    """What is wrong with a link; None: nothing, or it leads away from here."""
    if re.match(r"\w+:", link.target):
        return None
    name, _, anchor = link.target.partition("#")
    file = ROOT / name[1:] if name.startswith("/") else link.at.parent / name if name else link.at
    if not file.exists() and not (ROOT / "tests" / name[1:]).exists():
        return f"there is no {name}"
    return f"{file.name} has no heading #{anchor}" if anchor and anchor not in anchors(file) else None


@pytest.mark.parametrize("document", documents(), ids=lambda document: document.relative_to(ROOT).as_posix())
def test_links_of_a_document_lead_somewhere(document: Path) -> None:
    wrong = [f"{link.target}: {why}" for link in links(document) if (why := trouble(link))]
    assert not wrong, "\n".join(wrong)


def test_every_picture_is_shown_somewhere() -> None:
    shown = {(link.at.parent / link.target).resolve() for document in documents() for link in links(document)}
    assert set((ROOT / "docs" / "pictures").iterdir()) <= shown


@pytest.mark.parametrize("target", ["docs/nothing.md", "README.md#nothing", "#nothing", "/tests/test_nothing.py"])
def test_dead_link_is_found(target: str) -> None:
    assert trouble(Link(ROOT / "README.md", target))

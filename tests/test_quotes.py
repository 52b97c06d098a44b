"""What the documents quote of presslight: command lines that it takes, and words that it says."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from presslight.command import Verbs
from tests.test_links import ROOT, documents

COMMAND = re.compile(r"^(?:sudo (?:-u \w+ )?)?(?:\S*bin/)?(presslight|make) ([a-z].*)$", re.MULTILINE)
"""A line to be pasted. One that begins otherwise, such as one for a container, is not looked at."""

TROUBLES = (ROOT / "docs/first-light.md").read_text().split("\n## If it does not\n")[1].split("\n## ")[0]


def blocks(document: Path) -> Iterator[str]:
    """What a document has to be pasted."""
    for block in MarkdownIt().parse(document.read_text()):
        if block.type == "fence" and block.info in ("", "sh"):
            yield block.content


def commands() -> Iterator[tuple[str, str]]:
    """Each program that a block of a document calls, and with what."""
    for document in documents():
        for block in blocks(document):
            yield from COMMAND.findall(block)


def trouble(program: str, line: str) -> str | None:
    """What is wrong with a command line; None: nothing, as far as can be seen before it is run."""
    name, *words = shlex.split(line, comments=True)
    if program == "make":
        return None if f"\n{name}:" in (ROOT / "Makefile").read_text() else f"make has no {name}"
    try:
        Verbs()[name].make_context(name, words)
    except Exception as error:  # whatever the parser raises
        return repr(error)
    return None


@pytest.mark.parametrize(("program", "line"), sorted(set(commands())))
def test_command_line_of_a_document_is_taken(program: str, line: str) -> None:
    assert trouble(program, line) is None


@pytest.mark.parametrize(
    ("program", "line"),
    [
        ("make", "nothing"),
        ("presslight", "nothing"),
        ("presslight", "up --nothing"),
        ("presslight", "up --lights many"),
        ("presslight", "accounts"),
    ],
)
def test_command_line_that_is_not_taken_is_found(program: str, line: str) -> None:
    assert trouble(program, line)


def test_words_of_each_trouble_are_the_program_s() -> None:
    quoted = [words for row in re.findall(r"^\| (`.*?) \|", TROUBLES, re.MULTILINE) for words in row.split("`")[1::2]]
    said = "\n".join(sentences())
    assert len(quoted) > 10
    assert [words for words in quoted if words not in said] == []


def sentences() -> Iterator[str]:
    """Every text in the command's source, the pieces of one put together."""
    for file in (ROOT / "presslight").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value

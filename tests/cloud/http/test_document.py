import gzip
import html.parser

import pytest

from presslight.cloud.http.document import Document

INDEX = """<head>
    <script src="early.js"></script>
    <link rel="icon" type="image/svg+xml" href="icon.svg">
    <link rel="stylesheet" href="b.css">
    <link rel="stylesheet" href="a.css">
</head><body>
    <script type="module" src="app.js"></script>
</body>
"""
FILES = {
    "index.html": INDEX,
    "icon.svg": "<svg/>",
    "a.css": "a {}\n",
    "b.css": "b {}\n",
    "early.js": "ring();\n",
    "app.js": "go('\\1');\n",
}


class Elements(html.parser.HTMLParser):
    """The text in each style and script."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self.texts: list[tuple[str, str]] = []
        self.feed(document.body.decode())

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            self.texts.append((self.cdata_elem, data))


def test_styles_keep_their_order_and_scripts_their_text() -> None:
    (_, early), (_, style), (_, script) = Elements(Document.of(FILES)).texts
    assert "ring();" in early
    assert style == "\nb {}\na {}\n"
    assert "go('\\1');" in script


def test_nothing_is_left_to_be_loaded() -> None:
    body = Document.of(FILES).body.decode()
    assert "src=" not in body
    assert 'href="data:image/svg+xml;base64,PHN2Zy8+"' in body
    assert body.count("href=") == 1


def test_packed_bytes_are_the_same_document() -> None:
    document = Document.of(FILES)
    assert gzip.decompress(document.packed) == document.body


@pytest.mark.parametrize("name", FILES)
def test_tag_changes_with_each_file_and_with_nothing_else(name: str) -> None:
    changed = Document.of(FILES | {name: FILES[name] + "\n"})
    assert changed.tag != Document.of(FILES).tag
    assert Document.of(dict(FILES)).tag == Document.of(FILES).tag


@pytest.mark.parametrize(
    "change",
    [
        {"app.js": "show('</script>');\n"},
        {"app.js": "show('<!--');\n"},
        {"app.js": "show('</SCRIPT >');\n"},
        {"a.css": "a { content: '</style>' }\n"},
        {"index.html": INDEX.replace("app.js", "other.js")},
        {"index.html": INDEX + '<link rel="icon" href="icon.svg">'},
    ],
)
def test_what_would_break_the_page_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="page"):
        Document.of(FILES | change)

"""The page as one answer: its HTML with the style sheets, the scripts and the icon inside. Pure."""

import base64
import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from presslight.cloud.http.bundle import bundles

_SHEETS = re.compile(r'(?: *<link rel="stylesheet" href="(\w+\.css)">\n)+')
_SHEET = re.compile(r'href="(\w+\.css)"')
_EARLY = re.compile(r'<script src="early\.js"></script>')
_SCRIPT = re.compile(r'<script type="module" src="app\.js"></script>')
_ICON = re.compile(r'href="icon\.svg"')
_MARKUP = re.compile(r"<!--|</?(?:script|style)\b", re.IGNORECASE)

_POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; img-src data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Document:
    """The page as it is sent: bytes, the same with gzip, their ETag, and the policy that lets just these run."""

    body: bytes
    packed: bytes
    tag: str
    policy: str

    @classmethod
    def of(cls, files: Mapping[str, str]) -> "Document":
        """Put `files`, text by name, into `index.html`."""
        early, script = _scripts(files)
        style = _style(files)
        html = _put(_EARLY, files["index.html"], f"<script>{early}</script>")
        html = _put(_SCRIPT, html, f'<script type="module">{script}</script>')
        html = _put(_SHEETS, html, f"    <style>{style}</style>\n")
        body = _put(_ICON, html, f'href="{_as_url(files["icon.svg"])}"').encode()
        # Weak: the same for the bytes and for what they are compressed to.
        tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
        policy = _POLICY.format(script=f"{_permit(early)} {_permit(script)}", style=_permit(style))
        return cls(body, gzip.compress(body, mtime=0), tag, policy)


def _scripts(files: Mapping[str, str]) -> list[str]:
    """The scripts: one that runs as soon as it has arrived, and one that runs once the page has."""
    modules = {name.removesuffix(".js"): text for name, text in files.items() if name.endswith(".js")}
    return [_raw(script) for script in bundles(modules, ["early", "app"])]


def _style(files: Mapping[str, str]) -> str:
    """The style sheets in the order in which the page names them."""
    return _raw("".join(files[name] for name in _SHEET.findall(files["index.html"])))


def _raw(text: str) -> str:
    """The text, if HTML takes it as it stands. Raises ValueError."""
    if found := _MARKUP.search(text):
        raise ValueError(f"{found[0]} cannot stand in a script or a style of the page")
    return f"\n{text}"


def _put(where: re.Pattern[str], html: str, text: str) -> str:
    """Replace the one place. Raises ValueError where there is another number of them."""
    whole, count = where.subn(lambda _: text, html)
    if count != 1:
        raise ValueError(f"the page has {count} places for {where.pattern}")
    return whole


def _as_url(image: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(image.encode()).decode()}"


def _permit(text: str) -> str:
    """The source expression of a policy that permits this text and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

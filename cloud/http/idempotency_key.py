"""The key of a press over HTTP: an Idempotency-Key header is a key of ours, or any text that stands for one. Pure."""

import hashlib
import re

from pydantic import TypeAdapter, ValidationError

from presslight.cloud.errors import Refusal
from presslight.contract.errors import ErrorCode
from presslight.contract.words import Key

_KEY: TypeAdapter[str] = TypeAdapter(Key)
_TEXT = re.compile(r"[\x20-\x7e]{8,128}")


def key_or_text(header: str | None, phone: str) -> tuple[str, bytes | None]:
    """The key that `header` names, or an empty one and the digest of what it says.

    Any other text of 8 to 128 printable ASCII characters is a text. Its digest is made from phone and text, so it
    means the same press at every replica and never another phone's.

    Raises Refusal(KEY_MISSING).
    """
    text = (header or "").strip()
    try:
        return _KEY.validate_python(text), None
    except ValidationError:
        pass
    if _TEXT.fullmatch(text) is None:
        raise Refusal(ErrorCode.KEY_MISSING)
    return "", hashlib.sha256(f"{phone}\n{text}".encode()).digest()

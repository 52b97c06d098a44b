"""The key of a press over HTTP: an Idempotency-Key header is a key of ours, or any text that stands for one. Pure."""

import hashlib
import re

from pydantic import TypeAdapter, ValidationError

from cloud.errors import Refusal
from contract.errors import ErrorCode
from contract.words import Key

_KEY: TypeAdapter[str] = TypeAdapter(Key)
_TEXT = re.compile(r"[\x20-\x7e]{8,128}")


def press_key(header: str | None, phone: str) -> str:
    """The key that `header` names for `phone`.

    A key is taken as it is. Any other text of 8 to 128 printable ASCII characters is the first press of an origin
    made from phone and text, so it means the same press on every replica and never another phone's.

    Raises Refusal(KEY_MISSING).
    """
    text = (header or "").strip()
    try:
        return _KEY.validate_python(text)
    except ValidationError:
        pass
    if _TEXT.fullmatch(text) is None:
        raise Refusal(ErrorCode.KEY_MISSING)
    digest = hashlib.sha256(f"{phone}\n{text}".encode()).hexdigest()
    return f"{digest[:16]}-1"

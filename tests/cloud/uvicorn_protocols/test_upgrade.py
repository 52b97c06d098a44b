import pytest

from presslight.cloud.uvicorn_protocols.upgrade import NO_HANDSHAKE, handshake_error, head_without_upgrade
from presslight.contract.errors import ErrorCode

VERSION = (b"sec-websocket-version", b"13")


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ([VERSION], None),
        ([VERSION, (b"x-name", b"\xff")], None),
        ([VERSION, (b"upgrade", b"\xff")], (ErrorCode.MALFORMED, NO_HANDSHAKE)),
        ([VERSION, (b"sec-websocket-key", b"\xff")], (ErrorCode.MALFORMED, NO_HANDSHAKE)),
        ([], (ErrorCode.UPGRADE_REQUIRED, "")),
        ([VERSION, VERSION], (ErrorCode.UPGRADE_REQUIRED, "")),
        ([(b"sec-websocket-version", b"8")], (ErrorCode.UPGRADE_REQUIRED, "")),
    ],
)
def test_handshake_that_cannot_be_answered_is_refused(
    headers: list[tuple[bytes, bytes]], error: tuple[ErrorCode, str] | None
) -> None:
    assert handshake_error(headers) == error


def test_head_is_the_same_but_for_its_upgrade() -> None:
    headers = [(b"host", b"a"), (b"upgrade", b"h2c"), (b"upgrade", b"TLS/1.0"), (b"content-length", b"2")]
    assert head_without_upgrade(b"POST", b"/x?y", "1.1", headers) == (
        b"POST /x?y HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n"
    )

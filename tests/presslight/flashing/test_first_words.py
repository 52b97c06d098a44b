"""What a light's lines mean after its start."""

import re

import pytest

from presslight.flashing.first_words import UP, FirstWords, Trouble
from presslight.flashing.flash_plan import FIRMWARE


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ("flash: kept off 255", Trouble.WIFI),
        ("Wi-Fi: Wifi Internal Error", Trouble.WIFI),
        ("link lost: [Errno 12] ENOMEM", Trouble.MEMORY),
        ("link lost: 12", Trouble.MEMORY),
        ("link lost: [Errno 113] EHOSTUNREACH", Trouble.BROKER),
        ("link lost: [Errno 104] ECONNRESET", Trouble.BROKER),
        ("link lost: -202", Trouble.BROKER),
        ("link lost: closed by the broker", Trouble.BROKER),
        ("link lost: nothing heard", Trouble.BROKER),
        ("link lost: TLS: the certificate validity starts in the future", Trouble.TLS),
        ("link lost: [Errno -9984] X509 - Certificate verification failed", Trouble.TLS),
        ("link lost: (-30592, 'SSL - A fatal alert message was received')", Trouble.TLS),
        ("link lost: (-9984, b'UNKNOWN ERROR CODE (2700)')", Trouble.TLS),
        ("link lost: -9984", Trouble.TLS),
        ("link lost: -0x2700", Trouble.TLS),
        ("link lost: SSL_INVALID_RECORD", Trouble.TLS),
        ("link lost: the CA's file holds no certificate", Trouble.TLS),
        ("link lost: refused: code 4", Trouble.LOG_IN),
        ("link lost: refused: code 5", Trouble.LOG_IN),
        ("link lost: refused: code 128", Trouble.LOG_IN),
        ("link lost: refused: code 1", Trouble.REFUSED),
        ("link lost: refused: code 3", Trouble.REFUSED),
        ("link lost: refused: code 55", Trouble.REFUSED),
        ("MemoryError: no room for TLS", Trouble.MEMORY),
        ("MemoryError: memory allocation failed, allocating 1024 bytes", Trouble.BROKEN),
        ("BadSettings: settings.json cannot be read: syntax error in JSON", Trouble.BROKEN),
    ],
)
def test_line_has_its_meaning(line: str, trouble: Trouble) -> None:
    words = FirstWords()
    words.hear(line)
    assert words.trouble is trouble
    assert words.why().startswith(trouble)


@pytest.mark.parametrize(
    ("file", "trouble"),
    [
        ("dns.py", Trouble.NAME),
        ("resolver.py", Trouble.NAME),
        ("secure.py", Trouble.TLS),
        ("wire.py", Trouble.BROKER),
    ],
)
def test_each_error_that_the_firmware_words_itself_has_its_meaning(file: str, trouble: Trouble) -> None:
    worded = re.findall(r'OSError\(f?"([^"]+)"', (FIRMWARE / "lamp" / file).read_text())
    plain = [text.replace("{kind}", "name") for text in worded if text != "TLS: "]
    assert plain
    for text in plain:
        words = FirstWords()
        words.hear(f"link lost: {text}")
        assert (text, words.trouble) == (text, trouble)


def test_line_on_which_nothing_is_said_is_no_wi_fi_that_is_wrong() -> None:
    words = FirstWords()
    words.hear("")
    assert words.why() == Trouble.SILENT
    words.hear("ets Jul 29 2019 12:21:46")
    assert words.why() == Trouble.WIFI


def test_link_is_heard_behind_what_the_boot_loader_says() -> None:
    words = FirstWords()
    assert words.hear(f"\ufffd\x00\ufffd{UP}")
    assert words.is_up


def test_link_that_is_up_is_enough() -> None:
    words = FirstWords()
    assert [words.hear(line) for line in ("link lost: no name server", UP)] == [False, True]
    assert words.is_up


def test_what_does_not_go_away_is_not_waited_for() -> None:
    for line, enough in (("link lost: refused: code 5", True), ("link lost: [Errno 113] EHOSTUNREACH", False)):
        words = FirstWords()
        assert [words.hear(line), words.hear("flash: kept on 255"), words.hear(line)] == [False, False, enough]
        assert not words.is_up


def test_line_that_no_terminal_can_show_is_escaped() -> None:
    words = FirstWords()
    words.hear("link lost: \x1b[31m")
    assert "\x1b" not in words.why()

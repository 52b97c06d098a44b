"""What a light's lines mean after its start."""

import re

import pytest

from presslight.flashing.flash_plan import FIRMWARE
from presslight.flashing.startup_monitor import LINK_UP, StartupFault, StartupMonitor


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ("flash: kept off 255", StartupFault.WIFI),
        ("Wi-Fi: Wifi Internal Error", StartupFault.WIFI),
        ("link lost: [Errno 12] ENOMEM", StartupFault.MEMORY),
        ("link lost: 12", StartupFault.MEMORY),
        ("link lost: [Errno 113] EHOSTUNREACH", StartupFault.BROKER),
        ("link lost: [Errno 104] ECONNRESET", StartupFault.BROKER),
        ("link lost: -202", StartupFault.BROKER),
        ("link lost: closed by the broker", StartupFault.BROKER),
        ("link lost: nothing heard", StartupFault.BROKER),
        ("link lost: TLS: the certificate validity starts in the future", StartupFault.TLS),
        ("link lost: [Errno -9984] X509 - Certificate verification failed", StartupFault.TLS),
        ("link lost: (-30592, 'SSL - A fatal alert message was received')", StartupFault.TLS),
        ("link lost: (-9984, b'UNKNOWN ERROR CODE (2700)')", StartupFault.TLS),
        ("link lost: -9984", StartupFault.TLS),
        ("link lost: -0x2700", StartupFault.TLS),
        ("link lost: SSL_INVALID_RECORD", StartupFault.TLS),
        ("link lost: the CA's file holds no certificate", StartupFault.TLS),
        ("link lost: refused: code 4", StartupFault.LOG_IN),
        ("link lost: refused: code 5", StartupFault.LOG_IN),
        ("link lost: refused: code 128", StartupFault.LOG_IN),
        ("link lost: refused: code 1", StartupFault.REFUSED),
        ("link lost: refused: code 3", StartupFault.REFUSED),
        ("link lost: refused: code 55", StartupFault.REFUSED),
        ("MemoryError: no room for TLS", StartupFault.MEMORY),
        ("MemoryError: memory allocation failed, allocating 1024 bytes", StartupFault.BROKEN),
        ("BadSettings: settings.json cannot be read: syntax error in JSON", StartupFault.BROKEN),
    ],
)
def test_line_has_its_meaning(line: str, trouble: StartupFault) -> None:
    words = StartupMonitor()
    words.feed_line(line)
    assert words.fault is trouble
    assert words.explanation().startswith(trouble)


@pytest.mark.parametrize(
    ("file", "trouble"),
    [
        ("dns.py", StartupFault.NAME),
        ("resolver.py", StartupFault.NAME),
        ("secure.py", StartupFault.TLS),
        ("wire.py", StartupFault.BROKER),
    ],
)
def test_each_error_that_the_firmware_words_itself_has_its_meaning(file: str, trouble: StartupFault) -> None:
    worded = re.findall(r'OSError\(f?"([^"]+)"', (FIRMWARE / "lamp" / file).read_text())
    plain = [text.replace("{kind}", "name") for text in worded if text != "TLS: "]
    assert plain
    for text in plain:
        words = StartupMonitor()
        words.feed_line(f"link lost: {text}")
        assert (text, words.fault) == (text, trouble)


def test_line_on_which_nothing_is_said_is_no_wi_fi_that_is_wrong() -> None:
    words = StartupMonitor()
    words.feed_line("")
    assert words.explanation() == StartupFault.SILENT
    words.feed_line("ets Jul 29 2019 12:21:46")
    assert words.explanation() == StartupFault.WIFI


def test_link_is_heard_behind_what_the_boot_loader_says() -> None:
    words = StartupMonitor()
    assert words.feed_line(f"\ufffd\x00\ufffd{LINK_UP}")
    assert words.is_up


def test_link_that_is_up_is_enough() -> None:
    words = StartupMonitor()
    assert [words.feed_line(line) for line in ("link lost: no name server", LINK_UP)] == [False, True]
    assert words.is_up


def test_what_does_not_go_away_is_not_waited_for() -> None:
    for line, enough in (("link lost: refused: code 5", True), ("link lost: [Errno 113] EHOSTUNREACH", False)):
        words = StartupMonitor()
        assert [words.feed_line(line), words.feed_line("flash: kept on 255"), words.feed_line(line)] == [
            False,
            False,
            enough,
        ]
        assert not words.is_up


def test_line_that_no_terminal_can_show_is_escaped() -> None:
    words = StartupMonitor()
    words.feed_line("link lost: \x1b[31m")
    assert "\x1b" not in words.explanation()

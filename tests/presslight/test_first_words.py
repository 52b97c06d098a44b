"""What a light's lines mean after its start."""

import pytest

from presslight.first_words import UP, FirstWords, Trouble


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ("flash: kept off 255", Trouble.WIFI),
        ("Wi-Fi: Wifi Internal Error", Trouble.WIFI),
        ("link lost: -202", Trouble.NAME),
        ("link lost: [Errno -2]", Trouble.NAME),
        ("link lost: [Errno 104] ECONNRESET", Trouble.BROKER),
        ("link lost: closed by the broker", Trouble.BROKER),
        ("link lost: nothing heard", Trouble.BROKER),
        ("link lost: TLS: the certificate validity starts in the future", Trouble.TLS),
        ("link lost: the CA's file holds no certificate", Trouble.TLS),
        ("link lost: refused: code 5", Trouble.LOG_IN),
        ("MemoryError: memory allocation failed, allocating 1024 bytes", Trouble.BROKEN),
        ("BadSettings: settings.json cannot be read: syntax error in JSON", Trouble.BROKEN),
    ],
)
def test_line_has_its_meaning(line: str, trouble: Trouble) -> None:
    words = FirstWords()
    words.hear(line)
    assert words.trouble is trouble
    assert words.why().startswith(trouble)


def test_link_that_is_up_is_enough() -> None:
    words = FirstWords()
    assert [words.hear(line) for line in ("link lost: -202", UP)] == [False, True]
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

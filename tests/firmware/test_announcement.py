import pytest

from lamp.announcement import ANNOUNCE, MARK, NOTHING, Announcement, kept

KEPT = {
    # (message, mark): what the broker keeps
    ("none", "none"): ANNOUNCE,  # a new broker, or one that has lost its memory
    ("none", "other"): ANNOUNCE,  # the light was set up anew
    ("none", "ours"): NOTHING,  # somebody deleted it
    ("same", "ours"): NOTHING,
    ("same", "other"): MARK,
    ("same", "none"): MARK,
    ("other", "ours"): ANNOUNCE,  # another firmware
    ("other", "none"): ANNOUNCE,
}


OURS = b"ours"
TEXTS = {"none": b"", "other": b"another", "same": OURS, "ours": OURS}


def found(subject: Announcement, message: str, mark: str) -> int:
    """Decide on a connection to a broker that keeps this."""
    subject.clear()
    if message != "none":
        subject.hear(memoryview(TEXTS[message]), OURS)
    subject.mark = kept(memoryview(TEXTS[mark]), OURS)
    act: int | None = subject.judge()
    assert act is not None
    return act


@pytest.mark.parametrize(("keeps", "act"), KEPT.items(), ids=str)
def test_what_the_broker_keeps_decides(keeps: tuple[str, str], act: int) -> None:
    subject = Announcement(is_deleted=False)
    assert found(subject, *keeps) == act
    assert subject.is_deleted == (keeps == ("none", "ours"))


def test_deleted_light_stays_away_also_from_a_broker_that_forgot() -> None:
    subject = Announcement(is_deleted=False)
    assert found(subject, "none", "ours") == NOTHING
    for again in (("none", "none"), ("none", "other"), ("none", "ours")):
        assert found(subject, *again) == NOTHING
        assert subject.is_deleted


def test_light_that_somebody_shows_again_is_deleted_no_more() -> None:
    subject = Announcement(is_deleted=True)
    assert found(subject, "other", "none") == ANNOUNCE
    assert not subject.is_deleted
    assert found(subject, "none", "none") == ANNOUNCE


def test_light_that_is_deleted_while_it_listens_stays_away() -> None:
    subject = Announcement(is_deleted=False)
    assert found(subject, "same", "ours") == NOTHING
    subject.hear(memoryview(b""), OURS)
    assert subject.is_deleted
    assert found(subject, "none", "none") == NOTHING


def test_light_that_a_bridge_has_forgotten_while_it_listens_announces_itself_anew() -> None:
    """It empties the mark first."""
    subject = Announcement(is_deleted=False)
    assert found(subject, "same", "ours") == NOTHING
    subject.mark = kept(memoryview(b""), OURS)
    assert subject.judge() is None
    subject.hear(memoryview(b""), OURS)
    assert not subject.is_deleted
    assert subject.judge() == ANNOUNCE


def test_light_that_is_deleted_and_then_forgotten_stays_away() -> None:
    subject = Announcement(is_deleted=True)
    subject.mark = kept(memoryview(b""), OURS)
    subject.hear(memoryview(b""), OURS)
    assert subject.is_deleted
    assert found(subject, "none", "none") == NOTHING


def test_broker_is_asked_once_a_connection() -> None:
    subject = Announcement(is_deleted=False)
    assert found(subject, "none", "none") == ANNOUNCE
    assert subject.judge() is None

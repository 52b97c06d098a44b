from presslight.cloud.websocket.outbox import Outbox


def test_words_leave_in_order_and_before_lights() -> None:
    outbox = Outbox()
    outbox.put_light("kitchen", "k1")
    outbox.put("a")
    outbox.put("b")
    assert outbox.take_frames(10) == ["a", "b", "k1"]
    assert not outbox


def test_of_a_light_only_the_newest_change_waits() -> None:
    outbox = Outbox()
    for number in range(1_000):
        outbox.put_light("kitchen", f"k{number}")
        outbox.put_light("hall", f"h{number}")
    assert len(outbox) == 2
    assert outbox.take_frames(10) == ["k999", "h999"]


def test_status_leaves_behind_the_lights_that_were_told_before_it() -> None:
    outbox = Outbox()
    outbox.put_broker_status("lost")
    outbox.put_light("kitchen", "k1")
    outbox.put_broker_status("found")
    outbox.put("a")
    assert outbox.take_frames(10) == ["a", "k1", "found"]


def test_no_word_is_dropped() -> None:
    outbox = Outbox()
    for number in range(1_000):
        outbox.put(str(number))
    assert outbox.words == 1_000
    taken = []
    while outbox:
        taken += outbox.take_frames(32)
    assert taken == [str(number) for number in range(1_000)]


def test_no_more_is_taken_than_was_asked_for() -> None:
    outbox = Outbox()
    outbox.put("a")
    outbox.put_light("kitchen", "k")
    outbox.put_light("hall", "h")
    assert outbox.take_frames(2) == ["a", "k"]
    assert outbox.take_frames(2) == ["h"]

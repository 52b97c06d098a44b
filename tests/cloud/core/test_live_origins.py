from presslight.cloud.core.live_origins import LiveOrigins


def fill(live: LiveOrigins, until: int = 100, phone: str = "ann") -> None:
    for number in range(4):
        live.hold_place("kitchen", phone, f"{number:016x}", until)


def test_phone_has_four_origins_at_a_light() -> None:
    live = LiveOrigins()
    for number in range(4):
        assert live.has_room("kitchen", "ann", f"{number:016x}", 0)
        live.hold_place("kitchen", "ann", f"{number:016x}", 100)
    assert not live.has_room("kitchen", "ann", "f" * 16, 0)
    assert live.has_room("kitchen", "ann", f"{3:016x}", 0)


def test_other_phones_and_lights_have_their_own() -> None:
    live = LiveOrigins()
    fill(live)
    assert live.has_room("kitchen", "bob", "f" * 16, 0)
    assert live.has_room("hall", "ann", "f" * 16, 0)


def test_origin_gives_way_once_its_newest_deadline_has_passed() -> None:
    live = LiveOrigins()
    fill(live)
    live.hold_place("kitchen", "ann", f"{0:016x}", 50)  # an earlier deadline takes nothing back
    assert not live.has_room("kitchen", "ann", "f" * 16, 99)
    assert live.has_room("kitchen", "ann", "f" * 16, 100)
    live.hold_place("kitchen", "ann", "f" * 16, 200)
    assert len(live._until["kitchen", "ann"]) == 1

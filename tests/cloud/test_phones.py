import pytest

from presslight.cloud.errors import Refusal
from presslight.cloud.phones import Phones
from presslight.contract.errors import ErrorCode


class Session:
    token: str | None = None

    def __init__(self) -> None:
        self.frames: list[str] = []

    def send_light(self, name: str, text: str) -> None:
        self.frames.append(f"{name} {text}")

    def send_broker_status(self, text: str) -> None:
        self.frames.append(text)

    def revoke(self) -> None: ...

    def on_defect(self, error: Exception) -> None:
        self.frames.append(f"ended by {error}")


class BrokenSession(Session):
    def send_light(self, name: str, text: str) -> None:
        raise RuntimeError("a defect")

    def send_broker_status(self, text: str) -> None:
        raise RuntimeError("a defect")


def test_broadcast_goes_to_the_phones_that_have_joined_and_not_left() -> None:
    phones, stays, leaves = Phones(2), Session(), Session()
    phones.join(stays)
    phones.join(leaves)
    phones.send_light("kitchen", "on")
    phones.leave(leaves)
    phones.leave(leaves)
    phones.send_broker_status("away")
    assert (stays.frames, leaves.frames) == (["kitchen on", "away"], ["kitchen on"])
    assert len(phones) == 1


def test_defect_at_one_phone_ends_that_one_and_all_others_are_told() -> None:
    phones, broken = Phones(4), BrokenSession()
    healthy = [Session() for _ in range(3)]
    for session in (healthy[0], broken, *healthy[1:]):
        phones.join(session)
    phones.send_light("kitchen", "on")
    phones.send_broker_status("away")
    assert [session.frames for session in healthy] == [["kitchen on", "away"]] * 3
    assert broken.frames == ["ended by a defect"] * 2


def test_phone_beyond_the_limit_is_refused_and_its_place_is_free_again_later() -> None:
    phones, first = Phones(1), Session()
    phones.join(first)
    with pytest.raises(Refusal) as refused:
        phones.join(Session())
    assert refused.value.code is ErrorCode.OVERLOADED
    phones.leave(first)
    phones.join(Session())

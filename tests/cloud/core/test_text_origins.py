from itertools import count

from presslight.cloud.core.text_origins import TextOrigins
from presslight.contract.words import MAX_SMALL

A, B, C = (f"{number:016x}" for number in range(3))


def origins(most: int = 10) -> TextOrigins:
    numbers = count()
    return TextOrigins(lambda: f"{next(numbers):016x}", most)


def test_presses_of_a_phone_at_a_light_count_up_in_one_origin() -> None:
    texts = origins()
    assert [texts.next("kitchen", "ann") for _ in range(3)] == [f"{A}-1", f"{A}-2", f"{A}-3"]


def test_other_phones_and_lights_have_origins_of_their_own() -> None:
    texts = origins()
    keys = [texts.next(*whose) for whose in (("kitchen", "ann"), ("kitchen", "bob"), ("hall", "ann"))]
    assert keys == [f"{A}-1", f"{B}-1", f"{C}-1"]


def test_key_that_was_not_stored_is_the_next_presses() -> None:
    texts = origins()
    for _ in range(2):
        texts.take_back("kitchen", "ann", texts.next("kitchen", "ann"))
    assert texts.next("kitchen", "ann") == f"{A}-1"
    texts.take_back("kitchen", "ann", f"{B}-1")
    assert texts.next("kitchen", "ann") == f"{A}-2"


def test_number_that_is_the_last_ends_its_origin() -> None:
    texts = origins()
    texts.next("kitchen", "ann")
    texts._newest["kitchen", "ann"] = (A, MAX_SMALL)
    assert texts.next("kitchen", "ann") == f"{B}-1"


def test_whoever_pressed_longest_ago_gets_another_origin() -> None:
    texts = origins(most=2)
    for phone in ("ann", "bob", "ann", "eve"):
        texts.next("kitchen", phone)
    assert texts.next("kitchen", "ann") == f"{A}-3"
    assert len(texts._newest) == 2
    assert texts.next("kitchen", "bob") not in (f"{B}-1", f"{B}-2")

"""What is asked of a name server and what its answer means, on both interpreters; then any bytes for an answer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.firmware.conftest import Both
from tests.firmware.name_answers import AAAA, CNAME, POINTER, A, address, answer, question, record, wire_name

NAME = "broker.example"
ASKED = question(NAME)
NO_ADDRESS = "the name has no IPv4 address"
CUT = "the name server's answer is cut short"


def seen(both: Both, datagram: bytes, name: str = NAME) -> Any:
    """The addresses in a datagram, or what the name server says."""
    [[_, found]] = both("names", [[name, datagram.hex()]])
    return found


@pytest.mark.parametrize("name", [NAME, "broker", "a.b.c.d.example.", "münchen.example", "x" * 63 + ".example"])
def test_question_is_what_the_rfc_says(both: Both, name: str) -> None:
    [[asked, _]] = both("names", [[name, ""]])
    assert asked == question(name).hex()


@pytest.mark.parametrize("name", ["", ".", "a..b", "x" * 64, "::1", "fe80::1%wlan0", "broker:1883"])
def test_text_that_is_no_name_is_told(both: Both, name: str) -> None:
    assert both("names", [[name, ""]]) == [["", "neither a name nor an IPv4 address"]]


def test_addresses_are_found_in_order(both: Both) -> None:
    assert seen(both, answer(ASKED, [address("192.0.2.7"), address("10.0.0.255")])) == ["192.0.2.7", "10.0.0.255"]


def test_aliases_lead_to_addresses(both: Both) -> None:
    chain = [
        record(CNAME, wire_name("a.example")),
        record(CNAME, b"\1b" + POINTER, wire_name("a.example")),
        address("192.0.2.7", b"\1b" + POINTER),
    ]
    assert seen(both, answer(ASKED, chain)) == ["192.0.2.7"]


def test_names_in_other_letters_and_other_records_do_no_harm(both: Both) -> None:
    records = [record(AAAA, bytes(16)), record(16, b"\5hello"), record(A, b"short"), address("192.0.2.7")]
    shouted = answer(ASKED, records).replace(b"example", b"EXAMPLE")
    assert seen(both, shouted) == ["192.0.2.7"]


def test_no_more_than_eight_addresses_are_kept(both: Both) -> None:
    assert seen(both, answer(ASKED, [address(f"10.0.0.{each}") for each in range(20)])) == [
        f"10.0.0.{each}" for each in range(8)
    ]


@pytest.mark.parametrize("text", ["0.0.0.0", "0.1.2.3", "224.0.0.251", "239.255.255.250", "255.255.255.255"])
def test_address_that_no_host_has_is_passed_over(both: Both, text: str) -> None:
    assert seen(both, answer(ASKED, [address(text), address("1.0.0.0"), address("223.0.0.1")])) == [
        "1.0.0.0",
        "223.0.0.1",
    ]
    assert seen(both, answer(ASKED, [address(text)])) == NO_ADDRESS


def test_address_that_comes_again_takes_no_other_one_s_place(both: Both) -> None:
    records = [address("10.0.0.1")] * 10 + [address("10.0.0.2"), address("10.0.0.1")]
    assert seen(both, answer(ASKED, records)) == ["10.0.0.1", "10.0.0.2"]


def cut(datagram: bytes) -> bytes:
    """The same, with the bit that says so (TC)."""
    return datagram[:2] + bytes((datagram[2] | 2,)) + datagram[3:]


def test_answer_that_was_cut_gives_what_it_holds(both: Both) -> None:
    assert seen(both, cut(answer(ASKED, [address("192.0.2.7")]))) == ["192.0.2.7"]


@pytest.mark.parametrize(
    ("datagram", "said"),
    [
        (answer(ASKED, code=3), "the name is unknown"),
        (answer(ASKED, code=2), "the name server refuses"),
        (answer(ASKED, code=5), "the name server refuses"),
        (answer(ASKED), NO_ADDRESS),
        (answer(ASKED, [record(AAAA, bytes(16))]), NO_ADDRESS),
        (answer(ASKED, [record(CNAME, wire_name("a.example"))]), NO_ADDRESS),
        (cut(answer(ASKED)), CUT),
        (cut(answer(ASKED, [record(CNAME, wire_name("a.example"))])), CUT),
        (cut(answer(ASKED, code=3)), "the name is unknown"),
    ],
    ids=[
        "NXDOMAIN",
        "SERVFAIL",
        "REFUSED",
        "nothing",
        "IPv6 alone",
        "alias of nothing",
        "cut",
        "cut alias",
        "cut NXDOMAIN",
    ],
)
def test_name_server_that_knows_no_address_is_told(both: Both, datagram: bytes, said: str) -> None:
    assert seen(both, datagram) == said


GOOD = answer(ASKED, [address("192.0.2.7")])


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        ASKED,
        b"NM" + GOOD[2:],
        answer(question("other.example"), [address("192.0.2.7")]),
        answer(question("broker.example.example"), [address("192.0.2.7")]),
        answer(ASKED[:-4] + b"\0\x1c\0\1", [address("192.0.2.7")]),
        GOOD[:4] + b"\0\0" + GOOD[6:],
        GOOD[: len(ASKED) - 1],
        GOOD[:-1],
        answer(ASKED, [b"\x3f" * 9]),
        answer(ASKED, count=65_535),
        answer(ASKED, [record(A, bytes(4))[:-6] + b"\xff\xff" + bytes(4)], count=2),
    ],
    ids=lambda datagram: datagram.hex()[:40],
)
def test_what_is_no_answer_to_the_question_is_passed_over(both: Both, datagram: bytes) -> None:
    assert seen(both, datagram) == []


def test_answer_that_is_cut_short_gives_what_came_whole(both: Both) -> None:
    whole = answer(ASKED, [address("192.0.2.7"), address("192.0.2.8")])
    assert [seen(both, whole[: len(whole) - cut]) for cut in (1, 15, 16)] == [["192.0.2.7"]] * 3


def is_sound(found: Any) -> bool:
    """Addresses, or one of the sentences; nothing else ever comes of a datagram."""
    if isinstance(found, str):
        return found in {"the name is unknown", "the name server refuses", NO_ADDRESS, CUT}
    return len(found) <= 8 and all(len(each.split(".")) == 4 for each in found)


@given(st.binary(max_size=512))
def test_any_bytes_are_addresses_or_a_refusal_or_passed_over(both: Both, datagram: bytes) -> None:
    assert is_sound(seen(both, datagram))


@given(st.binary(max_size=512 - len(ASKED)), st.integers(0, 15), st.integers(0, 65_535))
def test_any_bytes_behind_the_question_are_read_to_an_end(both: Both, rest: bytes, code: int, count: int) -> None:
    """Pointers in circles, labels without end, lengths beyond the datagram: 65,535 records cost no more than 512 B."""
    assert is_sound(seen(both, answer(ASKED, [rest], code=code, count=count)))


@given(
    st.lists(
        st.one_of(
            st.ip_addresses(v=4).map(lambda each: (str(each), address(str(each)))),
            st.tuples(st.none(), st.builds(record, st.integers(2, 65_535), st.binary(max_size=40))),
        ),
        max_size=12,
    )
)
def test_every_address_is_found_among_any_other_records(both: Both, records: list[tuple[str | None, bytes]]) -> None:
    found = seen(both, answer(ASKED, [each for _, each in records]))
    hosts = [text for text, _ in records if text and 0 < int(text.split(".")[0]) < 224]
    assert found == (list(dict.fromkeys(hosts))[:8] or NO_ADDRESS)

"""docs/failure-modes.md, checked: no entry is missing, no answer is vague, every test that it names exists.

That each of them ran and passed is checked at the end of a whole run, by `tests/outcomes.py`.
"""

import ast
import re
from pathlib import Path

import pytest

from tests.failure_entries import ENTRIES, FIELDS, NAMED, Entry, Named, entries, named_tests
from tests.outcomes import Outcomes

TESTS = Path(__file__).parent
VAGUE = re.compile(r"\b(undefined|hangs?|unknown behaviou?r|unclear|tbd|depends)\b|\?\?", re.IGNORECASE)
WITHIN = re.compile(r"at once|\b\d+(\.\d+)? s\b|one round trip|at its boot|time that the caller gives it")
REQUIRED = {
    "phone": {"asleep", "reloaded or app killed", "disk", "clock", "token revoked", "unknown token", "too many presses",
              "reads nothing", "no longer so", "many at once", "overtaken"},
    "network": {"slow and lossy", "answer lost", "forgot the connection", "none", "half-open", "uplink full",
                "captive portal", "WebSocket", "not found", "name service", "duplicates", "certificate expired"},
    "bridge": {"killed", "deployed", "stands still", "overloaded", "replicas killed", "same key", "open files",
               "mistake", "clock", "garbage"},
    "broker": {"dead", "delivers nothing", "without what it retained", "light only", "retained", "another light's name",
               "garbage"},
    "store": {"disk full", "locked", "frozen or crashed", "power cut", "replaced", "log of changes", "later version"},
    "light's power": {"none", "nobody saw it go", "cut and back", "middle of a boot", "is held"},
    "light's Wi-Fi": {"during a press", "button", "driver has given up", "driver fails with an error",
                      "does not come back", "half-open", "no address", "name server fails", "addresses is dead", "IPv6",
                      "stands still", "handshake", "certificate"},
    "light's flash": {"middle of a write", "refuses", "is full", "cannot be read", "certificate"},
    "light's clock": {"wraps", "drifts", "no date", "time server is silent", "time server lies"},
    "light's firmware": {"task breaks", "endless loop", "no memory", "memory for TLS", "garbage", "16 phones",
                         "update", "dies"},
    "operator": {"port in use", "address", "bridge's password", "light's password", "settings", "CA file",
                 "without a CA", "no Mosquitto", "no MicroPython", "wrong token", "new chip", "no ESP32", "second chip",
                 "gets no link"},
}  # fmt: skip
"""Each component and, by words of their own, the ways it fails that must have an entry."""


def is_there(test: Named) -> bool:
    file = TESTS / test.file
    if not file.is_file():
        return False
    functions = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return any(
        isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name == test.name for each in functions
    )


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.component}: {entry.fails}"[:60])
def test_entry_says_what_and_when_and_names_tests_that_are_there(entry: Entry) -> None:
    assert [name for name, _ in entry.fields] == FIELDS
    assert all(text for _, text in entry.fields), "a field is empty"
    assert not VAGUE.search(" ".join((entry.fails, *(text for _, text in entry.fields))))
    assert WITHIN.search(entry["within"]), "no time"
    assert entry.tests
    assert any(not test.is_nightly for test in entry.tests), "only nightly tests show it"
    assert [test for test in entry.tests if not is_there(test)] == []
    assert not NAMED.sub("", entry["shown by"]).strip(" -"), "something that is no test"


@pytest.mark.parametrize("component", REQUIRED)
def test_every_way_that_a_component_fails_has_its_entry(component: str) -> None:
    told = [entry.fails.lower() for entry in ENTRIES if entry.component == component]
    assert [way for way in REQUIRED[component] if not any(way.lower() in each for each in told)] == []


def test_every_entry_is_of_a_component_of_the_list() -> None:
    assert {entry.component for entry in ENTRIES} == set(REQUIRED)


def test_vague_or_empty_answers_are_found() -> None:
    assert VAGUE.search("the page hangs")
    assert VAGUE.search("undefined")
    text = "## Phone\n\n### phone: asleep\n\n- within: 2 s\n  or more\n- shown by:\n  - `a.py::test_b`\n"
    assert entries(text) == [Entry("phone", "asleep", (("within", "2 s or more"), ("shown by", "- `a.py::test_b`")))]


def outcomes_of(*, nightly: bool = False, **of_test: str) -> Outcomes:
    outcomes = Outcomes()
    for number, test in enumerate(sorted(named_tests(nightly=nightly))):
        outcomes.collected.add(test)
        outcomes.saw(f"{test}[{number}]", "passed")
    for test, outcome in of_test.items():
        outcomes.saw(next(each for each in outcomes.collected if test in each), outcome)
    return outcomes


@pytest.mark.parametrize("nightly", [False, True])
def test_whole_run_shows_every_entry(nightly: bool) -> None:
    assert named_tests(nightly=nightly)
    assert outcomes_of(nightly=nightly).unshown() == {}


def test_night_in_which_a_test_of_its_own_failed_is_told() -> None:
    failed = outcomes_of(nightly=True, test_thousands_of_presses="failed").unshown()
    assert [each.partition("::")[2] for each in failed] == ["test_thousands_of_presses_on_a_slow_network"]


def test_entry_whose_test_failed_or_did_not_run_is_not_shown() -> None:
    failed = outcomes_of(test_same_key_acts_once="failed").unshown()
    assert [(each.partition("::")[2], seen) for each, seen in failed.items()] == [
        ("test_same_key_acts_once", {"failed", "passed"})
    ]
    lazy = Outcomes()
    lazy.collected = named_tests()
    assert set(lazy.unshown()) == named_tests()


def test_test_that_is_skipped_with_a_reason_is_no_failure() -> None:
    outcomes = Outcomes()
    outcomes.collected = named_tests()
    for test in named_tests():
        outcomes.saw(test, "skipped")
    assert outcomes.unshown() == {}


def test_run_of_a_part_has_nothing_to_show() -> None:
    part = Outcomes()
    part.collected = set(sorted(named_tests())[1:])
    assert part.unshown() == {}

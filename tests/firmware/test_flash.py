"""Two files on the medium, and the power that goes at any byte of a write."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamp import flash, record
from tests.firmware.conftest import Both

FIRST, SECOND, THIRD = [1, True, 10], [1, False, 20], [2, True, 30]


class Medium:
    """A folder that both interpreters find empty, one after the other."""

    def __init__(self, both: Both, folder: Path) -> None:
        self._both = both
        self._folder = folder

    def boots(self, *steps: list[Any]) -> list[list[Any]]:
        """What a boot finds after each step."""
        return self._both("flashes", [str(self._folder), *steps])


@pytest.fixture
def medium(both: Both, tmp_path: Path) -> Medium:
    return Medium(both, tmp_path)


def torn(sequence: int, content: list[Any], cut: int) -> list[Any]:
    """The step that leaves the first `cut` bytes of a write."""
    return [sequence % 2, record.encode((sequence, *content))[:cut].hex()]


def test_what_was_kept_is_found_after_a_boot(medium: Medium) -> None:
    assert medium.boots(FIRST, SECOND, THIRD, FIRST) == [FIRST, SECOND, THIRD, FIRST]


@pytest.mark.parametrize("cut", range(record.SIZE + 1))
def test_write_cut_at_any_byte_leaves_the_old_record_or_the_new_and_goes_on(medium: Medium, cut: int) -> None:
    *_, found, then, again = medium.boots(FIRST, SECOND, torn(3, THIRD, cut), [5, True, 50], [6, True, 60])
    assert found == (THIRD if cut == record.SIZE else SECOND)
    assert (then, again) == ([5, True, 50], [6, True, 60])


@pytest.mark.parametrize("cut", range(record.SIZE))
def test_first_write_of_all_cut_at_any_byte_leaves_a_new_light(medium: Medium, cut: int) -> None:
    assert medium.boots(torn(1, FIRST, cut), SECOND) == [[0, False, 255], SECOND]


powers = st.tuples(st.booleans(), st.integers(1, 255))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])  # each starts with empty places
@given(st.lists(st.tuples(powers, powers, st.none() | st.integers(0, record.SIZE - 1)), max_size=12))
def test_epoch_that_was_kept_is_never_given_again(
    both: Both, tmp_path: Path, script: list[tuple[tuple[bool, int], tuple[bool, int], int | None]]
) -> None:
    """Each boot keeps an epoch of its own before anybody hears of it, then a change; the power may go in any write."""
    medium = Medium(both, tmp_path)
    steps: list[list[Any]] = []
    sequence, kept = 0, list(record.NEW[1:])
    expected, heard = [], []
    for first, second, cut in script:
        for power in (first, second):
            content = [kept[0] + (power is first), *power]
            if cut is not None and power is second:
                steps.append(torn(sequence + 1, content, cut))
            else:
                steps.append(content)
                sequence += content != kept
                kept = content
            expected.append(kept)
        heard.append(kept[0])
    assert medium.boots(*steps) == expected
    assert heard == sorted(set(heard))


def test_record_that_says_nothing_new_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    subject = flash.Flash()
    subject.keep(1, True, 10)
    before = {place: Path(place).read_bytes() for place in flash.PLACES if Path(place).exists()}
    subject.keep(1, True, 10)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_medium_that_takes_no_write_is_told_and_the_next_write_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    subject = flash.Flash()
    blocks = tmp_path / flash.PLACES[1]
    blocks.mkdir()
    subject.keep(*FIRST)
    assert "flash: " in capsys.readouterr().out
    shutil.rmtree(blocks)
    subject.keep(*FIRST)
    again = flash.Flash()
    assert [again.epoch, again.is_on, again.brightness] == FIRST

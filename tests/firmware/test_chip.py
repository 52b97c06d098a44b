"""What is asked of a chip: the words, and all that every chip has at once."""

from pathlib import Path

import pytest

from presslight.contract.errors import Invalid
from presslight.simulated.chip import ORDINARY, WORDS, check_words
from presslight.simulated.simulated_light import FIRMWARE
from tests.firmware.hostile_life import comes_back, hostile_light, lives
from tests.firmware.script import Run

CHIP = FIRMWARE / "simulator" / "chip"


def test_every_word_has_its_stand_in_and_every_stand_in_its_word() -> None:
    assert {word.split()[0] for word in WORDS} == {path.stem for path in CHIP.glob("[!_]*.py")}


def test_ordinary_chip_has_words_only() -> None:
    assert check_words(ORDINARY) == ORDINARY


@pytest.mark.parametrize(
    "word", ["", "sing", "tick", "tick 0", "tick 10 10", "flash EPERM open", "flash EIO close", "brownout 1", "heap 0"]
)
def test_what_is_no_word_is_refused_with_those_that_are(word: str) -> None:
    with pytest.raises(Invalid, match="there are: tick MS, "):
        check_words([word])


def test_heap_comes_last() -> None:
    assert check_words(["heap 56", " clock ", "tick  10"]) == ("clock", "tick 10", "heap 56")


@pytest.mark.parametrize("word", [word.split()[0] for word in WORDS])
async def test_nothing_is_loaded_that_is_not_asked_for(run: Run, word: str) -> None:
    asked = "tick 10" if word != "tick" else "clock"
    script = await run(f"import sys, machine, network, socket; print('chip.{word}' in sys.modules)", chip=[asked])
    assert await script.rest() == ["False"]


async def test_light_lives_on_an_ordinary_chip(tmp_path: Path) -> None:
    async with hostile_light(tmp_path, *ORDINARY) as (light, broker):
        await lives(light, broker)
        await comes_back(light, broker)

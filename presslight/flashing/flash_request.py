"""The request of `presslight flash`: the plan, and the light's settings. Pure: no step is run here."""

from collections.abc import Iterator
from dataclasses import dataclass

from presslight.contract.errors import Invalid, printable
from presslight.flashing import chip_pins
from presslight.flashing.board import Board
from presslight.flashing.chosen_light import ChosenLight
from presslight.flashing.esp_image import CHIPS, Chip, check_sha256, check_version, check_whole, chip_of
from presslight.flashing.flash_plan import FlashPlan, Step

CLASSIC = CHIPS[0]


@dataclass(frozen=True)
class FlashRequest:
    """The plan and its light. `light` None: the settings stay. `watch_s`: the limit for watching the start; 0: none.

    `image_sum`: the required SHA-256 of the image; None: any.
    """

    plan: FlashPlan
    light: ChosenLight | None = None
    watch_s: float = 0
    image_sum: str | None = None

    def check_request(self) -> None:
        """Raise Invalid for errors that can be found before the chip is changed."""
        chip = None
        if self.plan.image:
            chip = chip_of(self.plan.image)
            check_whole(self.plan.image)
            if self.image_sum is not None:
                check_sha256(self.plan.image, self.image_sum)
            check_version(self.plan.image)
        if self.light:
            self.light.check_settings()
        if self.light and chip:
            chip_pins.check_pins(chip, self.light.pins(chip))

    def check_board(self, board: Board) -> None:
        """Raise Invalid where the request does not fit the board."""
        if unusable := board.unusable():
            raise Invalid(unusable)
        if self.light and board.chip is None:
            raise Invalid(f"the board says {printable(board.machine)}, and presslight knows no pins of such a chip")
        if self.light and board.chip:
            chip_pins.check_pins(board.chip, self.light.pins(board.chip), board.pins)

    def warnings(self, board: Board, known: str | None = None) -> Iterator[str]:
        """One sentence for each setting with a side effect. `known`: the former chip of that name."""
        if self.light and board.chip:
            yield from self.light.warnings(board.chip)
        if self.light and known not in (None, board.number):
            yield (
                f"the broker knows {self.light.name} as another chip ({printable(known or '')}; this one is "
                f"{printable(board.number)}): two lamps of one name disconnect each other; give each its own, or leave "
                "that one off"
            )

    def setup(self, board: Board | None = None) -> dict[str, str]:
        """The light's setup files. `board` None: the chip is taken from the image, else the classic ESP32."""
        if self.light is None:
            return {}
        return self.light.files((board.chip if board else self._expected()) or CLASSIC)

    def steps(self) -> Iterator[Step]:
        """Each step, as far as it is known before the board is asked."""
        return self.plan.steps(self.setup())

    def _expected(self) -> Chip:
        return chip_of(self.plan.image) if self.plan.image else CLASSIC

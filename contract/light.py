"""A light's attributes: each is stated here, once, and copied whole from message to message.

The JSON stays flat, as Home Assistant's schema has it: `{"state": "ON", "brightness": 128, …}`. Messages inherit the
attributes; `attributes()` copies them: `View(**report.attributes(), id=…)`. `docs/architecture.md`, "How to add an
attribute of a light", lists what else a new one needs.
"""

from typing import Annotated, Any, Literal, Required, TypedDict

from pydantic import BaseModel, ConfigDict, Field

from presslight.contract.words import OpenWord

Power = Literal["ON", "OFF"]

Brightness = Annotated[int, Field(ge=1, le=255)]
"""1-255 as perceived (gamma is the light's business); 0 is never sent, OFF says that."""

Trait = OpenWord
"""An ability of a light: `on_off`, `brightness` (which includes `on_off`), or one of a newer firmware: passed on."""


class LightWish(BaseModel):
    """A light as somebody wants it: absolute values, never a toggle. None: the attribute stays as it is."""

    model_config = ConfigDict(strict=True, frozen=True)

    state: Power
    brightness: Brightness | None = None

    def attributes(self) -> dict[str, Any]:
        """Every attribute by its name, without the other fields of the message."""
        return {name: getattr(self, name) for name in LightWish.model_fields}


class LightState(LightWish):
    """A light as it is. `brightness`: beside OFF, how bright it will be with the next ON."""

    brightness: Brightness


class WishFields(TypedDict, total=False):
    """The attributes of a LightWish as keyword arguments, not judged yet."""

    state: Required[Power]
    brightness: int | None

"""A phone that has signed in, and its rights. Pure."""

from typing import NamedTuple


class Principal(NamedTuple):
    """A phone that has signed in. `name`: as its token was issued to; phones of one name are one principal.

    Each light may be seen and pressed by everybody for now. Homes and guests change these two answers and nothing
    else: they are asked wherever a light is shown or pressed.
    """

    name: str

    def may_see(self, light: str) -> bool:  # noqa: ARG002 -- see above
        """Whether the light may be shown to them."""
        return True

    def may_press(self, light: str) -> bool:  # noqa: ARG002 -- see above
        """Whether a press of theirs may change the light."""
        return True

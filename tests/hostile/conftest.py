"""A house as the bridge's own tests have it: a real broker, a bridge, fake lights and raw phones."""

from tests.cloud.conftest import accounts, closed_house, house

__all__ = ["accounts", "closed_house", "house"]  # fixtures, found by name

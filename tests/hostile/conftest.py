"""A house as the bridge's own tests have it: a real broker, a bridge, fake lights and raw phones."""

from tests.cloud.conftest import accounts, address, any_house, closed_house, database_url, house

__all__ = ["accounts", "address", "any_house", "closed_house", "database_url", "house"]  # fixtures, found by name

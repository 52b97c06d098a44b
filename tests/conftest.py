"""What every folder of tests shares."""

import pytest

from presslight.micropython import Command, ensure


@pytest.fixture(scope="session")
def micropython() -> Command:
    """The command that starts the real MicroPython; append a script's path."""
    return ensure()

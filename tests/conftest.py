"""What every folder of tests shares."""

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from presslight import full_collections
from presslight.micropython import Command, MicropythonMissing, ensure
from tests import forked, syntax_trees
from tests.lost_exceptions import lost_exceptions
from tests.order import pytest_collection_modifyitems
from tests.outcomes import pytest_configure
from tests.postgres import PostgresServer

__all__ = ["lost_exceptions", "pytest_collection_modifyitems", "pytest_configure"]  # found by name

# No deadline: a busy machine is not a failure. In CI the same examples each time: news is for `make test` at a desk,
# and for `make nightly`, which tries thirty times as many of each property.
settings.register_profile("presslight", deadline=None, max_examples=30, derandomize="CI" in os.environ)
settings.register_profile("nightly", deadline=None, max_examples=1_000)
settings.load_profile("presslight")

syntax_trees.protect()

# Under nohup, or in the background of a script, this run ignores them and goes on; what it starts must not ignore them,
# too: a handler ends with exec, and SIG_IGN does not.
for number in (signal.SIGHUP, signal.SIGINT):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, lambda *_: None)


def pytest_collection_finish() -> None:
    """Exempt the tests from garbage collections: a full one took 0.3 s, in which nothing of a test's house answers."""
    full_collections.make_rare()


@pytest.fixture(scope="session")
def micropython() -> Command:
    """The command that starts the real MicroPython; append a script's path."""
    return ensure()


@pytest.fixture(scope="session")
def micropython_32() -> Command:
    """One whose words are as long as the chip's; where this machine has none or runs none, its tests are skipped."""
    try:
        return ensure(bits=32)
    except MicropythonMissing as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the whole run; each test makes a database of its own."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def fork_server() -> Iterator[None]:
    """The server that `tests/forked.py` starts when first asked ends with the run."""
    yield
    forked.SERVER.close()

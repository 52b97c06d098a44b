"""What became of every test of this run, for the one that asks at its end."""

from collections import defaultdict
from collections.abc import Generator

import pytest

LAST = "test_every_named_test_ran_and_passed"


class Outcomes:
    """`collected`: every test that was to run, named without parameters."""

    def __init__(self) -> None:
        self.collected: set[str] = set()
        self._seen: defaultdict[str, set[str]] = defaultdict(set)

    def of(self, test: str) -> set[str]:
        """`passed`, `failed`, `skipped`: what became of it, under all its parameters."""
        return self._seen[test]

    def saw(self, test: str, outcome: str) -> None:
        """A test ended so."""
        self._seen[test].add(outcome)


OUTCOMES = pytest.StashKey[Outcomes]()


def pytest_configure(config: pytest.Config) -> None:
    """Nothing has run yet."""
    config.stash[OUTCOMES] = Outcomes()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note what is to run, and put the one that asks for it at the end."""
    config.stash[OUTCOMES].collected = {bare(item.nodeid) for item in items}
    items.sort(key=lambda item: bare(item.name) == LAST)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note what became of a test; its setting up and taking down count only where they fail, or skip."""
    report = yield
    if report.when == "call" or not report.passed:
        item.config.stash[OUTCOMES].saw(bare(item.nodeid), report.outcome)
    return report


def bare(name: str) -> str:
    """A test's name without its parameters."""
    return name.partition("[")[0]

"""What became of every test of a run. At the end of a whole one, each entry of docs/failure-modes.md must be shown."""

from collections import defaultdict

import pytest

from tests.failure_entries import named_tests


class Outcomes:
    """`collected`: every test that was to run. Tests are named without parameters."""

    def __init__(self) -> None:
        self.collected: set[str] = set()
        self._seen: defaultdict[str, set[str]] = defaultdict(set)

    def saw(self, test: str, outcome: str) -> None:
        """A test ended so: `passed`, `failed`, `skipped`."""
        self._seen[bare(test)].add(outcome)

    def unshown(self) -> dict[str, set[str]]:
        """The tests named by an entry that did not pass, with what became of them. A part of the suite shows nothing.

        Those of the day and those of the night are a suite each.
        """
        suites = [suite for suite in (named_tests(), named_tests(nightly=True)) if suite <= self.collected]
        seen = {test: self._seen[test] for suite in suites for test in suite}
        return {
            test: became
            for test, became in seen.items()
            if became != {"skipped"} and became - {"skipped"} != {"passed"}
        }


OUTCOMES = pytest.StashKey[Outcomes]()


def pytest_configure(config: pytest.Config) -> None:
    """Nothing has run yet."""
    config.stash[OUTCOMES] = Outcomes()
    config.pluginmanager.register(_Notes(config.stash[OUTCOMES]), "outcomes")


class _Notes:
    """Hears of all tests: in this process, or where they run in several, in the one that leads them."""

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """These are to run, and those that were deselected are not."""
        self._outcomes.collected |= {bare(item.nodeid) for item in session.items}

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """These are to run, in several processes."""
        self._outcomes.collected |= {bare(each) for each in ids}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One ended; its setting up and taking down count only where they fail, or skip."""
        if report.when == "call" or not report.passed:
            self._outcomes.saw(report.nodeid, report.outcome)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A whole run fails where an entry of the page was not shown."""
        if session.config.option.collectonly:
            self._outcomes.collected.clear()
        if session.exitstatus == pytest.ExitCode.OK and self._outcomes.unshown():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which."""
        for test, became in sorted(self._outcomes.unshown().items()):
            terminalreporter.write_line(f"named in docs/failure-modes.md and not shown: {test} {sorted(became)}")


def bare(name: str) -> str:
    """A test's name without its parameters."""
    return name.partition("[")[0]

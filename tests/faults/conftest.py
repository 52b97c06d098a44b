"""What the drills of a run came to, in one table at its end."""

from collections.abc import Callable

import pytest

from tests.faults.drill import Row
from tests.faults.truth import Kind

ROWS = pytest.StashKey[list[Row]]()


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[[Row], None]:
    """Put a row into the table."""
    return request.config.stash.setdefault(ROWS, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table."""
    rows = config.stash.get(ROWS, [])
    if not rows:
        return
    terminalreporter.section("presses under fault")
    for row in (*rows, _sum(rows)):
        wrongs = " ".join(f"{row.count(kind)} {kind}" for kind in (Kind.DOUBLE, Kind.LATE, Kind.FALSE))
        worst = f"all true {max(row.shown_ms, default=0):6.0f} ms, all act {max(row.works_ms, default=0):6.0f} ms"
        words = ", ".join(f"{count} {status}" for status, count in row.words.most_common())
        terminalreporter.write_line(f"{row.fault:36} {row.presses:6} presses: {wrongs}; {worst} later; {words}")


def _sum(rows: list[Row]) -> Row:
    total = Row("all of them")
    for row in rows:
        total.presses += row.presses
        total.words += row.words
        total.wrongs += row.wrongs
        total.shown_ms += row.shown_ms
        total.works_ms += row.works_ms
    return total

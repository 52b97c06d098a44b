"""The tests' own certificates, in the eyes of clients as strict as Python 3.13."""

import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from tests.certificates import DAY, make, shake_hands


@pytest.mark.parametrize("name", ["broker.home", "127.0.0.1"])
def test_certificate_is_believed_under_its_name(tmp_path: Path, name: str) -> None:
    made = make(tmp_path, name)
    shake_hands(made.ca, made.server, made.server, name)


@pytest.mark.parametrize(
    ("host", "since", "until"),
    [("other.home", -DAY, DAY), ("broker.home", DAY, 2 * DAY), ("broker.home", -DAY, 0 * DAY)],
)
def test_certificate_is_believed_for_nothing_else(
    tmp_path: Path, host: str, since: timedelta, until: timedelta
) -> None:
    made = make(tmp_path, "broker.home", since=since, until=until)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(made.ca, made.server, made.server, host)

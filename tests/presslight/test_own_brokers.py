"""Both brokers that `up` starts have one interface, and no word of it is missing."""

import inspect
from pathlib import Path

import pytest

from presslight.broker.accounts import Accounts
from presslight.broker.broker import Broker
from presslight.own_brokers import OWN_BROKERS


@pytest.mark.parametrize("name", OWN_BROKERS)
def test_own_broker_has_the_methods_of_a_broker(name: str, tmp_path: Path) -> None:
    made = OWN_BROKERS[name].make(Accounts.make(["kitchen"]), tmp_path, "127.0.0.1", 0)
    wanted = {method for method, _ in inspect.getmembers(Broker, inspect.isfunction) if not method.startswith("_")}
    assert {"start", "stop", "wait_until_stopped", "apply_accounts"} <= wanted
    assert all(inspect.iscoroutinefunction(getattr(made, method)) for method in wanted)

"""The brokers that `presslight up` starts itself, by the name that `--broker` takes."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from presslight.broker.accounts import Accounts
from presslight.broker.broker import Broker


class OwnBroker(NamedTuple):
    """A broker to start. `title`: as it is told to people. `make`: of accounts, the stack's folder, host and port."""

    title: str
    make: Callable[[Accounts, Path, str, int], Broker]


def _embedded(accounts: Accounts, _folder: Path, host: str, port: int) -> Broker:
    from presslight.broker.embedded.broker import EmbeddedBroker  # noqa: PLC0415 -- amqtt takes long to import

    return EmbeddedBroker(accounts, host, port, offline=accounts.lights)


def _mosquitto(accounts: Accounts, folder: Path, host: str, port: int) -> Broker:
    from presslight.broker.mosquitto import Mosquitto  # noqa: PLC0415 -- as above

    return Mosquitto(accounts, folder / "mosquitto", host, port)


OWN_BROKERS: Mapping[str, OwnBroker] = {
    "embedded": OwnBroker("the embedded broker", _embedded),
    "mosquitto": OwnBroker("Mosquitto", _mosquitto),
}
"""A further one needs the methods of `Broker`, and a line here."""

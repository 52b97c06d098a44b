"""The message of `presslight up` after the start: the phone page's link, and the values for Home Assistant's form."""

from pathlib import Path

from presslight import lan
from presslight.contract import url as urls
from presslight.contract.address import BrokerAddress
from presslight.contract.errors import sentence
from presslight.page_link import page_link, page_url, print_qr, record_page
from presslight.stack import Stack
from presslight.terminal.console import out, print_error


class StartupMessage:
    """`print(stack)`: on stdout, once. `state`: the folder that keeps the page's address for `presslight token`."""

    def __init__(self, state: Path | None, *, home_assistant: bool, in_lan: bool) -> None:
        self._state = state
        self._home_assistant = home_assistant
        self._in_lan = in_lan

    def print(self, stack: Stack) -> None:
        """Print the whole message."""
        self._print_page(stack)
        hosts = lan.reached_at(lan.EVERY_ADDRESS) if self._in_lan else ()
        if self._in_lan and stack.broker:
            self._print_broker(hosts, stack.broker.address)
        if self._home_assistant:
            _print_home_assistant(hosts, stack.home_assistant)

    def _print_page(self, stack: Stack) -> None:
        host, port = stack.bridge.host, stack.bridge.port
        hosts = lan.reached_at(host)
        url = page_url(hosts[0], port) if hosts else stack.url
        link = page_link(url, stack.token)
        _print_line(f"Phone page: {link}")
        for other in hosts[1:]:
            _print_line(f"or, by another network of this machine: {page_link(page_url(other, port), stack.token)}")
        if hosts:
            print_qr(link, out)
        else:
            _print_line(
                lan.NOT_THERE
                if lan.is_everywhere(host)
                else "Only this machine reaches it; with --lan (make demo LAN=1) phones do, too."
            )
        if not stack.token:
            _print_line("A token for it: presslight token, with the same --state or --store.")
        if self._state:
            _record_page(self._state, url)

    def _print_broker(self, hosts: tuple[str, ...], address: BrokerAddress) -> None:
        for host in hosts or (address.host,):
            _print_line(f"Broker: mqtt://{urls.authority(host, address.port)}")


def _record_page(folder: Path, url: str) -> None:
    """Record the page's address for `presslight token`; a failure is printed and does not end the bridge."""
    try:
        record_page(folder, url)
    except OSError as error:
        print_error(sentence(error))


def _print_home_assistant(hosts: tuple[str, ...], account: BrokerAddress | None) -> None:
    if account is None or account.password is None:
        _print_line(
            "Home Assistant: its MQTT integration connects to that broker; what its user may there: docs/running.md, 5."
        )
        return
    _print_line("Home Assistant asks for this (Settings, Devices & services, Add integration, MQTT):")
    _print_line(f"  Broker    {hosts[0] if hosts else account.host}")
    _print_line(f"  Port      {account.port}")
    _print_line(f"  Username  {account.username}")
    _print_line(f"  Password  {account.password.get_secret_value()}")
    if not hosts:
        _print_line("  for one that runs on this machine; with --lan for one on another machine or in a container, too")


def _print_line(line: str) -> None:
    out.print(line, soft_wrap=True, markup=False)

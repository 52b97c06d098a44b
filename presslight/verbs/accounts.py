"""The verb `presslight accounts`: users and passwords for a Mosquitto that runs elsewhere."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from presslight.accounts_folder import ACL, AccountsFolder
from presslight.broker.accounts import PASSWORDS
from presslight.broker.kept_files import only_writer
from presslight.contract.errors import Invalid, printable
from presslight.contract.topics import BRIDGE_USER
from presslight.terminal.console import out, parse_path


def accounts(
    folder: Annotated[Path, typer.Argument(parser=parse_path, help="Where the files go; made if it is not there.")],
    users: Annotated[
        list[str] | None, typer.Argument(help="Lights by name; `homeassistant`; `bridge-2` for a second bridge.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(help="Take this account away; may be repeated. `presslight forget` does more.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="The broker's host, as lights and bridge reach it: at first 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="The broker's port: at first 1883, with TLS 8883.")
    ] = None,
    tls: Annotated[bool | None, typer.Option("--tls/--no-tls", help="Whether the broker speaks TLS.")] = None,
) -> None:
    """Make broker accounts: FOLDER/passwords and acl for Mosquitto, FOLDER/NAME.url for each user; again adds more.

    What exists stays. Host, port and TLS are remembered for users that are added later; to name one of them again
    changes it for everybody.
    """
    with only_writer(folder):
        _change(folder, users or [], remove or [], host, port, tls)


def _change(
    folder: Path, asked: list[str], gone: list[str], host: str | None, port: int | None, tls: bool | None
) -> None:
    kept = AccountsFolder.open(folder)
    before, had = kept.address, set(kept.accounts.users)
    if not (asked or gone or _is_moved(host, port, tls)):
        raise Invalid("name a light to add, or one to take away (--remove)")
    if both := set(asked) & set(gone):
        raise Invalid(f"{min(both)} cannot be added and taken away at once")
    kept.remove(gone)
    kept.add((BRIDGE_USER, *asked))
    kept.change_address(host, port, tls)
    is_new = kept.is_new
    for file in kept.save():
        _print_line(printable(file))
    for user in gone:
        _print_line(f"{user} has no account any more")
    if before is not None and kept.address is not None and kept.address != before:
        _print_line(
            f"everybody's address is now {kept.address.url()}; it was {before.url()}: bridge and lights need it anew"
        )
    _print_line(f"{printable(folder / PASSWORDS)} (hashed) and {printable(folder / ACL)}, for Mosquitto")
    if not is_new and had != set(kept.accounts.users):
        _print_line(mosquitto_reload_steps(folder))


def mosquitto_reload_steps(folder: Path) -> str:
    """Commands that reload the accounts of a folder in a running Mosquitto, to paste on Debian."""
    files = " ".join(printable(shlex.quote(str(folder / name))) for name in (PASSWORDS, ACL))
    return (
        "Mosquitto knows of it once it has these files and reads them again (kill -HUP its process; on Debian):\n"
        f"  sudo install -o mosquitto -g mosquitto -m 0600 {files} /etc/mosquitto/presslight/\n"
        "  sudo systemctl reload mosquitto"
    )


def _is_moved(*options: object) -> bool:
    return any(option is not None for option in options)


def _print_line(line: str) -> None:
    out.print(line, markup=False, soft_wrap=True)

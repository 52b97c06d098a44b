"""The verb `presslight accounts`: users and passwords for a Mosquitto that runs elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from broker.accounts import CREDENTIALS, PASSWORDS, Accounts
from broker.acl import acl
from contract.address import DEFAULT_PORTS, BrokerAddress
from contract.topics import BRIDGE_USER
from presslight.console import one_line, out
from presslight.light_settings import write_secret

ACL = "acl"


def accounts(
    folder: Annotated[Path, typer.Argument(help="Where the files go; made if it is not there.")],
    users: Annotated[
        list[str], typer.Argument(help="Lights by name; `homeassistant`; `bridge-2` for a second bridge.")
    ],
    host: Annotated[str, typer.Option(help="The broker's host, as lights and bridge reach it.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="The broker's port: 1883, with TLS 8883.")] = None,
    tls: Annotated[bool, typer.Option("--tls", help="The broker speaks TLS.")] = False,
) -> None:
    """Make broker accounts: FOLDER/passwords and acl for Mosquitto, FOLDER/NAME.url for each user; again adds more."""
    with one_line():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        known = folder / CREDENTIALS
        made = Accounts.load(known) if known.exists() else Accounts.make(())
        for user in (BRIDGE_USER, *users):
            made.add(user)
        made.save(known)
        made.save_hashed(folder / PASSWORDS)
        (folder / ACL).write_text(acl(made.users), encoding="utf-8")
        address = BrokerAddress(host=host, port=port or DEFAULT_PORTS["mqtts" if tls else "mqtt"], tls=tls)
        for user in made.users:
            write_secret(folder / f"{user}.url", address.signed_in_as(user, made.password(user)).url() + "\n")
            out.print(f"{folder / f'{user}.url'}", soft_wrap=True)
        out.print(f"{folder / PASSWORDS} (hashed) and {folder / ACL}, for Mosquitto", soft_wrap=True)

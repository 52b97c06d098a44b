"""The verb `presslight forget`: a light is no more, for its broker, for Home Assistant, for bridges and phones."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from presslight.accounts_folder import AccountsFolder
from presslight.broker.accounts import CREDENTIALS, Accounts
from presslight.broker.kept_files import only_writer
from presslight.cloud.store import forgetting
from presslight.cloud.store.forgetting import Answer
from presslight.contract.errors import Invalid, PresslightError, printable
from presslight.light_settings import check_name
from presslight.store_address import store_address
from presslight.terminal.console import out, parse_path
from presslight.verbs.accounts import mosquitto_reload_steps

WAIT_S = 10


class NoSuchLight(PresslightError):
    """There is no light of that name."""

    code = "no_such_light"


class NoBridge(PresslightError):
    """No bridge with this store and a connection to its broker has answered."""

    code = "no_bridge"


class NotAllowed(PresslightError):
    """The broker does not let the bridge empty the light's topics."""

    code = "not_allowed"


def forget(
    name: Annotated[str, typer.Argument(help="The light's name.")],
    *,
    state: Annotated[
        Path | None, typer.Option(parser=parse_path, help="The folder given to `presslight up --state`.")
    ] = None,
    store: Annotated[
        str | None, typer.Option(envvar="PRESSLIGHT_STORE", help="The store given to `presslight up --store`.")
    ] = None,
    accounts: Annotated[
        Path | None,
        typer.Option(parser=parse_path, help="The folder of `presslight accounts`: its account goes as well."),
    ] = None,
) -> None:
    """Forget a light everywhere: its account, what the broker keeps of it, Home Assistant's device, every phone's card.

    Wants a bridge that runs and reaches its broker; where there is none, ask again once there is. A lamp that is
    switched on and may still sign in at its broker comes back with its next report.
    """
    check_name(name)
    address = store_address(state, store)
    has_account = accounts is not None and name in _open(accounts).accounts.users
    had_own = _remove_own_account(name, state)  # first, as the stack that runs on it cuts the light off then
    answer = forgetting.request_forgetting(address, name, WAIT_S)
    if answer is Answer.REFUSED:
        raise NotAllowed(
            f"the broker does not let the bridge empty the topics of {name}: its acl has to say so"
            f"{f', then forget {name} again; its account is taken away already' if had_own else ''}"
        )
    had_account = has_account or had_own
    again = f"Once one runs that reaches its broker: {_retry_command(name, state, store)}"
    if answer is None and not had_account:
        raise NoBridge(f"no bridge has answered, and nothing was done. {again}")
    if answer is Answer.UNKNOWN and not had_account:
        raise NoSuchLight(f"there is no light {name}")
    if accounts is not None and has_account:
        _remove_account(name, accounts)
    _print_line(f"{name} is forgotten" if answer else f"The account of {name} is gone; no bridge has answered. {again}")
    _print_next_steps(name, had_account=had_account, elsewhere=accounts if has_account else None)


def _remove_own_account(name: str, state: Path | None) -> bool:
    """Remove its account at a broker that `up` starts; False where it had none. Raises BadCredentials."""
    if state is None or not (file := state / CREDENTIALS).exists():
        return False
    with only_writer(state):
        own = Accounts.load(file)
        if name not in own.users:
            return False
        own.remove(name)
        own.save(file)
        (state / f"{name}.url").unlink(missing_ok=True)  # of `presslight accounts` in this folder
    return True


def _remove_account(name: str, accounts: Path) -> None:
    """Remove its account from the folder of `presslight accounts`, read again under the lock."""
    with only_writer(accounts):
        folder = _open(accounts)
        if name in folder.accounts.users:
            folder.remove([name])
            folder.save()


def _open(folder: Path) -> AccountsFolder:
    if not (folder / CREDENTIALS).exists():
        raise Invalid(f"there are no accounts in {printable(folder)}")
    return AccountsFolder.open(folder)


def _retry_command(name: str, state: Path | None, store: str | None) -> str:
    """The command that repeats this request, to paste."""
    where = ("--store", store) if store is not None else ("--state", str(state))
    return printable(shlex.join(("presslight", "forget", name, *where)))


def _print_next_steps(name: str, *, had_account: bool, elsewhere: Path | None) -> None:
    """Print the steps that are left to the user."""
    if not had_account:
        _print_line(
            "A lamp that may still sign in comes back with its next report: take its account away at its broker first"
        )
    elif elsewhere:
        _print_line(mosquitto_reload_steps(elsewhere))
        _print_line(f"A lamp that is on until then comes back: if it has, forget {name} again after that")


def _print_line(line: str) -> None:
    out.print(line, markup=False, soft_wrap=True)

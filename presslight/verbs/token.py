"""The verb `presslight token`: issue, list and revoke the tokens of phones."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from presslight import lan
from presslight.cloud.store.database import Address
from presslight.cloud.store.tokens import IssuedToken, issue_token, list_tokens, revoke_token, revoke_tokens
from presslight.contract import url as urls
from presslight.contract.errors import Invalid, PresslightError, printable
from presslight.lifetime import lifetime_s
from presslight.mobile_sim.address import BridgeAddress
from presslight.page_link import DEFAULT_PORT, page_link, page_url, print_qr, recorded_page
from presslight.store_address import store_address
from presslight.terminal.console import errors_on_one_line, out, parse_path, refuse_options

DEFAULT_NAME = "phone"


class NoSuchToken(PresslightError):
    """There is no such token."""

    code = "no_such_token"


def token(  # noqa: PLR0913 -- each is an option of the command
    ctx: typer.Context,
    *,
    state: Annotated[
        Path | None, typer.Option(parser=parse_path, help="The folder given to `presslight up --state`.")
    ] = None,
    store: Annotated[
        str | None, typer.Option(envvar="PRESSLIGHT_STORE", help="The store given to `presslight up --store`.")
    ] = None,
    phone: Annotated[str | None, typer.Option(help="A name for the phone, for your list.")] = None,
    expires: Annotated[
        str | None, typer.Option(help="How long the token is good: 30d, 12h. For ever unless you say so.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="The page's address as phones reach it, https://… behind a proxy.")
    ] = None,
    in_lan: Annotated[
        bool, typer.Option("--lan", help="The page's address is this machine's in your network (`up --lan`).")
    ] = False,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Make the token of that --id, or all of that --phone, worthless.")
    ] = False,
    token_id: Annotated[str | None, typer.Option("--id", help="The token to revoke, as --list has it.")] = None,
    show: Annotated[bool, typer.Option("--list", help="List the tokens, with how long they are good.")] = False,
) -> None:
    """Make a token for a phone and print it, once: only its hash is kept. Works while the bridge runs.

    On a terminal, and with --url or --lan, the page's link follows with the token in it, and a QR code on a terminal.
    """
    with errors_on_one_line():
        if show:
            refuse_options(ctx, "is ignored where tokens are listed (--list)", "phone", "revoke", "token_id")
        if show or revoke:
            refuse_options(ctx, "is for a new token", "url", "in_lan", "expires")
        elif token_id is not None:
            raise Invalid("--id names a token to revoke: --revoke")
        address = store_address(state, store)
        page = _page(state, url, in_lan=in_lan)
        if show:
            out.print(_table(list_tokens(address)))
        elif revoke:
            _print_revoked(_revoke(address, phone, token_id))
        else:
            lasts_s = None if expires is None else lifetime_s(expires)
            made = issue_token(address, DEFAULT_NAME if phone is None else phone, lasts_s)
            out.print(made, soft_wrap=True)
            if page and (out.is_terminal or url or in_lan):
                out.print(page_link(page, made), soft_wrap=True, markup=False)
                print_qr(page_link(page, made), out)


def _page(state: Path | None, url: str | None, *, in_lan: bool) -> str | None:
    """The page's address: as given, or this machine's in its network, or what the bridge of this folder had last."""
    if url is not None and in_lan:
        raise Invalid("--lan says where the page is, and so does --url: give one of them")
    if url is not None:
        given = BridgeAddress.parse(url)
        if given.token:
            raise Invalid("--url is the page's address; the new token comes behind it")
        return given.shown
    last = recorded_page(state) if state else None
    if not in_lan:
        return last
    hosts = lan.addresses()
    if not hosts:
        raise Invalid(lan.NOT_THERE)
    return page_url(hosts[0], (urls.split(last).port if last else None) or DEFAULT_PORT)


def _revoke(store: Address, phone: str | None, token_id: str | None) -> list[IssuedToken]:
    """The tokens that went. Raises NoSuchToken: a typing error must not look like success."""
    if (phone is None) == (token_id is None):
        raise Invalid("say which token to revoke: --id (--list has it), or --phone for all of that name")
    gone = revoke_tokens(store, phone) if phone is not None else revoke_token(store, token_id or "")
    if not gone:
        raise NoSuchToken(f"there is no token of {printable(phone if phone is not None else token_id)}: see --list")
    return gone


def _print_revoked(gone: list[IssuedToken]) -> None:
    if len(gone) > 1:
        out.print(_table(gone))
    out.print(f"{len(gone)} revoked")


def _table(tokens: list[IssuedToken]) -> Table:
    table = Table("id", "phone", "since", "expires", "last used")
    for issued in tokens:
        expired = issued.expires_at is not None and issued.expires_at <= time.time()
        expires = "expired" if expired else _format_time(issued.expires_at, "never")
        name = Text(printable(issued.phone))  # no markup: a name may have brackets
        table.add_row(issued.id, name, _format_time(issued.issued_at), expires, _format_time(issued.used_at, "never"))
    return table


def _format_time(at: int | None, otherwise: str = "") -> str:
    return otherwise if at is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(at))

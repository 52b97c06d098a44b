"""The verb `presslight token`: a phone's way in, and out."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cloud.database import Address
from cloud.tokens import issue_token, list_tokens, revoke_tokens
from contract import url as urls
from contract.errors import Invalid
from mobile_sim.address import BridgeAddress
from presslight import lan
from presslight.console import given_path, one_line, out, refuse_written
from presslight.page_link import DEFAULT_PORT, page_link, page_url, print_qr, recorded
from presslight.store_address import store_address


def token(
    ctx: typer.Context,
    *,
    state: Annotated[
        Path | None, typer.Option(parser=given_path, help="The folder given to `presslight up --state`.")
    ] = None,
    store: Annotated[
        str | None, typer.Option(envvar="PRESSLIGHT_STORE", help="The store given to `presslight up --store`.")
    ] = None,
    phone: Annotated[str, typer.Option(help="A name for the phone, for your list.")] = "phone",
    url: Annotated[
        str | None, typer.Option(help="The page's address as phones reach it, https://… behind a proxy.")
    ] = None,
    in_lan: Annotated[
        bool, typer.Option("--lan", help="The page's address is this machine's in your network (`up --lan`).")
    ] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Make all tokens of that phone worthless.")] = False,
    show: Annotated[bool, typer.Option("--list", help="List whose tokens are good.")] = False,
) -> None:
    """Make a token for a phone and print it, once: only its hash is kept. Works while the bridge runs.

    On a terminal, and with --url or --lan, the page's link follows with the token in it, and a QR code on a terminal.
    """
    with one_line():
        if show:
            refuse_written(ctx, "is ignored where tokens are listed (--list)", "phone", "revoke")
        if show or revoke:
            refuse_written(ctx, "is for the link of a new token", "url", "in_lan")
        address = store_address(state, store)
        page = _page(state, url, in_lan=in_lan)
        if show:
            out.print(_table(address))
        elif revoke:
            out.print(f"{revoke_tokens(address, phone)} revoked")
        else:
            made = issue_token(address, phone=phone)
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
    last = recorded(state) if state else None
    if not in_lan:
        return last
    hosts = lan.addresses()
    if not hosts:
        raise Invalid(lan.NOT_THERE)
    return page_url(hosts[0], (urls.split(last).port if last else None) or DEFAULT_PORT)


def _table(store: Address) -> Table:
    table = Table("phone", "since", "name")
    for issued in list_tokens(store):
        table.add_row(issued.phone, time.strftime("%Y-%m-%d %H:%M", time.localtime(issued.issued_at)), issued.name)
    return table

"""Mosquitto's configuration as text. No file is touched here.

Written for Mosquitto 2.0.11 and later. The order matters: what follows a `listener` line belongs to that listener.
"""

from pathlib import PurePath
from typing import NamedTuple

from presslight.broker.limits import (
    MAX_CONNECTIONS_OF_MOSQUITTO,
    MAX_PACKET_BYTES,
    MAX_QOS,
    MAX_UNACKNOWLEDGED,
    MAX_UNREAD_BYTES,
    MAX_UNREAD_MESSAGES,
)

DATABASE = "mosquitto.db"

SAVE_S = 10
"""How often what is retained goes to disk; it also does when Mosquitto is asked to end, and on SIGUSR1."""


class Listener(NamedTuple):
    """Where Mosquitto listens, with TLS where a certificate and its key (PEM files) are given, and for how many."""

    host: str
    port: int
    certificate: PurePath | None = None
    key: PurePath | None = None
    connections: int = MAX_CONNECTIONS_OF_MOSQUITTO


class Files(NamedTuple):
    """What Mosquitto reads, and the folder where it keeps retained messages (None: in memory only)."""

    passwords: PurePath
    acl: PurePath
    store: PurePath | None = None


def config(listeners: list[Listener], files: Files, *, user: str | None = None, tell_all: bool = False) -> str:
    """mosquitto.conf. `user`: whom to run as when started by root. `tell_all`: log every packet, refused ones too."""
    return "\n".join(
        [
            "# Written by presslight; changes here are lost.",
            *([f"user {user}"] if user else []),
            *_rights(files),
            *_bounds(),
            *_store(files.store),
            *_log(tell_all=tell_all),
            *(line for listener in listeners for line in _listener(listener)),
            "",
        ]
    )


def drop_in(listeners: list[Listener], files: Files) -> str:
    """A file for `/etc/mosquitto/conf.d`, beside a mosquitto.conf that says where to store and to log: Debian's."""
    return "\n".join(
        [
            "# Written by presslight; changes here are lost.",
            *_rights(files),
            *_bounds(),
            *_saving(),
            *(line for listener in listeners for line in _listener(listener)),
            "",
        ]
    )


def _rights(files: Files) -> list[str]:
    return [
        "per_listener_settings false",
        "allow_anonymous false",
        f"password_file {files.passwords}",
        f"acl_file {files.acl}",
    ]


def _bounds() -> list[str]:
    return [
        "# Nagle's algorithm against delayed acknowledgements costs a press 88 ms.",
        "set_tcp_nodelay true",
        "# Mosquitto counts the first byte of a packet as well.",
        f"max_packet_size {MAX_PACKET_BYTES + 1}",
        f"max_inflight_messages {MAX_UNACKNOWLEDGED}",
        f"max_queued_messages {MAX_UNREAD_MESSAGES}",
        f"max_queued_bytes {MAX_UNREAD_BYTES}",
        "persistent_client_expiration 1h",
        "sys_interval 0",
    ]


def _store(folder: PurePath | None) -> list[str]:
    if folder is None:
        return ["persistence false"]
    return [
        "persistence true",
        f"persistence_location {folder}/",
        f"persistence_file {DATABASE}",
        *_saving(),
    ]


def _saving() -> list[str]:
    return [
        "# As often as a light repeats its report. Saving at each change instead costs each press more than 1 ms.",
        f"autosave_interval {SAVE_S}",
        "autosave_on_changes false",
    ]


def _log(*, tell_all: bool) -> list[str]:
    kinds = ["error", "warning", "notice", "information", *(["debug"] if tell_all else [])]
    return ["log_dest stderr", "log_timestamp false", *(f"log_type {kind}" for kind in kinds)]


def _listener(listener: Listener) -> list[str]:
    lines = [
        f"listener {listener.port} {listener.host}",
        f"max_connections {listener.connections}",
        f"max_qos {MAX_QOS}",
        "# The user is the client id, so nobody can throw another off by taking its id.",
        "use_username_as_clientid true",
    ]
    if listener.certificate:
        lines += [f"certfile {listener.certificate}", f"keyfile {listener.key}", "tls_version tlsv1.2"]
    return lines

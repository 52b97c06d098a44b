"""Mosquitto's configuration (mosquitto.conf(5)). Pure: text out, no file.

For Mosquitto 2.0.11 and later. The order matters: lines after a `listener` line belong to that listener.
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

AUTOSAVE_S = 10
"""The interval at which retained messages are saved; Mosquitto also saves at SIGTERM and SIGUSR1."""


class Listener(NamedTuple):
    """One listener. `certificate`, `key`: PEM files; with them it speaks TLS. `connections`: the most at a time."""

    host: str
    port: int
    certificate: PurePath | None = None
    key: PurePath | None = None
    connections: int = MAX_CONNECTIONS_OF_MOSQUITTO


class ConfigFiles(NamedTuple):
    """Files that Mosquitto reads, and the folder for retained messages (None: in memory only)."""

    passwords: PurePath
    acl: PurePath
    store: PurePath | None = None


def mosquitto_conf(
    listeners: list[Listener], files: ConfigFiles, *, user: str | None = None, log_packets: bool = False
) -> str:
    """mosquitto.conf. `user`: the user to run as when started by root. `log_packets`: log every packet."""
    return "\n".join(
        [
            "# Written by presslight; changes here are lost.",
            *([f"user {user}"] if user else []),
            *_access_lines(files),
            *_limit_lines(),
            *_persistence_lines(files.store),
            *_log_lines(log_packets=log_packets),
            *(line for listener in listeners for line in _listener_lines(listener)),
            "",
        ]
    )


def drop_in(listeners: list[Listener], files: ConfigFiles) -> str:
    """A file for `/etc/mosquitto/conf.d`, included by Debian's mosquitto.conf, which has persistence and log lines."""
    return "\n".join(
        [
            "# Written by presslight; changes here are lost.",
            *_access_lines(files),
            *_limit_lines(),
            *_autosave_lines(),
            *(line for listener in listeners for line in _listener_lines(listener)),
            "",
        ]
    )


def _access_lines(files: ConfigFiles) -> list[str]:
    return [
        "per_listener_settings false",
        "allow_anonymous false",
        f"password_file {files.passwords}",
        f"acl_file {files.acl}",
    ]


def _limit_lines() -> list[str]:
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


def _persistence_lines(folder: PurePath | None) -> list[str]:
    if folder is None:
        return ["persistence false"]
    return [
        "persistence true",
        f"persistence_location {folder}/",
        f"persistence_file {DATABASE}",
        *_autosave_lines(),
    ]


def _autosave_lines() -> list[str]:
    return [
        "# As often as a light repeats its report. Saving at each change instead costs each press more than 1 ms.",
        f"autosave_interval {AUTOSAVE_S}",
        "autosave_on_changes false",
    ]


def _log_lines(*, log_packets: bool) -> list[str]:
    kinds = ["error", "warning", "notice", "information", *(["debug"] if log_packets else [])]
    return ["log_dest stderr", "log_timestamp false", *(f"log_type {kind}" for kind in kinds)]


def _listener_lines(listener: Listener) -> list[str]:
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

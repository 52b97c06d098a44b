"""Failures of a connection to the bridge, each in one clause for people. It does no I/O."""

import os
import socket
import ssl
from http import HTTPStatus

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus, InvalidURI


def describe(error: BaseException) -> str:
    """One clause on what went wrong with a link."""
    clause = str(error) or type(error).__name__
    match error:
        case ConnectionClosed(rcvd=close):
            clause = f"the bridge closed the socket ({close.code if close else 'without a word'})"
        case TimeoutError():
            clause = "no answer in time"
        case ssl.SSLCertVerificationError():
            clause = f"server certificate problem: {error.verify_message}"
        case socket.gaierror():
            clause = f"cannot find the server ({str(error.strerror).lower()})"
        case InvalidStatus(response=response) if response.status_code == HTTPStatus.UPGRADE_REQUIRED:
            clause = "a proxy in front of the bridge does not pass WebSockets on (HTTP 426)"
        case InvalidStatus(response=response) if response.status_code == HTTPStatus.MISDIRECTED_REQUEST:
            clause = (
                "the bridge is not known by the name that it is asked by, which stands in its log: "
                "`up --allowed-host` adds it (HTTP 421)"
            )
        case InvalidHandshake() | InvalidURI():
            clause = f"this network blocks the app, or there is no bridge at this address ({_name_answer(error)})"
        case OSError(errno=int(number), strerror=str(text)):
            clause = (os.strerror(number) if number > 0 else text).lower()
    return clause


def _name_answer(error: InvalidHandshake | InvalidURI) -> str:
    """Name the answer that came instead of a WebSocket."""
    match error:
        case InvalidStatus(response=response):
            return f"HTTP {response.status_code}"
        case InvalidMessage():
            return "no HTTP"
        case InvalidURI():
            return "sent elsewhere"
        case _:
            return str(error)

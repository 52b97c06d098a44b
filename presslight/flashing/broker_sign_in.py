"""Trial of the broker from this machine, as the light connects, before the chip is changed."""

import asyncio
import json
import logging
import re
import socket
import ssl

import aiomqtt
from aiomqtt.exceptions import MqttConnectError

from presslight.cloud.mqtt.aiomqtt_client import AiomqttClient, is_of_account
from presslight.contract.address import BrokerAddress
from presslight.contract.errors import PresslightError
from presslight.contract.topics import DISCOVERY

STEP_TIMEOUT_S = 5
"""The longest time of each step: a light has to reconnect within 2 s."""

_CHIP = re.compile(r"presslight-([0-9a-f]{12})")
_SILENT = logging.getLogger("mqtt.sign_in")
_SILENT.setLevel(logging.CRITICAL + 1)  # the library's warnings about a broker are not for the user


class SignInRefused(PresslightError):
    """The broker is reachable and refuses the light."""

    code = "not_let_in"


class BrokerUnreachable(PresslightError):
    """No broker is reachable from this machine; the chip's network may differ."""

    code = "not_reached"


async def sign_in(address: BrokerAddress, name: str) -> str | None:
    """Sign in as the light; the unique id of the chip that the broker has under that name, None without one.

    A running light of that name loses its connection and reconnects. Raises SignInRefused, BrokerUnreachable.
    """
    trusted = ssl.create_default_context(cafile=address.ca_file) if address.tls else None
    await _reach(address, trusted)
    client = AiomqttClient(
        address.host,
        address.port,
        username=address.username,
        password=address.password.get_secret_value() if address.password else None,
        identifier=name,
        protocol=aiomqtt.ProtocolVersion.V311,
        tls_context=trusted,
        timeout=STEP_TIMEOUT_S,
        logger=_SILENT,
    )
    try:
        async with client:
            return await _chip_of(client, name)
    except MqttConnectError as error:
        if is_of_account(error):
            raise SignInRefused(f"the broker refuses {name}: its password is wrong, or it has no account") from error
        raise BrokerUnreachable(f"the broker at {address.host} accepts no connection now: {error}") from error
    except aiomqtt.MqttError as error:
        raise BrokerUnreachable(f"the broker at {address.host} ended the sign-in: {error}") from error


async def _reach(address: BrokerAddress, trusted: ssl.SSLContext | None) -> None:
    """Connect as a chip does, over IPv4, and close: this gives the most precise error."""
    where = f"{address.host} port {address.port}"
    try:
        async with asyncio.timeout(STEP_TIMEOUT_S):
            _, writer = await asyncio.open_connection(address.host, address.port, ssl=trusted, family=socket.AF_INET)
    except socket.gaierror as error:
        raise BrokerUnreachable(f"no IPv4 address is known for {address.host}") from error
    except ssl.SSLCertVerificationError as error:
        raise SignInRefused(
            f"the broker at {where} shows a certificate that the light will not take: {error.verify_message}"
        ) from error
    except ssl.SSLError as error:
        raise BrokerUnreachable(f"the server at {where} does not speak TLS: is it the port for mqtts?") from error
    except TimeoutError as error:
        raise BrokerUnreachable(f"no answer from {where}") from error
    except OSError as error:
        raise BrokerUnreachable(f"no broker can be reached at {where}: {error.strerror or error}") from error
    writer.transport.abort()


async def _chip_of(client: aiomqtt.Client, name: str) -> str | None:
    """The chip's id in the light's retained discovery message; any account may have written that."""
    topic = DISCOVERY.format(light=name)
    await client.subscribe(topic, qos=1)
    await client.unsubscribe(topic)  # UNSUBACK follows all retained messages
    if not len(client.messages):
        return None
    message = await anext(aiter(client.messages))
    try:
        found = _CHIP.fullmatch(json.loads(bytes(message.payload))["dev"]["ids"][0])
    except (ValueError, LookupError, TypeError, RecursionError):
        return None  # not a light of ours
    return found[1] if found else None

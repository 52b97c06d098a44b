"""Limits for each client of a broker, the same for Mosquitto and for the embedded broker."""

MAX_PACKET_BYTES = 8_192
"""The largest Remaining Length of a packet from a client (MQTT 2.1.4); a larger one disconnects the client.

Four times the largest report (`presslight.contract.mqtt.MAX_REPORT_BYTES`), so a discovery message fits as well.
"""

MAX_QOS = 1
"""The highest QoS: PUBLISH with a higher one disconnects the client, SUBSCRIBE with a higher one is granted this."""

MAX_CONNECTIONS = 1_000
"""Connections of all users, including those without a CONNECT yet."""

MAX_CONNECTIONS_OF_MOSQUITTO = 10_000
"""Connections at each of Mosquitto's listeners, as far as its limit of open files allows.

Mosquitto closes no connection in favour of a new one, and one without a CONNECT only after 95 s (measured with 2.0.11):
the higher this limit, the more connections an attacker needs in that time to lock out a light.
"""

PACKETS_PER_S = 500
"""Packets per second of one account over all its connections, bridges excepted; each started KiB counts as one.

A light with 200 presses a second sends 400. Only the embedded broker counts; Mosquitto has no such limit.
"""

BYTES_OF_FILTERS = 128
"""A SUBSCRIBE or UNSUBSCRIBE counts as one packet per this many bytes: 8 KiB of filters take up to 27 ms."""

MAX_CONNECT_BYTES = 2_048
"""The largest CONNECT for the embedded broker: its sender is not authenticated, and 8 KiB of properties take 4 ms."""

PACKETS_AT_ONCE = 1_000
"""The burst of such an account, in packets."""

CONNECT_COST = 20
"""The packets that a CONNECT counts as: it also disconnects the account's earlier connection."""

MAX_UNACKNOWLEDGED = 1_000
"""Unacknowledged messages to one client (Mosquitto's default of 20 makes the bridge wait for a round trip)."""

MAX_UNREAD_MESSAGES = 20_000
"""Queued messages beyond those (the default of 1,000 loses reports when a bridge connects to a large house)."""

MAX_UNREAD_BYTES = 8 * 2**20
"""Queued bytes: enough for the retained reports of more than 4,000 lights."""

"""How much one client may ask of a broker: the same bounds for Mosquitto and for the embedded one."""

MAX_PACKET_BYTES = 8_192
"""The largest "remaining length" of a packet from a client; who sends a larger one is disconnected.

Four times the largest report (`presslight.contract.mqtt.MAX_REPORT_BYTES`), so that a discovery message fits as well.
"""

MAX_QOS = 1
"""Who publishes with more is disconnected; who subscribes with more is granted this."""

MAX_CONNECTIONS = 1_000
"""Over all users, those included that have not said who they are yet."""

MAX_CONNECTIONS_OF_MOSQUITTO = 10_000
"""The same at each of Mosquitto's listeners, as far as it may have so many files.

It drops nobody for a newcomer, and who sends no CONNECT only after 95 s (measured with 2.0.11): the more it takes in,
the more a stranger has to open in that time to shut out a light.
"""

PACKETS_PER_S = 500
"""Of one account over all its connections, but bridges'; one larger than 1 KiB counts as one for each KiB begun.

A light that is pressed 200 times a second sends 400. Only the embedded broker counts; Mosquitto has no such limit.
"""

BYTES_OF_FILTERS = 128
"""SUBSCRIBE and UNSUBSCRIBE count as one for each of so many bytes begun: 8 KiB of filters cost up to 27 ms."""

MAX_CONNECT_BYTES = 2_048
"""The largest CONNECT that the embedded broker reads: it may be a stranger's, and 8 KiB of properties cost 4 ms."""

PACKETS_AT_ONCE = 1_000
"""What such an account may have saved up."""

CONNECT_COST = 20
"""A CONNECT counts as so many packets: the earlier connection of its account has to go for it."""

MAX_UNACKNOWLEDGED = 1_000
"""Messages on their way to one client at once (Mosquitto's default of 20 makes the bridge wait for a round trip)."""

MAX_UNREAD_MESSAGES = 20_000
"""What waits for a client beyond that (its default of 1,000 loses reports when a bridge joins a large house)."""

MAX_UNREAD_BYTES = 8 * 2**20
"""The same in bytes: room for the retained reports of more than 4,000 lights."""

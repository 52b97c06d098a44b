"""The broker: Mosquitto, or amqtt in this process, with the same users, the same rights and the same bounds.

`presslight.broker.mosquitto.Mosquitto` and `presslight.broker.embedded.broker.EmbeddedBroker` have one interface:
`async with Mosquitto(accounts) as broker: broker.address`. The rights are `RULES` of contract/topics.py; this
package only translates them to each broker's configuration.
"""

if __name__ != "presslight.broker":
    raise ImportError("this is presslight.broker: a second copy of it would have a state of its own")

"""The broker: Mosquitto, or amqtt in this process, with the same users, the same rights and the same bounds.

`broker.mosquitto.Mosquitto` and `broker.embedded.EmbeddedBroker` are used alike:
`async with Mosquitto(accounts) as broker: broker.address`. The rights are the contract's (`contract.topics.RULES`);
this package only turns them into each broker's own words.
"""

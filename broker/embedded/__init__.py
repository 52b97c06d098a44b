"""The embedded broker: amqtt in this process, behind a connection of our own."""

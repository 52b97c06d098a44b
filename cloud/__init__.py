"""The cloud bridge: phones on one side (WebSocket, HTTP), lights on the other (MQTT), the truth about presses between.

Pure, time is a parameter: `press` `desk` `house` `bound` `legs` `rate` `keys` `inbox` `conversation` `outbox`.
Shells: `switchboard` (composes them) `mqtt` `pipe` `socket` `routes` `answers` `pages` `app` `serve` `store` `tokens`
`metrics` `watch` `logs`.
"""

"""The cloud bridge: phones on one side (WebSocket, HTTP), lights on the other (MQTT), the truth about presses between.

Pure, time is a parameter:
    `press` `events` `record` (one press's life), `open_presses`, `house` `bound` (lights as they are), `deadline`,
    `knock`, `desk` (all of these together), `display` `alarms`, `inbox` (what the broker delivers), `conversation`
    `early_hello` `greeting` `scraps` `outbox` `pulse` (one phone), `rate` `keys` `legs`, `document` `bundle` (the
    page); `ports` and `board` are what they need of the shells.
Shells:
    `switchboard` (composes all), `mqtt` `pipe` (broker), `socket` `routes` `answers` `pages` (phones), `app` `serve`,
    `store` `schema` `tokens`, `metrics` `watch` `logs`.
"""

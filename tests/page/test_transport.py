"""The page's WebSocket, with a stand-in that the test opens and speaks for."""

import base64
from typing import Any

import pytest
from playwright.async_api import Page

RUN = """async (words) => {
    const { Transport, helloOf } = await import('/transport.js');
    const real = globalThis.WebSocket;
    const sockets = [], sent = [], events = [];
    globalThis.WebSocket = class extends EventTarget {
        static CONNECTING = 0;
        static OPEN = 1;
        readyState = 1;
        constructor(address, protocols) {
            super();
            this.protocols = protocols;
            this.protocol = protocols[0] ?? '';
            sockets.push(this);
        }
        send(text) { sent.push(JSON.parse(text)); }
        close() {}
    };
    const say = (frame) => sockets[0].dispatchEvent(new MessageEvent('message', { data: JSON.stringify(frame) }));
    try {
        const wire = new Transport(), hello = helloOf(words.token, {});
        wire.open(hello);
        sockets[0].dispatchEvent(new Event('open'));
        say({ type: 'welcome' });
        const before = performance.now();
        while (performance.now() <= before);
        wire.open(hello);
        wire.listen((event) => events.push(event));
        say({ type: 'ping' });
        const count = sockets.length;
        wire.open(hello);
        const early = events.find(({ frame }) => frame?.type === 'welcome');
        return {
            protocols: sockets[0].protocols, sent, sockets: [count, sockets.length],
            events: events.map(({ type, frame }) => frame?.type ?? type), was_early: early.at <= before,
        };
    } finally {
        globalThis.WebSocket = real;
    }
}"""


async def run(modules: Page, token: str) -> dict[str, Any]:
    return dict(await modules.evaluate(RUN, {"token": token}))


async def test_socket_opened_before_anybody_listens_is_heard_from_its_first_event_on(modules: Page) -> None:
    ran = await run(modules, "good")

    assert ran["sockets"] == [1, 2]
    assert ran["events"] == ["opened", "welcome", "ping"]
    assert ran["was_early"]


async def test_hello_leaves_with_the_handshake(modules: Page) -> None:
    ran = await run(modules, "a?>~")

    picked, hello = ran["protocols"]
    encoded = hello.removeprefix("presslight.hello.")
    text = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    assert (picked, ran["sent"]) == ("presslight", [])
    assert text == '{"type":"hello","versions":[1],"token":"a?>~","client":"page","have":{}}'


async def test_long_hello_leaves_as_a_frame(modules: Page) -> None:
    ran = await run(modules, "x" * 2_000)

    assert ran["protocols"] == []
    assert [frame["token"] for frame in ran["sent"]] == ["x" * 2_000]


FORGOTTEN = """async (hangs) => {
    const { Transport, helloOf } = await import('/transport.js');
    const real = globalThis.WebSocket;
    const sockets = [];
    globalThis.WebSocket = class extends EventTarget {
        static CONNECTING = 0;
        static OPEN = 1;
        readyState = 0;
        protocol = '';
        sent = 0;
        constructor(address, protocols) { super(); this.offered = protocols.length; sockets.push(this); }
        send() { this.sent += 1; }
        close() { this.dispatchEvent(new CloseEvent('close')); }
        open() { this.readyState = 1; this.dispatchEvent(new Event('open')); }
    };
    try {
        const wire = new Transport();
        wire.listen(() => {});
        wire.open(helloOf('good', {}));
        if (hangs) wire.drop(); else sockets[0].open();
        wire.open(helloOf('good', {}));
        sockets[1].open();
        return sockets.map(({ offered, sent }) => [offered, sent]);
    } finally {
        globalThis.WebSocket = real;
    }
}"""


@pytest.mark.parametrize("hangs", [False, True], ids=["opened without", "hangs"])
async def test_hello_leaves_as_a_frame_after_a_socket_on_which_the_subprotocol_was_forgotten(
    modules: Page, hangs: bool
) -> None:
    """Chromium closes such a socket, Firefox opens it, and a proxy may let it hang."""
    assert await modules.evaluate(FORGOTTEN, hangs) == [[2, 0], [0, 1]]

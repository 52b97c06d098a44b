// The two ways to the bridge: the WebSocket that stays open, and HTTP as the second path of a press.

/** @import { BridgeFrame, Have, Hello } from "./frames.d.ts" */
/** @import { Answer, Asked, Obstacle } from "./types.d.ts" */

import { WIRE_VERSION } from "./contract.js";
import { nameOfError } from "./errors.js";

/**
 * @typedef {{type: "opened"} | {type: "frame", frame: BridgeFrame, at: number}
 *   | {type: "closed", code: number, opened: boolean}} SocketEvent
 */

const SECOND_PATH_MS = 5_000;
const LOOK_MS = 5_000;
const MOST_EARLY = 2_000; // of a hello with some 30 lights; proxies and bridges take heads of 8 KB and more
const IS_ASCII = /^[\x20-\x7e]*$/;

export class Transport {
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {SocketEvent[] | null} */
  #early = []; // events, until somebody listens
  /** @type {(event: SocketEvent) => unknown} */
  #onEvent = (event) => this.#early?.push(event);
  #isDirect = true; // whether a hello may leave with the handshake

  /** `onEvent`: called with the link's events `opened`, `frame` (came `at`) and `closed`; first with earlier ones.
   * @param {(event: SocketEvent) => void} onEvent */
  listen(onEvent) {
    const early = this.#early;
    this.#early = null;
    this.#onEvent = onEvent;
    early?.forEach(onEvent);
  }

  /**
   * `hello` leaves with the handshake, which spares a round trip; a long one as the first frame, and any after a socket
   * that did not open so: with a proxy that forgets subprotocols Chromium lets none open, and Firefox one without hello.
   * @param {Hello} hello
   */
  open(hello) {
    if (this.#socket && this.#early) return; // opened already, before anybody listened
    const address = new URL("ws", document.baseURI);
    address.protocol = address.protocol.replace("http", "ws");
    const early = this.#isDirect ? subprotocolsOf(JSON.stringify(hello)) : [];
    const socket = new WebSocket(address, early);
    let opened = false;
    const isMine = () => socket === this.#socket;
    socket.addEventListener("open", () => {
      if (!isMine()) return;
      if (early.length > 0 && socket.protocol === "") return socket.close();
      opened = true;
      if (early.length === 0) this.send(hello);
      this.#onEvent({ type: "opened" });
    });
    socket.addEventListener("message", ({ data }) => isMine() && this.#hear(data));
    socket.addEventListener("close", ({ code }) => {
      if (!isMine()) return;
      if (!opened) this.#isDirect = !this.#isDirect;
      this.#onEvent({ type: "closed", code, opened });
    });
    this.#socket = socket;
  }

  /** @param {unknown} data */
  #hear(data) {
    const frame = frameIn(data);
    if (frame) this.#onEvent({ type: "frame", frame, at: performance.now() });
  }

  drop() {
    const socket = this.#socket;
    if (socket?.readyState === WebSocket.CONNECTING) this.#isDirect = !this.#isDirect;
    this.#socket = null; // nothing more is heard from it
    socket?.close();
  }

  /** A frame that cannot leave is lost with the link.
   * @param {object} frame */
  send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }
}

/** The first frame; `have`: the lights that are shown.
 * @param {string} token @param {Record<string, Have>} have @returns {Hello} */
export function helloOf(token, have) {
  return { type: "hello", versions: [WIRE_VERSION], token, client: "page", have };
}

/** A browser puts nothing else than names of subprotocols into a handshake: this frame as one, if it fits there.
 * @param {string} text */
function subprotocolsOf(text) {
  if (text.length > MOST_EARLY || !IS_ASCII.test(text)) return [];
  const name = btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return ["presslight", `presslight.hello.${name}`];
}

/** What a bridge says is an object; what stands between may say anything.
 * @param {unknown} data @returns {BridgeFrame | null} */
function frameIn(data) {
  try {
    const frame = JSON.parse(String(data));
    return typeof frame?.type === "string" ? frame : null;
  } catch (error) {
    console.warn("presslight: this is no frame of a bridge:", nameOfError(error));
    return null;
  }
}

/**
 * The same press over a connection of its own, for when the WebSocket's is stuck. Answers with the bridge's frame
 * (an outcome or an error), or null where this path led nowhere.
 * @param {Asked} asked @param {string} token @returns {Promise<Answer | null>}
 */
export async function pressOverHttp(asked, token) {
  const { key, light, set, if_ver, not_after } = asked;
  try {
    const answer = await fetch(new URL(`api/lights/${light}/presses`, document.baseURI), {
      method: "POST",
      headers: {
        Authorization: `Bearer ${token}`,
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        Prefer: "wait=2",
      },
      body: JSON.stringify({ ...set, if_ver, not_after }),
      signal: AbortSignal.timeout(SECOND_PATH_MS),
    });
    if (answer.status === 500) return null; // a mistake of the bridge; what became of the press is not known
    const frame = await answer.json();
    return frame.type === "outcome" || frame.type === "error" ? frame : null;
  } catch (error) {
    console.info("presslight: no answer on the second path:", nameOfError(error));
    return null;
  }
}

/**
 * What stands between this page and its bridge where no WebSocket opens: "portal" (somebody else answers, who wants to
 * be visited first), "blocked" (the bridge answers, so only its WebSocket is kept away), or null: nobody answers.
 * @returns {Promise<Obstacle | null>}
 */
export async function findObstacle() {
  try {
    const where = new URL("healthz", document.baseURI);
    const answer = await fetch(where, { cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(LOOK_MS) });
    if (answer.status >= 500) return null; // a proxy whose bridge is away
    const isOurs = answer.ok && answer.headers.get("content-type")?.startsWith("application/json");
    return isOurs ? "blocked" : "portal";
  } catch (error) {
    console.info("presslight: no answer over HTTP either:", nameOfError(error));
    return null;
  }
}

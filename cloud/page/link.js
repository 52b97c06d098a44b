// The page's one connection to the bridge. Pure: events and the time go in, actions come out.
//
// Events                                 Actions
//   start            (also: a new token)   open    a WebSocket, and say hello
//   opened
//   frame   {frame}  anything heard        send    {frame}
//   closed  {code}                         drop    close the socket and hear nothing more from it
//   check            woken up, back online tell    {state, code} for people; `live` and `lost` matter to the presses
//   time                                   wake    send me `time` {at} then; the newest wake counts

/** @import { BridgeFrame, PhoneFrame } from "./frames.d.ts" */

import { Backoff } from "./backoff.js";
import { CloseCode, FIRST_FINAL_CLOSE_CODE, HANDSHAKE_MS, LAST_FINAL_CLOSE_CODE } from "./contract.js";
import { Heartbeat } from "./heartbeat.js";

export const State = Object.freeze({
  SIGNED_OUT: "signed_out", // no token, or one that the bridge does not know
  CONNECTING: "connecting",
  LIVE: "live",
  WAITING: "waiting", // no connection; trying again soon
  REFUSED: "refused", // the bridge said not to come back
});

/**
 * @typedef {typeof State[keyof typeof State]} LinkState
 * @typedef {{type: "start"} | {type: "opened"} | {type: "frame", frame: BridgeFrame} | {type: "closed", code: number}
 *   | {type: "check"} | {type: "time"}} LinkEvent
 * @typedef {{do: "open"} | {do: "send", frame: PhoneFrame} | {do: "drop"}
 *   | {do: "tell", state: LinkState, code: number | null} | {do: "wake", at: number | null}} LinkAction
 */

/** @type {Readonly<Record<LinkState, readonly LinkState[]>>} */
const MOVES = Object.freeze({
  signed_out: [State.CONNECTING],
  connecting: [State.CONNECTING, State.LIVE, State.WAITING, State.REFUSED, State.SIGNED_OUT],
  live: [State.CONNECTING, State.WAITING, State.REFUSED, State.SIGNED_OUT],
  waiting: [State.CONNECTING],
  refused: [State.CONNECTING],
});

export class Link {
  /** @type {LinkState} */
  #state = State.SIGNED_OUT;
  #random;
  #backoff;
  #heart = new Heartbeat(HANDSHAKE_MS, 0, 0); // of the newest welcome
  #troubled = false;
  #answered = false; // whether the newest socket opened
  #since = 0; // when the present state began
  #heard = 0;
  /** @type {number | null} */
  #rtt = null;
  #retryAt = 0;

  /** @param {() => number} random A number in [0, 1), for the jitter. */
  constructor(random) {
    this.#random = random;
    this.#backoff = new Backoff(random);
  }

  get state() {
    return this.#state;
  }

  /** The smoothed round trip in ms, of the newest connection that measured it; null before that. */
  get rtt() {
    return this.#rtt;
  }

  /** Whether it was lost, or never came up, since the last start. */
  get troubled() {
    return this.#troubled;
  }

  /** When the bridge was last heard. */
  get heard() {
    return this.#heard;
  }

  /**
   * Take in what happened at `now`; answer what to do, in order.
   *
   * @param {LinkEvent} event
   * @param {number} now
   * @returns {LinkAction[]}
   */
  onEvent(event, now) {
    const actions = this.#react(event, now);
    return [...actions, ...this.#pingIfDue(now), { do: "wake", at: this.#wakeAt() }];
  }

  /**
   * @param {LinkEvent} event
   * @param {number} now
   * @returns {LinkAction[]}
   */
  #react(event, now) {
    switch (event.type) {
      case "start":
        return this.#start(now);
      case "opened":
        this.#answered = true;
        return [];
      case "frame":
        return this.#hear(event.frame, now);
      case "closed":
        return this.#closed(event.code, now);
      case "check":
        return this.#check(now);
      case "time":
        return this.#time(now);
      default:
        throw new Error(`a link knows no event ${/** @type {{type: string}} */ (event).type}`);
    }
  }

  /** @param {number} now @returns {LinkAction[]} */
  #start(now) {
    /** @type {LinkAction[]} */
    const old = this.#isOpen() ? [{ do: "drop" }] : [];
    this.#troubled = false;
    this.#backoff = new Backoff(this.#random);
    return [...old, ...this.#open(now)];
  }

  #isOpen() {
    return this.#state === State.CONNECTING || this.#state === State.LIVE;
  }

  /** @param {number} now @returns {LinkAction[]} */
  #open(now) {
    this.#moveTo(State.CONNECTING, now);
    this.#answered = false;
    return [{ do: "open" }, tell(State.CONNECTING)];
  }

  /** @param {BridgeFrame} frame @param {number} now @returns {LinkAction[]} */
  #hear(frame, now) {
    this.#heard = now;
    this.#heart.heard(now);
    switch (frame.type) {
      case "welcome":
        return this.#welcome(frame.ping_ms, now);
      case "ping":
        return [{ do: "send", frame: { type: "pong", n: frame.n } }];
      case "pong":
        this.#heart.pong(frame.n, now);
        if (this.#heart.measured) this.#rtt = this.#heart.rtt;
        return [];
      default:
        return [];
    }
  }

  /** @param {number} pingMs @param {number} now @returns {LinkAction[]} */
  #welcome(pingMs, now) {
    this.#heart = new Heartbeat(pingMs, now - this.#since, now); // several round trips: no doubt comes too soon
    this.#moveTo(State.LIVE, now);
    return [tell(State.LIVE)];
  }

  /** @param {number} now @returns {LinkAction[]} */
  #pingIfDue(now) {
    const n = this.#state === State.LIVE ? this.#heart.due(now) : null;
    return n === null ? [] : [{ do: "send", frame: { type: "ping", n } }];
  }

  /** The screen came back, the network changed, or a press got no answer: is this link still one?
   *
   * @param {number} now @returns {LinkAction[]} */
  #check(now) {
    if (this.#state === State.WAITING) return this.#open(now);
    if (this.#state === State.LIVE) this.#heart.doubt(now);
    return [];
  }

  /** @param {number} now @returns {LinkAction[]} */
  #time(now) {
    if (this.#state === State.WAITING) return now >= this.#retryAt ? this.#open(now) : [];
    return this.#isDead(now) ? [{ do: "drop" }, ...this.#lost(now)] : [];
  }

  /** @param {number} now */
  #isDead(now) {
    if (this.#state === State.CONNECTING) return now >= this.#since + HANDSHAKE_MS;
    return this.#state === State.LIVE && this.#heart.isSilent(now);
  }

  /** @param {number} code @param {number} now @returns {LinkAction[]} */
  #closed(code, now) {
    if (!this.#isOpen()) return [];
    if (code === CloseCode.UNAUTHENTICATED) return this.#end(State.SIGNED_OUT, code, now);
    if (code >= FIRST_FINAL_CLOSE_CODE && code <= LAST_FINAL_CLOSE_CODE) return this.#end(State.REFUSED, code, now);
    return this.#lost(now);
  }

  /** @param {LinkState} state @param {number | null} code @param {number} now @returns {LinkAction[]} */
  #end(state, code, now) {
    this.#moveTo(state, now);
    return [tell(state, code)];
  }

  /** @param {number} now */
  #lost(now) {
    const lived = this.#state === State.LIVE ? now - this.#since : 0;
    this.#retryAt = now + this.#backoff.after(lived, this.#answered);
    this.#troubled = true;
    return this.#end(State.WAITING, null, now);
  }

  #wakeAt() {
    if (this.#state === State.WAITING) return this.#retryAt;
    if (this.#state === State.CONNECTING) return this.#since + HANDSHAKE_MS;
    return this.#state === State.LIVE ? this.#heart.wakeAt : null;
  }

  /** @param {LinkState} state @param {number} now */
  #moveTo(state, now) {
    if (!MOVES[this.#state].includes(state)) throw new Error(`a link cannot go from ${this.#state} to ${state}`);
    this.#state = state;
    this.#since = now;
  }
}

/** @param {LinkState} state @param {number | null} code @returns {LinkAction} */
function tell(state, code = null) {
  return { do: "tell", state, code };
}

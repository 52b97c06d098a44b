// The presses that this page made: their keys, their machines, and what the machines want done.

/** @import { Bound } from "./bound.js" */
/** @import { Wish } from "./frames.d.ts" */
/**
 * @import { Answer, Asked, PageReason, PageStatus,
 *   PressAction, PressEvent, PressListener, PressPorts, Version } from "./types.d.ts"
 */

import { DEFAULT_PATIENCE_MS as PATIENCE_MS } from "./contract.js";
import { forgetPress, keepPress } from "./storage.js";
import { Press, State, untilPassed } from "./press.js";

/** @typedef {{asked: Asked, press: Press, latest: number, restored: boolean, timer: number | undefined}} OpenPress */

export class Presses {
  #origin = randomOrigin();
  #n = 0;
  /** @type {Map<string, OpenPress>} */
  #open = new Map(); // key -> {asked, press, latest, restored, timer}; in the order of the fingers
  /** @type {PressPorts} */
  #bridge;
  /** @type {PressListener} */
  #listener;

  /**
   * `bridge`: {send(frame), hedge(asked) -> frame or null, rtt() -> ms or null without a link, hurry()}.
   * `listener`: {say(asked, word, reason, frame), shown(asked, ms, frame, latest), failed(word, reason)}: `latest` as
   * pressToLight wants it; `failed` hears of this page's own presses that have a last word and were not done.
   * @param {PressPorts} bridge @param {PressListener} listener
   */
  constructor(bridge, listener) {
    this.#bridge = bridge;
    this.#listener = listener;
  }

  /** `set`: the wish, as attributes.js has it; `bound`: of the light's clock; `made`, `finger`: see Press. Answers the key.
   * @param {{light: string, set: Wish, if_ver: Version | undefined, bound: Bound, made: number, finger: number}} press */
  press({ light, set, if_ver, bound, made, finger }) {
    this.#n += 1;
    const key = `${this.#origin}-${this.#n}`;
    const asked = { key, light, set, if_ver, not_after: bound.notAfter(made, PATIENCE_MS) };
    const lead = Math.ceil(bound.lead(asked.not_after, made));
    this.#take(asked, new Press(made, lead, { finger }), { latest: made - finger + PATIENCE_MS });
    const rtt_ms = this.#bridge.rtt();
    this.#tell(key, { type: "pressed", rtt_ms });
    if (rtt_ms === null) this.#bridge.hurry();
    return key;
  }

  /** A press that this browser made before the page was loaded anew: ask what came of it.
   * @param {Asked} asked */
  restore(asked) {
    this.#take(asked, new Press(performance.now(), PATIENCE_MS, { restored: true }), { restored: true });
    this.#listener.say(asked, "restored", null);
  }

  /** A light's clock is better known.
   * @param {string} light @param {Bound} bound */
  clockHeard(light, bound) {
    for (const [key, { asked }] of [...this.#open]) {
      if (asked.light !== light) continue;
      this.#tell(key, { type: "deadline", ms: untilPassed(bound.lead(asked.not_after, performance.now())) });
    }
  }

  /** An `outcome`, or an `error` that names a key, came in on any path.
   * @param {Answer} frame */
  hear(frame) {
    if (frame.key !== undefined) this.#tell(frame.key, frame);
  }

  linkUp() {
    this.#tellAll({ type: "link_up", rtt_ms: this.#bridge.rtt() ?? 0 });
  }

  linkDown() {
    this.#tellAll({ type: "link_down" });
  }

  /**
   * The newest press of this light without a last word, as {set, late}; undefined if there is none. One of an earlier
   * page counts as late: whoever looks at this page made it long ago.
   * @param {string} light @returns {{set: Wish, late: boolean} | undefined}
   */
  openWish(light) {
    const wishes = [...this.#open.values()].filter(({ asked }) => asked.light === light);
    const newest = wishes.findLast(({ restored }) => !restored) ?? wishes.at(-1);
    return newest && { set: newest.asked.set, late: newest.restored || newest.press.state === State.UNCONFIRMED };
  }

  /** A finger came again for a press that is on its way: look after the link; whether there still is such a press.
   * @param {string} light */
  nudge(light) {
    const wish = this.openWish(light);
    if (wish) this.#bridge.hurry();
    return wish !== undefined && !wish.late;
  }

  /** @param {Asked} asked @param {Press} press @param {{latest?: number, restored?: boolean}} options */
  #take(asked, press, { latest = 0, restored = false }) {
    this.#open.set(asked.key, { asked, press, latest, restored, timer: undefined });
  }

  /** @param {PressEvent} event */
  #tellAll(event) {
    for (const key of [...this.#open.keys()]) this.#tell(key, event);
  }

  /** @param {string} key @param {PressEvent} event */
  #tell(key, event) {
    const one = this.#open.get(key);
    if (!one) return; // has its last word; this is one more answer to one more copy
    const actions = one.press.onEvent(event, performance.now());
    if (one.press.state === State.CLOSED) {
      clearTimeout(one.timer);
      this.#open.delete(key);
    }
    for (const action of actions) this.#act(one, action, event);
  }

  /** @param {OpenPress} one @param {PressAction} action @param {PressEvent} event */
  #act(one, action, event) {
    const { asked } = one;
    switch (action.do) {
      case "store":
        return keepPress(asked);
      case "send":
        return this.#bridge.send({ type: "press", ...asked, age_ms: action.age_ms });
      case "hedge":
        return this.#hedge(asked);
      case "say":
        return this.#say(one, action, event);
      case "shown":
        this.#bridge.send({ type: "shown", key: asked.key, ms: action.ms });
        return this.#listener.shown(asked, action.ms, event.type === "outcome" ? event.legs : undefined, one.latest);
      case "forget":
        return forgetPress(asked.key);
      case "wake":
        return this.#wake(one, action.at);
      default:
        throw new Error(`no shell for ${/** @type {{do: string}} */ (action).do}`);
    }
  }

  /** @param {OpenPress} one @param {{status: PageStatus, reason: PageReason}} said @param {PressEvent} event */
  #say({ asked, press, restored }, { status, reason }, event) {
    this.#listener.say(asked, status, reason, event);
    if (press.state === State.CLOSED && status !== "applied" && !restored) this.#listener.failed(status, reason);
  }

  /** @param {Asked} asked */
  async #hedge(asked) {
    const frame = await this.#bridge.hedge(asked);
    if (frame) this.#tell(asked.key, frame);
  }

  /** @param {OpenPress} one @param {number | null} at */
  #wake(one, at) {
    clearTimeout(one.timer);
    if (at === null) return;
    const wait = Math.max(at - performance.now(), 0);
    one.timer = setTimeout(() => this.#tell(one.asked.key, { type: "time" }), wait);
  }
}

/** 64 random bits in hex. getRandomValues works on plain http too, unlike the rest of crypto. */
function randomOrigin() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether a press was made after another one of this page; any press of this page is newer than a restored one.
 * @param {string} key @param {string | null} than */
export function isNewer(key, than) {
  if (than === null) return true;
  const [[origin, n], [other, m]] = [key.split("-"), than.split("-")];
  return origin !== other || Number(n) >= Number(m);
}

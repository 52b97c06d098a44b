// One press, from the finger to its last word. Pure: no clock, no socket, no screen.
// An event and the time (ms, monotonic) go in, a list of actions comes out; the shell carries them out in order.
// It keeps the same rules as every other phone: tests/mobile_sim/press_table.json states them and is run against both.
//
// Events                                      Actions
//   pressed    {rtt_ms}, null: no link          store   keep key and payload, before anything else is done
//   link_up    {rtt_ms}                         send    {age_ms} a copy, always with the same payload
//   link_down                                   hedge   {age_ms} the same, rather on another path than before
//   outcome    {status, reason}                   say     {status, reason} to the person
//   error      {code, retry}                    shown   {ms} finger -> `applied`, for the bridge's metrics
//   deadline   {ms} until it is surely over     forget  the press has its last word
//   time                                        wake    {at} send me `time` then; null: never; the newest counts
//
// Words of its own, beside the bridge's: `pending`, `waiting` (no link yet), `retrying` (the bridge could not take it),
// and the last words `not_sent`, `rejected` (every copy was answered by an error, so it did not act and never will) and
// `unknown` (bridges refuse to tell what came of it, again and again).

/** @import { ErrorCode, Reason, PressStatus } from "./frames.d.ts" */
/** @import { PageReason, PageStatus, PressAction, PressEvent } from "./types.d.ts" */

import { ASK_AGAIN_MS, DRIFT, HEDGE_MS, HEDGE_RTTS, LONGEST_GAP_MS, MAX_AGE_MS, REFUSALS } from "./contract.js";

export const State = Object.freeze({
  NEW: "new", // made, and never sent
  ASKING: "asking", // sent, no word yet
  ACCEPTED: "accepted", // the bridge has it
  UNCONFIRMED: "unconfirmed", // too late to act from now on; whether it did is not known yet
  CLOSED: "closed", // has its last word
});

/** @typedef {typeof State[keyof typeof State]} PressState */

/** @type {Readonly<Record<PressState, readonly PressState[]>>} */
const MOVES = Object.freeze({
  new: [State.ASKING, State.CLOSED],
  asking: [State.ACCEPTED, State.UNCONFIRMED, State.CLOSED],
  accepted: [State.UNCONFIRMED, State.CLOSED],
  unconfirmed: [State.CLOSED],
  closed: [],
});

export class Press {
  /** @type {PressState} */
  #state = State.NEW;
  #finger;
  #restored;
  #expires; // from here on the light's clock is proven to be past the deadline
  /** @type {number | null} */
  #rtt = null; // null: no link
  #gap = HEDGE_MS;
  #next = Infinity; // when the next copy is due
  #hedging = false; // whether that copy should take another path
  #loose = 0; // copies that were not answered by an error: the bridge may have taken them
  #held = false; // the bridge has said a word: it has it
  /** @type {ErrorCode | null} */
  #refusal = null;
  #refusals = 0; // since the deadline, with no word in between

  /**
   * `at`: when it got its key; for a press that an earlier page had sent (`restored`), when this page took it up.
   * `lead`: how far the deadline then lay ahead of the bound of the light's clock. `finger`: when the finger moved,
   * earlier than `at` if the value had to wait for its turn.
   * @param {number} at @param {number} lead @param {{finger?: number, restored?: boolean}} [options]
   */
  constructor(at, lead, { finger = at, restored = false } = {}) {
    this.#finger = finger;
    this.#restored = restored;
    this.#expires = at + untilPassed(lead);
    if (!restored) return;
    this.#state = State.ASKING;
    this.#loose = 1;
  }

  get state() {
    return this.#state;
  }

  /** @param {PressEvent} event @param {number} now @returns {PressAction[]} */
  onEvent(event, now) {
    if (this.#isClosed()) return [];
    const actions = this.#heard(event, now);
    actions.push(...this.#expire(now), ...this.#askIfDue(now));
    return this.#isClosed() ? actions : [...actions, { do: "wake", at: this.#wakeAt() }];
  }

  /** @param {PressEvent} event @param {number} now @returns {PressAction[]} */
  #heard(event, now) {
    switch (event.type) {
      case "pressed":
        return [{ do: "store" }, ...(event.rtt_ms === null ? [say("waiting")] : this.#linkUp(event.rtt_ms, now))];
      case "link_up":
        return this.#linkUp(event.rtt_ms, now);
      case "link_down":
        [this.#rtt, this.#next] = [null, Infinity];
        return [];
      case "outcome":
        return this.#outcome(event, now);
      case "error":
        return this.#error(event, now);
      case "deadline":
        this.#expires = Math.min(this.#expires, now + event.ms);
        return [];
      case "time":
        return [];
      default:
        throw new Error(`a press knows no event ${/** @type {{type: string}} */ (event).type}`);
    }
  }

  /** @param {number} rtt @param {number} now @returns {PressAction[]} */
  #linkUp(rtt, now) {
    this.#rtt = rtt;
    this.#gap = this.#firstGap();
    this.#askAt(now);
    return this.#state === State.NEW && now < this.#expires ? [say("pending")] : [];
  }

  /** @param {{status: PressStatus, reason?: Reason}} outcome @param {number} now @returns {PressAction[]} */
  #outcome({ status, reason }, now) {
    if (this.#state === State.NEW) return []; // never sent, so this is about another press
    this.#held = true;
    this.#refusals = 0;
    switch (status) {
      case "accepted":
        return this.#accepted();
      case "unconfirmed":
        return this.#state === State.UNCONFIRMED ? [] : this.#unconfirmed(now + ASK_AGAIN_MS);
      default:
        return this.#close(status, reason ?? null, now);
    }
  }

  /** @returns {PressAction[]} */
  #accepted() {
    if (this.#state !== State.ASKING) return [];
    this.#moveTo(State.ACCEPTED);
    this.#askAt(Infinity); // the bridge sees to it until the deadline
    return [say("accepted")];
  }

  /** @param {{code: ErrorCode, retry: boolean}} problem @param {number} now @returns {PressAction[]} */
  #error({ code, retry }, now) {
    if (this.#state === State.NEW) return [];
    this.#refusal = code;
    this.#loose = Math.max(this.#loose - 1, 0);
    const expired = now >= this.#expires;
    if (this.#neverTaken() && (expired || !retry)) return this.#close("rejected", code, now);
    if (!retry) {
      this.#refusals += Number(expired);
      return this.#refusals === REFUSALS ? this.#close("unknown", code, now) : [];
    }
    this.#askAt(now + this.#gap);
    return this.#state === State.ASKING ? [say("retrying", code)] : [];
  }

  /** @param {number} now @returns {PressAction[]} */
  #expire(now) {
    if (now < this.#expires || this.#state === State.UNCONFIRMED || this.#isClosed()) return [];
    if (this.#state === State.NEW) return this.#close("not_sent", null, now);
    if (this.#neverTaken()) return this.#close("rejected", this.#refusal, now);
    return this.#unconfirmed(now);
  }

  /** @param {number} askAt @returns {PressAction[]} */
  #unconfirmed(askAt) {
    this.#moveTo(State.UNCONFIRMED);
    this.#gap = this.#firstGap();
    this.#askAt(askAt);
    return [say("unconfirmed")];
  }

  /** Asking and pushing are one act: a copy changes nothing that the key has done already.
   * @param {number} now @returns {PressAction[]} */
  #askIfDue(now) {
    if (this.#rtt === null || now < this.#next || this.#isClosed()) return [];
    if (this.#state === State.NEW) this.#moveTo(State.ASKING);
    /** @type {PressAction} */
    const copy = { do: this.#hedging ? "hedge" : "send", age_ms: this.#age(now) };
    this.#loose += 1;
    this.#askAt(this.#state === State.ACCEPTED ? Infinity : now + this.#gap, this.#state === State.ASKING);
    this.#gap = Math.min(this.#gap * 2, LONGEST_GAP_MS);
    return [copy];
  }

  /** @param {number} at @param {boolean} [hedging] */
  #askAt(at, hedging = false) {
    [this.#next, this.#hedging] = [at, hedging];
  }

  /** @param {PageStatus} status @param {PageReason} reason @param {number} now @returns {PressAction[]} */
  #close(status, reason, now) {
    this.#moveTo(State.CLOSED);
    const measured = status === "applied" && !this.#restored;
    /** @type {PressAction[]} */
    const shown = measured ? [{ do: "shown", ms: this.#age(now) }] : [];
    return [{ do: "forget" }, say(status, reason), ...shown];
  }

  /** @param {number} now */
  #age(now) {
    return Math.min(Math.max(Math.round(now - this.#finger), 0), MAX_AGE_MS);
  }

  /** Every copy was answered by an error. */
  #neverTaken() {
    return this.#refusal !== null && this.#loose === 0 && !this.#held;
  }

  #firstGap() {
    return this.#state === State.UNCONFIRMED ? ASK_AGAIN_MS : Math.max(HEDGE_MS, Math.round(HEDGE_RTTS * (this.#rtt ?? 0)));
  }

  #wakeAt() {
    const times = this.#state === State.UNCONFIRMED ? [] : [this.#expires];
    if (this.#rtt !== null && this.#next < Infinity) times.push(this.#next);
    return times.length > 0 ? Math.min(...times) : null;
  }

  #isClosed() {
    return this.#state === State.CLOSED;
  }

  /** @param {PressState} state */
  #moveTo(state) {
    if (!MOVES[this.#state].includes(state)) throw new Error(`a press cannot go from ${this.#state} to ${state}`);
    this.#state = state;
  }
}

/**
 * How long until a clock, at most `lead` ms before a deadline now, is surely past it: whole ms, drift allowed for.
 * A light reads its clock in whole ms and acts as long as they are not over the deadline, hence the one more.
 * @param {number} lead
 */
export function untilPassed(lead) {
  return lead <= -1 ? 0 : Math.ceil((lead + 1) / (1 - DRIFT));
}

/** @param {PageStatus} status @param {PageReason | undefined} reason @returns {PressAction} */
function say(status, reason = null) {
  return { do: "say", status, reason: reason ?? null };
}

// One press, from the finger to its last word. Pure: no clock, no socket, no screen.
// An event and the time (ms, monotonic) go in, a list of actions comes out; the shell carries them out in order.
//
// Events                               Actions
//   pressed  {linked, rtt_ms}            store   keep the key and payload, before the first copy leaves
//   link_up  {rtt_ms}                    send    this press over the WebSocket; {age_ms} since the finger
//   link_down                            hedge   the same press on a second path
//   outcome  {word, reason}              say     {word, reason} what the person is told now
//   error    {code, retry}               shown   {ms} finger -> "applied", for the bridge's metrics
//   time                                 forget  the press has its last word
//                                        wake    send me `time` {at} then (null: never); the newest wake counts
//
// Words of its own, beside the bridge's: `pending`, `waiting` (no link yet), `retrying` (the bridge did not take it),
// and the last words `not_sent`, `rejected` (no copy was taken: it did not happen) and `unknown` (nobody can tell).

export const State = Object.freeze({
  NEW: "new", // made, and never sent
  ASKING: "asking", // sent, no word yet
  ACCEPTED: "accepted", // the bridge has it
  UNCONFIRMED: "unconfirmed", // too late to act from now on; whether it did is not known yet
  CLOSED: "closed", // has its last word
});

const MOVES = Object.freeze({
  new: [State.ASKING, State.CLOSED],
  asking: [State.ACCEPTED, State.UNCONFIRMED, State.CLOSED],
  accepted: [State.UNCONFIRMED, State.CLOSED],
  unconfirmed: [State.CLOSED],
  closed: [],
});

export const PATIENCE_MS = 2_000;
export const DRIFT = 500e-6; // two clocks part by at most this
const HEDGE_MS = 300;
const REFUSED_AGAIN_MS = 500;
const ASK_AGAIN_MS = 2_000;
const LONGEST_GAP_MS = 30_000;
const OLDEST_MS = 3_600_000; // the largest age_ms on the wire

export class Press {
  #state = State.NEW;
  #finger;
  #restored;
  #deadline; // from here on the light's clock is proven to be past not_after
  #linked = false;
  #loose = 0; // copies that may have been taken: no error came back for them
  #refusal = null; // the newest error code
  #gap = HEDGE_MS;
  #next = null; // the next copy: {at, do}

  /**
   * `made`: when it got its key and its deadline; for a press that an earlier page had sent (`restored`), any time
   * since. `finger`: when the finger moved, earlier than `made` if the value had to wait for its turn.
   */
  constructor(made, { finger = made, restored = false } = {}) {
    this.#finger = finger;
    this.#restored = restored;
    this.#deadline = made + Math.ceil(PATIENCE_MS * (1 + DRIFT)) + 1;
    if (restored) {
      this.#loose = 1;
      this.#moveTo(State.ASKING);
    }
  }

  get state() {
    return this.#state;
  }

  onEvent(event, now) {
    if (this.#state === State.CLOSED) return [];
    const actions = this.#expire(now);
    if (this.#state !== State.CLOSED) actions.push(...this.#react(event, now));
    if (this.#state !== State.CLOSED) actions.push({ do: "wake", at: this.#wakeAt() });
    return actions;
  }

  #react(event, now) {
    switch (event.type) {
      case "pressed":
        return event.linked ? this.#linkUp(event, now) : [say("waiting")];
      case "link_up":
        return this.#linkUp(event, now);
      case "link_down":
        return this.#linkDown();
      case "outcome":
        return this.#hear(event, now);
      case "error":
        return this.#refuse(event, now);
      case "time":
        return this.#next && now >= this.#next.at ? this.#ask(this.#next.do, now) : [];
      default:
        throw new Error(`a press knows no event ${event.type}`);
    }
  }

  #linkUp({ rtt_ms }, now) {
    const first = this.#state === State.NEW;
    this.#linked = true;
    this.#gap = this.#late() ? ASK_AGAIN_MS : Math.max(HEDGE_MS, Math.round(1.5 * (rtt_ms ?? 0)));
    if (first) this.#moveTo(State.ASKING);
    return [...(first ? [say("pending"), { do: "store" }] : []), ...this.#ask("send", now)];
  }

  #linkDown() {
    this.#linked = false;
    this.#next = null;
    return [];
  }

  /** Asking and pushing are the same act: a copy of a key changes nothing that the key has done already. */
  #ask(way, now) {
    this.#loose += 1;
    this.#plan(now);
    return [{ do: way, age_ms: Math.min(Math.max(Math.round(now - this.#finger), 0), OLDEST_MS) }];
  }

  /** In time, a copy must overtake the one before it, so it takes a second path; later, copies only ask. */
  #plan(now) {
    const waits = this.#state === State.ACCEPTED || !this.#linked; // the bridge or the link will speak first
    this.#next = waits ? null : { at: now + this.#gap, do: this.#late() ? "send" : "hedge" };
    this.#gap = Math.min(this.#gap * 2, LONGEST_GAP_MS);
  }

  #late() {
    return this.#state === State.UNCONFIRMED;
  }

  #expire(now) {
    if (now < this.#deadline || this.#late()) return [];
    if (this.#state === State.NEW) return this.#close("not_sent");
    if (this.#loose === 0) return this.#close("rejected", this.#refusal);
    this.#unconfirm(now);
    return [say("unconfirmed"), ...(this.#linked ? this.#ask("send", now) : [])];
  }

  #unconfirm(now) {
    this.#moveTo(State.UNCONFIRMED);
    this.#gap = ASK_AGAIN_MS;
    this.#plan(now);
  }

  #hear({ word, reason }, now) {
    if (word === "accepted") return this.#accepted();
    if (word === "unconfirmed") return this.#unconfirmed(now);
    const measured = word === "applied" && !this.#restored;
    return [...this.#close(word, reason), ...(measured ? [{ do: "shown", ms: Math.round(now - this.#finger) }] : [])];
  }

  #accepted() {
    if (this.#state !== State.ASKING) return [];
    this.#moveTo(State.ACCEPTED);
    this.#next = null;
    return [say("accepted")];
  }

  #unconfirmed(now) {
    if (this.#late()) return [];
    this.#unconfirm(now);
    return [say("unconfirmed")];
  }

  /** The bridge did not take one copy. "It did not happen" is certain only if it took none. */
  #refuse({ code, retry }, now) {
    this.#loose -= 1;
    this.#refusal = code;
    if (!retry) return this.#close(this.#loose === 0 && this.#state === State.ASKING ? "rejected" : "unknown", code);
    this.#gap = Math.max(this.#gap, REFUSED_AGAIN_MS);
    this.#next = { at: now + this.#gap, do: "send" };
    return this.#state === State.ASKING ? [say("retrying", code)] : [];
  }

  #close(word, reason) {
    const sent = this.#state !== State.NEW;
    this.#moveTo(State.CLOSED);
    return [...(sent ? [{ do: "forget" }] : []), say(word, reason)];
  }

  #wakeAt() {
    const times = this.#next ? [this.#next.at] : [];
    if (!this.#late()) times.push(this.#deadline);
    return times.length > 0 ? Math.min(...times) : null;
  }

  #moveTo(state) {
    if (!MOVES[this.#state].includes(state)) throw new Error(`a press cannot go from ${this.#state} to ${state}`);
    this.#state = state;
  }
}

function say(word, reason = null) {
  return { do: "say", word, reason };
}

// The page's one connection to the bridge. Pure: events and the time go in, actions come out.
//
// Events                                 Actions
//   start   {token}  (also: a new one)     open    a WebSocket, and say hello
//   opened
//   frame   {frame}  anything heard        send    {frame}
//   closed  {code}                         drop    close the socket and hear nothing more from it
//   check            woken up, back online tell    {state, code} for people; `live` and `lost` matter to the presses
//   time                                   wake    send me `time` {at} then; the newest wake counts

export const State = Object.freeze({
  SIGNED_OUT: "signed_out", // no token, or one that the bridge does not know
  CONNECTING: "connecting",
  LIVE: "live",
  WAITING: "waiting", // no connection; trying again soon
  REFUSED: "refused", // the bridge said not to come back
});

const MOVES = Object.freeze({
  signed_out: [State.CONNECTING],
  connecting: [State.CONNECTING, State.LIVE, State.WAITING, State.REFUSED, State.SIGNED_OUT],
  live: [State.CONNECTING, State.WAITING, State.REFUSED, State.SIGNED_OUT],
  waiting: [State.CONNECTING],
  refused: [State.CONNECTING],
});

const UNAUTHENTICATED = 4101;
const FIRST_REFUSAL = 4101; // 41xx: it would fail again
const LAST_REFUSAL = 4199;
const WELCOME_MS = 6_000; // from opening to welcome; a slow phone network needs four round trips
const CHECK_MS = 2_000; // how long a doubted link may take to answer,
const CHECK_RTTS = 4; // on a slow way so many round trips: a packet may be lost twice and the link be well
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 15_000;
const NOBODY_WAIT_MS = 1_000; // where no socket opened: trying costs nobody anything, so nothing doubles
const PROVEN_MS = 10_000; // a link that lived this long clears the back-off
const LARGEST_N = 2 ** 30 - 1;

export class Link {
  #state = State.SIGNED_OUT;
  #random;
  #troubled = false;
  #losses = 0; // of links that had opened, and did not live long
  #answered = false; // whether the newest socket opened
  #since = 0; // when the present state began
  #heard = 0;
  #ping = { every: 20_000, n: 0, sent: null }; // sent: when the unanswered ping left
  #checkBy = null;
  #rtt = null;
  #retryAt = null;

  /** `random`: () -> [0, 1), for the jitter. */
  constructor(random) {
    this.#random = random;
  }

  get state() {
    return this.#state;
  }

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

  onEvent(event, now) {
    const actions = this.#react(event, now);
    return [...actions, { do: "wake", at: this.#wakeAt() }];
  }

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
        throw new Error(`a link knows no event ${event.type}`);
    }
  }

  #start(now) {
    const old = this.#isOpen() ? [{ do: "drop" }] : [];
    this.#troubled = false;
    this.#losses = 0;
    return [...old, ...this.#open(now)];
  }

  #isOpen() {
    return this.#state === State.CONNECTING || this.#state === State.LIVE;
  }

  #open(now) {
    this.#moveTo(State.CONNECTING, now);
    this.#answered = false;
    return [{ do: "open" }, tell(State.CONNECTING)];
  }

  #hear(frame, now) {
    this.#heard = now;
    if (this.#checkBy !== null && frame.type !== "welcome") this.#checkBy = null;
    switch (frame.type) {
      case "welcome":
        return this.#welcome(frame, now);
      case "ping":
        return [{ do: "send", frame: { type: "pong", n: frame.n } }];
      case "pong":
        return this.#pong(frame.n, now);
      default:
        return [];
    }
  }

  #welcome(frame, now) {
    this.#moveTo(State.LIVE, now);
    this.#ping.every = frame.ping_ms;
    return [tell(State.LIVE), ...this.#sendPing(now)];
  }

  #sendPing(now) {
    this.#ping.n = (this.#ping.n % LARGEST_N) + 1;
    this.#ping.sent = now;
    return [{ do: "send", frame: { type: "ping", n: this.#ping.n } }];
  }

  #pong(n, now) {
    if (n !== this.#ping.n || this.#ping.sent === null) return [];
    const sample = now - this.#ping.sent;
    this.#rtt = this.#rtt === null ? sample : 0.75 * this.#rtt + 0.25 * sample;
    this.#ping.sent = null;
    return [];
  }

  /** The screen came back, the network changed, or a press got no answer: is this link still one? */
  #check(now) {
    if (this.#state === State.WAITING) return this.#open(now);
    if (this.#state !== State.LIVE || this.#checkBy !== null) return [];
    this.#checkBy = now + Math.max(CHECK_MS, CHECK_RTTS * (this.#rtt ?? 0));
    return this.#sendPing(now);
  }

  #time(now) {
    if (this.#state === State.WAITING) return now >= this.#retryAt ? this.#open(now) : [];
    if (this.#isOpen() && now >= this.#deadAt()) return [{ do: "drop" }, ...this.#lost(now)];
    if (this.#state === State.LIVE && now >= this.#pingAt()) return this.#sendPing(now);
    return [];
  }

  #closed(code, now) {
    if (!this.#isOpen()) return [];
    if (code === UNAUTHENTICATED) return this.#end(State.SIGNED_OUT, code, now);
    if (code >= FIRST_REFUSAL && code <= LAST_REFUSAL) return this.#end(State.REFUSED, code, now);
    return this.#lost(now);
  }

  #end(state, code, now) {
    this.#moveTo(state, now);
    return [tell(state, code)];
  }

  /** Full jitter: anything from no wait at all to the whole of it, so that phones do not come back as a crowd. */
  #lost(now) {
    if (this.#state === State.LIVE && now - this.#since >= PROVEN_MS) this.#losses = 0;
    const doubled = Math.min(FIRST_WAIT_MS * 2 ** this.#losses, LONGEST_WAIT_MS);
    this.#retryAt = now + this.#random() * (this.#answered ? doubled : NOBODY_WAIT_MS);
    if (this.#answered) this.#losses += 1;
    this.#troubled = true;
    return this.#end(State.WAITING, null, now);
  }

  #deadAt() {
    if (this.#state === State.CONNECTING) return this.#since + WELCOME_MS;
    return Math.min(this.#heard + 2.5 * this.#ping.every, this.#checkBy ?? Infinity);
  }

  #pingAt() {
    return (this.#ping.sent ?? this.#heard) + this.#ping.every;
  }

  #wakeAt() {
    if (this.#state === State.WAITING) return this.#retryAt;
    if (this.#state === State.CONNECTING) return this.#deadAt();
    return this.#state === State.LIVE ? Math.min(this.#deadAt(), this.#pingAt()) : null;
  }

  #moveTo(state, now) {
    if (!MOVES[this.#state].includes(state)) throw new Error(`a link cannot go from ${this.#state} to ${state}`);
    this.#state = state;
    this.#since = now;
    this.#checkBy = null;
  }
}

function tell(state, code = null) {
  return { do: "tell", state, code };
}

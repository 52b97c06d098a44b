// Whether the other end of a connection is alive, and how far away it is. Pure; times in ms on the phone's clock.
// tests/mobile_sim/heartbeat_table.json states the rules, for every phone.

import {
  DOUBT_MS, DOUBT_RTTS, MAX_SMALL, RTT_SMOOTHING, SETTLING_PINGS, SHORTEST_PING_MS, SILENCE_PINGS,
} from "./contract.js";

export class Heartbeat {
  #every;
  #heard;
  #next; // when the next ping is due
  #proveBy = Infinity; // until when a connection in doubt has to give a sign of life
  #n = 0;
  /** @type {number | null} */
  #sent = null; // when the unanswered ping left
  #rtt;
  #measured = false;

  /**
   * @param {number} pingMs How often the bridge pings.
   * @param {number} rtt The round trip until the first pong, as far as is known.
   * @param {number} now When the welcome came.
   */
  constructor(pingMs, rtt, now) {
    this.#every = Math.max(pingMs, SHORTEST_PING_MS);
    this.#heard = now;
    this.#next = now;
    this.#rtt = rtt;
  }

  /** The smoothed round trip in ms. */
  get rtt() {
    return this.#rtt;
  }

  /** Whether a pong has come, so that `rtt` is measured. */
  get measured() {
    return this.#measured;
  }

  /** When to ask `due` and `isSilent` again. */
  get wakeAt() {
    return Math.min(this.#next, this.#silentAt);
  }

  /**
   * Anything came in.
   *
   * @param {number} now
   */
  heard(now) {
    [this.#heard, this.#proveBy] = [now, Infinity];
  }

  /**
   * A press got no answer in time, or the phone woke up: ping at once, and take the connection for lost much sooner.
   *
   * @param {number} now
   */
  doubt(now) {
    if (this.#proveBy !== Infinity) return;
    this.#proveBy = now + Math.max(DOUBT_MS, DOUBT_RTTS * this.#rtt);
    this.#next = now;
  }

  /**
   * Whether the bridge has said nothing for 2.5 times as long as it promised, or since a doubt.
   *
   * @param {number} now
   */
  isSilent(now) {
    return now >= this.#silentAt;
  }

  get #silentAt() {
    return Math.min(this.#heard + SILENCE_PINGS * this.#every, this.#proveBy);
  }

  /**
   * The number to ping with now, or null if it is not time yet.
   *
   * @param {number} now
   */
  due(now) {
    if (now < this.#next) return null;
    this.#n = (this.#n % MAX_SMALL) + 1;
    [this.#sent, this.#next] = [now, now + this.#every];
    return this.#n;
  }

  /**
   * A ping was answered. Late and strange answers count for nothing.
   *
   * @param {number} n
   * @param {number} now
   */
  pong(n, now) {
    if (this.#sent === null || n !== this.#n) return;
    const sample = now - this.#sent;
    this.#sent = null;
    this.#rtt = this.#measured ? this.#rtt + RTT_SMOOTHING * (sample - this.#rtt) : sample;
    this.#measured = true;
    if (n < SETTLING_PINGS) this.#next = now;
  }
}

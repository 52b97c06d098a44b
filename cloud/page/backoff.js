// Waits between connections: exponential back-off with full jitter, so that phones do not come back as a herd. Pure.
// tests/mobile_sim/backoff_table.json states the waits, for every phone.

import { BACKOFF_BASE_MS, BACKOFF_CAP_MS, BACKOFF_NOBODY_MS, PROVEN_LIFE_MS } from "./contract.js";

export class Backoff {
  /** @type {() => number} */
  #random;
  #failures = 0; // of connections that had opened, and did not live long

  /** @param {() => number} random A number in [0, 1), for the jitter. */
  constructor(random) {
    this.#random = random;
  }

  /**
   * Draw the wait in ms after a connection that ended.
   *
   * @param {number} lived In ms, from its welcome to its end; 0 where it got none.
   * @param {boolean} answered Whether a WebSocket opened at all; where none did the wait is short, and nothing doubles.
   */
  after(lived, answered) {
    if (!answered) return this.#random() * BACKOFF_NOBODY_MS;
    if (lived >= PROVEN_LIFE_MS) this.#failures = 0;
    const longest = Math.min(BACKOFF_BASE_MS * 2 ** this.#failures, BACKOFF_CAP_MS);
    this.#failures += 1;
    return this.#random() * longest;
  }
}

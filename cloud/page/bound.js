// What this phone can prove about one light's clock. Pure; all times in ms, `now` on the phone's monotonic clock.

/** @import { Moment } from "./frames.d.ts" */

import { DRIFT, FALSE_CLOCK_MS, MAX_UP_MS } from "./contract.js";

export class Bound {
  /** @type {string} */
  #boot;
  /** @type {number} */
  #up;
  /** @type {number} */
  #heard;
  #latest = 0; // the latest deadline given in this boot

  /** @param {string} boot @param {number} up @param {number} now */
  constructor(boot, up, now) {
    [this.#boot, this.#up, this.#heard] = [boot, up, now];
  }

  /** A frame read at `now` says that the light's clock was at least `up`. The boot must not be an earlier one.
   * @param {string} boot @param {number} up @param {number} now */
  hear(boot, up, now) {
    if (boot !== this.#boot) this.#start(boot, up, now);
    else if (up > this.at(now)) [this.#up, this.#heard] = [up, now];
  }

  /** What was heard before is false; this is true.
   * @param {string} boot @param {number} up @param {number} now */
  restart(boot, up, now) {
    if (boot !== this.#boot) this.#start(boot, up, now);
    else [this.#up, this.#heard] = [up, now];
  }

  /** What the light's clock shows at least at `now`, which may also lie before the frame.
   * @param {number} now */
  at(now) {
    const passed = now - this.#heard;
    return this.#up + passed * (passed >= 0 ? 1 - DRIFT : 1 + DRIFT);
  }

  /** The deadline of a press made at `now`: {boot, up}. It never goes back within one boot.
   * @param {number} now @param {number} patience @returns {Moment} */
  notAfter(now, patience) {
    const up = Math.max(0, Math.floor(this.at(now))) + patience;
    const latest = this.#latest <= up + FALSE_CLOCK_MS ? this.#latest : 0; // one further ahead was given on a false clock
    this.#latest = Math.min(Math.max(up, latest), MAX_UP_MS);
    return { boot: this.#boot, up: this.#latest };
  }

  /** How far the clock is at most from a deadline at `now`; below zero: past it.
   * Of another boot's clock nothing is known: what was heard may be older than the deadline.
   * @param {Moment} moment @param {number} now */
  lead({ boot, up }, now) {
    return boot === this.#boot ? up - this.at(now) : Infinity;
  }

  /** @param {string} boot @param {number} up @param {number} now */
  #start(boot, up, now) {
    [this.#boot, this.#up, this.#heard, this.#latest] = [boot, up, now, 0];
  }
}

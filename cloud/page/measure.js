// What the journeys of this page's own presses took. Pure.

/** @import { Failure } from "./types.d.ts" */

const KEPT = 100;

/**
 * Press to light, in ms, as what it was at least and at most: {least, most}. The phone's total contains the light's own
 * time; how much of the travel between lay before the change is not known. However late the word came, the light did
 * not act past `latest`: ms from the finger to the press's deadline.
 * @param {number} total @param {{light_us: number} | undefined | null} legs @param {number} latest
 */
export function pressToLight(total, legs, latest) {
  const most = Math.min(total, latest);
  return { least: Math.min(legs ? legs.light_us / 1_000 : 0, most), most };
}

/** What came of the newest presses: told as done after `total` ms; or `not` done; or `unsure`, what nobody can tell. */
export class Recent {
  /** @type {({total: number, failed?: undefined} | {total?: undefined, failed: Failure})[]} */
  #kept = []; // {total}, or {failed}

  /** @param {number} total */
  add(total) {
    this.#keep({ total });
  }

  /** `failed`: `not` or `unsure`.
   * @param {Failure} failed */
  fail(failed) {
    this.#keep({ failed });
  }

  /** @param {{total: number} | {failed: Failure}} one */
  #keep(one) {
    this.#kept.push(one);
    if (this.#kept.length > KEPT) this.#kept.shift();
  }

  get size() {
    return this.#kept.length;
  }

  /** The totals of those that were done, oldest first. */
  get totals() {
    return this.#kept.flatMap(({ total }) => total ?? []);
  }

  /** Whether the newest one failed, and how; undefined if it was done. */
  get failure() {
    return this.#kept.at(-1)?.failed;
  }

  /** The smallest total that `share` (0-1) of those that were done do not exceed.
   * @param {number} share */
  within(share) {
    const sorted = this.totals.sort((a, b) => a - b);
    return sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)];
  }

  /** How many were told as done later than `budget`.
   * @param {number} budget */
  over(budget) {
    return this.totals.filter((total) => total > budget).length;
  }

  /** How many failed so.
   * @param {Failure} failed */
  count(failed) {
    return this.#kept.filter((one) => one.failed === failed).length;
  }
}

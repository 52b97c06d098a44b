// A light's attributes, whichever contract/light.py has: values of an enumeration, or integers within bounds. Pure.

/** @import { Wish } from "./frames.d.ts" */
/** @import { Attributes } from "./types.d.ts" */

import { ATTRIBUTES } from "./contract.js";

/** @typedef {{values?: readonly unknown[], minimum?: number, maximum?: number}} Range */

const RANGES = new Map(Object.entries(/** @type {Record<string, Range>} */ (ATTRIBUTES)));

/** A wish, whole: what may be left out may also be undefined. Null where a bridge would not take it.
 * @param {unknown} given @returns {Wish | null} */
export function readWish(given) {
  if (typeof given !== "object" || given === null) return null;
  const set = /** @type {Attributes} */ (given);
  const entries = Object.entries(set).filter(([, value]) => value !== undefined);
  const isWish = set.state !== undefined && entries.every(([name, value]) => isGood(name, value));
  return isWish ? /** @type {Wish} */ (Object.fromEntries(entries)) : null;
}

/** Whether two wishes want the same.
 * @param {Attributes} one @param {Attributes} other */
export function isSame(one, other) {
  const [these, those] = [new Map(Object.entries(one)), new Map(Object.entries(other))];
  return [...RANGES.keys()].every((name) => these.get(name) === those.get(name));
}

/** @param {string} name @param {unknown} value */
function isGood(name, value) {
  const range = RANGES.get(name);
  if (!range) return false;
  const { values, minimum = -Infinity, maximum = Infinity } = range;
  return values ? values.includes(value) : Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum;
}

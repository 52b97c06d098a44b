// A light's attributes, whichever contract/light.py has: values of an enumeration, or integers within bounds. Pure.

import { ATTRIBUTES } from "./contract.js";

/** A wish, whole: what may be left out may also be undefined. Null where a bridge would not take it. */
export function readWish(set) {
  if (typeof set !== "object" || set === null) return null;
  const entries = Object.entries(set).filter(([, value]) => value !== undefined);
  const isWish = set.state !== undefined && entries.every(([name, value]) => isGood(name, value));
  return isWish ? Object.fromEntries(entries) : null;
}

/** Whether two wishes want the same. */
export function isSame(one, other) {
  return Object.keys(ATTRIBUTES).every((name) => one[name] === other[name]);
}

function isGood(name, value) {
  if (!Object.hasOwn(ATTRIBUTES, name)) return false;
  const { values, minimum, maximum } = ATTRIBUTES[name];
  return values ? values.includes(value) : Number.isInteger(value) && value >= minimum && value <= maximum;
}

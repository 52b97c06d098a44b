// A light's attributes, as contract/light.py states them; tests/page/test_attributes.py compares the two. Pure.

/** Of each attribute, whether a bridge takes this value. */
const IS_GOOD = {
  state: (value) => value === "ON" || value === "OFF",
  brightness: (value) => Number.isInteger(value) && value >= 1 && value <= 255,
};

export const NAMES = Object.keys(IS_GOOD);

/** A wish, whole: what may be left out may also be undefined. Null where a bridge would not take it. */
export function readWish(set) {
  if (typeof set !== "object" || set === null) return null;
  const entries = Object.entries(set).filter(([, value]) => value !== undefined);
  const isWish = set.state !== undefined && entries.every(([name, value]) => Object.hasOwn(IS_GOOD, name) && IS_GOOD[name](value));
  return isWish ? Object.fromEntries(entries) : null;
}

/** Whether two wishes want the same. */
export function isSame(one, other) {
  return NAMES.every((name) => one[name] === other[name]);
}

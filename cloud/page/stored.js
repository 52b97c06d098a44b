// What this browser kept, judged: other pages, older versions and damaged disks write there too. Pure.

/** @import { Asked } from "./types.d.ts" */

import { readWish } from "./attributes.js";
import { BOOT_PATTERN, KEY_PATTERN, LIGHT_PATTERN, MAX_SMALL, MAX_TOKEN, MAX_UP_MS } from "./contract.js";

const TOKEN = /^[\x21-\x7e]+$/; // what a header takes
const TOO_OLD_MS = 24 * 3_600_000; // nobody waits for that word any more

/** Whether a text may be a token.
 * @param {unknown} text @returns {text is string} */
export const isToken = (text) => matches(text, TOKEN) && text.length <= MAX_TOKEN;

/** The text under which a press is kept.
 * @param {Asked} asked @param {number} now */
export function pressText(asked, now) {
  return JSON.stringify({ asked, kept: now });
}

/**
 * The press that a text kept under this key stands for, as it was first sent, or null where it is not one that a bridge
 * would take, or too old. `now`: the date, in ms.
 * @param {string} key @param {string | null} text @param {number} now @returns {Asked | null}
 */
export function readPress(key, text, now) {
  const stored = parsed(text);
  const { asked, kept } = isObject(stored) ? stored : {};
  if (!isPress(asked) || asked.key !== key || !(Math.abs(now - Number(kept)) <= TOO_OLD_MS)) return null;
  const { light, set, if_ver, not_after } = asked;
  return { key, light, set: readWish(set) ?? set, if_ver, not_after: { boot: not_after.boot, up: not_after.up } };
}

/** @param {string | null} text @returns {unknown} */
function parsed(text) {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** @param {unknown} asked @returns {asked is Asked} */
function isPress(asked) {
  if (!isObject(asked)) return false;
  const known = matches(asked.key, KEY_PATTERN) && matches(asked.light, LIGHT_PATTERN);
  return known && readWish(asked.set) !== null && (asked.if_ver === undefined || isVersion(asked.if_ver)) && isMoment(asked.not_after);
}

/** @param {unknown} version */
function isVersion(version) {
  return Array.isArray(version) && version.length === 2 && version.every((part) => isCount(part));
}

/** @param {unknown} moment */
function isMoment(moment) {
  return isObject(moment) && matches(moment.boot, BOOT_PATTERN) && isCount(moment.up, MAX_UP_MS);
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isObject = (value) => typeof value === "object" && value !== null;
/** @param {unknown} value @param {number} most */
const isCount = (value, most = MAX_SMALL) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most;
/** @param {unknown} text @param {RegExp} form @returns {text is string} */
const matches = (text, form) => typeof text === "string" && form.test(text);

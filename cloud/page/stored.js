// What this browser kept, judged: other pages, older versions and damaged disks write there too. Pure.

import { readWish } from "./attributes.js";
import { BOOT_PATTERN, KEY_PATTERN, LIGHT_PATTERN, MAX_SMALL, MAX_TOKEN, MAX_UP_MS } from "./contract.js";

const TOKEN = /^[\x21-\x7e]+$/; // what a header takes
const TOO_OLD_MS = 24 * 3_600_000; // nobody waits for that word any more

/** Whether a text may be a token. */
export const isToken = (text) => matches(text, TOKEN) && text.length <= MAX_TOKEN;

/** The text under which a press is kept. */
export function pressText(asked, now) {
  return JSON.stringify({ asked, kept: now });
}

/**
 * The press that a text kept under this key stands for, as it was first sent, or null where it is not one that a bridge
 * would take, or too old. `now`: the date, in ms.
 */
export function readPress(key, text, now) {
  const { asked, kept } = parsed(text) ?? {};
  if (!isPress(asked) || asked.key !== key || !(Math.abs(now - kept) <= TOO_OLD_MS)) return null;
  const { light, set, if_ver, not_after } = asked;
  return { key, light, set: readWish(set), if_ver, not_after: { boot: not_after.boot, up: not_after.up } };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isPress(asked) {
  const known = isObject(asked) && matches(asked.key, KEY_PATTERN) && matches(asked.light, LIGHT_PATTERN);
  return known && readWish(asked.set) !== null && (asked.if_ver === undefined || isVersion(asked.if_ver)) && isMoment(asked.not_after);
}

function isVersion(version) {
  return Array.isArray(version) && version.length === 2 && version.every((part) => isCount(part));
}

function isMoment(moment) {
  return isObject(moment) && matches(moment.boot, BOOT_PATTERN) && isCount(moment.up, MAX_UP_MS);
}

const isObject = (value) => typeof value === "object" && value !== null;
const isCount = (value, most = MAX_SMALL) => Number.isInteger(value) && value >= 0 && value <= most;
const matches = (text, form) => typeof text === "string" && form.test(text);

// What this browser kept, judged: other pages, older versions and damaged disks write there too. Pure.

import { readWish } from "./attributes.js";

const KEY = /^[0-9a-f]{16}-[1-9][0-9]{0,9}$/;
const LIGHT = /^(?!bridge$|bridge-|homeassistant$)[a-z0-9][a-z0-9_-]{0,31}$/;
const BOOT = /^[0-9a-f]{8}$/;
const TOKEN = /^[\x21-\x7e]{1,256}$/;
const LARGEST_N = 2 ** 30 - 1;
const LONGEST_UP_MS = 10 ** 13 - 1;
const TOO_OLD_MS = 24 * 3_600_000; // nobody waits for that word any more

/** Whether a text may be a token. */
export const isToken = (text) => matches(text, TOKEN);

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
  const known = isObject(asked) && matches(asked.key, KEY) && isCount(Number(asked.key.split("-")[1])) && matches(asked.light, LIGHT);
  return known && readWish(asked.set) !== null && (asked.if_ver === undefined || isVersion(asked.if_ver)) && isMoment(asked.not_after);
}

function isVersion(version) {
  return Array.isArray(version) && version.length === 2 && version.every((part) => isCount(part));
}

function isMoment(moment) {
  return isObject(moment) && matches(moment.boot, BOOT) && isCount(moment.up, LONGEST_UP_MS);
}

const isObject = (value) => typeof value === "object" && value !== null;
const isCount = (value, most = LARGEST_N) => Number.isInteger(value) && value >= 0 && value <= most;
const matches = (text, form) => typeof text === "string" && form.test(text);

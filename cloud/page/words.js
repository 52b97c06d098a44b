// What the page says, in plain words. Pure.

/** @import { Change, ErrorCode, Reason, View } from "./frames.d.ts" */
/** @import { LinkState } from "./link.js" */
/** @import { Attributes, Barred, ChangeNow, FailedWords, Obstacle, PageReason, PageStatus, Words } from "./types.d.ts" */

/** @typedef {Readonly<Partial<Record<Reason | ErrorCode, string>>>} Sentences */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "living-room" -> "Living room"
 * @param {string} id */
export function nameOf(id) {
  const text = id.replaceAll(/[-_]+/g, " ").trim() || id;
  return text[0].toUpperCase() + text.slice(1);
}

/** @param {number} brightness */
export function percent(brightness) {
  return Math.max(Math.round((brightness * 100) / 255), 1);
}

/** @param {number} value */
export function fromPercent(value) {
  return Math.max(Math.round((value * 255) / 100), 1);
}

/** @param {number} value */
export function ms(value) {
  const digits = value < 9.95 ? 1 : 0;
  return `${value.toLocaleString("en", { maximumFractionDigits: digits })}\u00a0ms`; // never broken before its unit
}

/** Whether a light gives light, as far as can be said: of one that is offline only what was is known.
 * @param {View} view */
export const isLit = (view) => view.online && view.state === "ON";

/** How a light was set last: "Off", "On, 60%".
 * @param {View} view */
export function levelOf(view) {
  if (view.state === "OFF") return "Off";
  return view.traits.includes("brightness") ? `On, ${percent(view.brightness)}%` : "On";
}

/** How a light is: "On, 60%"; one that is offline: "Was on, 60%".
 * @param {View} view */
export function stateOf(view) {
  const level = levelOf(view);
  return view.online ? level : `Was ${level[0].toLowerCase()}${level.slice(1)}`;
}

/** "5 min ago"
 * @param {number} age */
export function ago(age) {
  if (age < 10_000) return "just now";
  if (age < MINUTE) return `${Math.floor(age / 10_000) * 10} s ago`;
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min ago`;
  if (age < DAY) return `${Math.floor(age / HOUR)} h ago`;
  return `${Math.floor(age / DAY)} d ago`;
}

/** @param {View} view @param {number | null} age */
export function presenceOf(view, age) {
  if (!view.online) return `Offline, heard ${ago(age ?? 0)}`;
  return age === null ? "Online" : `As of ${ago(age)}`;
}

const LONGEST_NAME = 40;
const FROM_THE_RIGHT = /[\u0590-\u{10ffff}]/u; // some of these letters run to the left, and would turn what stands beside them

/** @param {string | undefined} phone */
function nameIn(phone) {
  if (!phone) return "a phone";
  const letters = [...phone]; // not code units: half an emoji is none
  const name = letters.length > LONGEST_NAME ? `${letters.slice(0, LONGEST_NAME - 1).join("")}…` : phone;
  return FROM_THE_RIGHT.test(phone) ? `\u2068${name}\u2069` : name;
}

/** Who changed a light, as `change` of the bridge says: "by Ada's phone".
 * @param {{by: string, phone?: string | undefined}} change */
function causeOf({ by, phone }) {
  switch (by) {
    case "phone":
      return `by ${nameIn(phone)}`;
    case "button":
      return "at its button";
    case "command":
      return "by Home Assistant or another program";
    default:
      return null;
  }
}

/** Who set a light as it is, and when: "Set by Ada's phone, 5 min ago"; "" where nobody knows. `own`: whether this page did.
 * @param {ChangeNow | null} change @param {boolean} own */
export function changeOf(change, own) {
  if (!change) return "";
  if (change.by === "start") return `Unchanged since it started, ${ago(change.age_ms)}`;
  const cause = own ? "by you" : causeOf(change);
  return cause === null ? "" : `Set ${cause}, ${ago(change.age_ms)}`;
}

/** Two devices have one name: each may be the one that obeys.
 * @param {string} id */
export function sharedOf(id) {
  return `Two devices use the name ${id}: either may obey.`;
}

/** Stands below a light whose flash refuses writes. */
export const DEGRADED = "Its memory takes no changes: after a power cut it may be as it was before.";

/** Who changed a light, where it was not this page.
 * @param {Change | undefined} change */
export function elsewhereOf(change) {
  if (change?.by === "start") return "as it started";
  return (change && causeOf(change)) ?? "elsewhere";
}

/** @type {Readonly<Record<LinkState, string>>} */
const LINK = {
  signed_out: "Sign in",
  connecting: "Connecting…",
  live: "Live",
  waiting: "No connection. Trying again…",
  refused: "The bridge turned this page away. Reload the page.",
};

/** @type {Readonly<Record<Obstacle, string>>} */
const OBSTACLES = {
  portal: "Sign in to this network first: open any other page.",
  blocked: "No WebSocket gets through. Check the proxy or try another network.",
};

/** How the link is. `obstacle`: what keeps it from opening, as far as is known; null: nothing.
 * @param {LinkState} state @param {boolean} broker @param {Obstacle | null} obstacle */
export function linkOf(state, broker, obstacle = null) {
  if (state === "live" && !broker) return "The bridge cannot reach the lights (its broker is away).";
  return state === "waiting" && obstacle ? OBSTACLES[obstacle] : LINK[state];
}

/** @param {Attributes} wish */
function wished({ state, brightness }) {
  if (state === "OFF") return "Turning off…";
  return brightness === undefined ? "Turning on…" : `Setting to ${percent(brightness)}%…`;
}

/** A finger came again while its wish is on its way.
 * @param {Attributes} wish @returns {Words} */
export function again(wish) {
  return { text: `${wished(wish)} already on its way`, tone: "wish" };
}

/** @type {Readonly<Record<Barred, string>>} */
const BARRED = {
  signed_out: "Did not happen: you are signed out.",
  refused: "Did not happen: the bridge turned this page away.",
};

/** Why no press can leave: the state of the link, which stays so until the person does something about it.
 * @param {Barred} state @returns {FailedWords} */
export function barredOf(state) {
  return { text: BARRED[state], tone: "not" };
}

/** @type {Sentences} */
const REFUSED = {
  late: "Did not happen: it came too late, so the light left it.",
  superseded: "Did not happen: a newer press of yours took its place.",
  precondition: "Did not happen: somebody else was faster.",
  invalid: "Did not happen: the light did not understand it.",
  busy: "Did not happen: too many phones at once. Press again.",
};

/** @type {Sentences} */
const OFFLINE = {
  light_offline: "Did not happen: the light is offline (no power or no Wi-Fi).",
  broker_away: "Did not happen: the bridge cannot reach the lights.",
};

/** @type {Sentences} */
const REJECTED = {
  rate_limited: "Did not happen: too many presses at once. Press again.",
  store_unavailable: "Did not happen: the bridge could not store it.",
  overloaded: "Did not happen: the bridge is overloaded.",
  shutting_down: "Did not happen: the bridge is restarting.",
  unknown_light: "Did not happen: the bridge does not know this light.",
  forbidden: "Did not happen: this press belongs to another phone.",
};

/** @type {Sentences} */
const RETRYING = {
  rate_limited: "too many presses at once, trying again…",
  store_unavailable: "the bridge cannot store it yet, trying again…",
  overloaded: "the bridge is overloaded, trying again…",
};

/** What a press's word means to the person: {text, tone}, tone one of wish, doubt, done, not, unsure.
 * @param {PageStatus} status @param {PageReason} reason @param {Attributes} wish @returns {Words} */
export function pressOf(status, reason, wish) {
  switch (status) {
    case "pending":
    case "accepted":
      return { text: wished(wish), tone: "wish" };
    case "waiting":
      return { text: `${wished(wish)} waiting for a connection`, tone: "wish" };
    case "retrying":
      return { text: `${wished(wish)} ${sentence(RETRYING, reason) ?? "trying again…"}`, tone: "wish" };
    case "restored":
      return { text: "Asking what came of your last press…", tone: "wish" };
    case "unconfirmed":
      return { text: "Not confirmed yet. It may have happened; still asking…", tone: "doubt" };
    case "applied":
      return { text: "Done.", tone: "done" };
    default:
      return lastWordOf(status, reason);
  }
}

/** @param {PageStatus} status @param {PageReason} reason @returns {FailedWords} */
export function lastWordOf(status, reason) {
  switch (status) {
    case "refused":
      return { text: sentence(REFUSED, reason) ?? "Did not happen: the light refused it.", tone: "not" };
    case "offline":
      return { text: sentence(OFFLINE, reason) ?? "Did not happen: the light cannot be reached.", tone: "not" };
    case "not_applied":
      return { text: "Did not happen, and will not any more. Press again.", tone: "not" };
    case "not_sent":
      return { text: "Did not happen: no connection.", tone: "not" };
    case "rejected":
      return { text: sentence(REJECTED, reason) ?? "Did not happen: the bridge did not take it.", tone: "not" };
    case "lost_in_reboot":
      return { text: "The light restarted; whether it acted is not known.", tone: "unsure" };
    default:
      return { text: "Whether it happened cannot be told any more.", tone: "unsure" };
  }
}

/** @param {Sentences} sentences @param {PageReason} reason */
function sentence(sentences, reason) {
  return reason === null ? undefined : sentences[reason];
}

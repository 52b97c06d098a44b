// What this browser keeps: the token, and each press that has left and has no last word yet.

/** @import { Asked } from "./types.d.ts" */

import { nameOfError } from "./errors.js";
import { isToken, pressText, readPress } from "./stored.js";

/** Several bridges may stand below one origin, each below a path of its own; no path holds a `#`. */
const FOLDER = new URL(".", document.baseURI).pathname;
const OURS = FOLDER === "/" ? "presslight." : `presslight${FOLDER}#`;
const TOKEN = `${OURS}token`;
const PRESS = `${OURS}press.`;
const MOST_PRESSES = 50; // asked after at once; more were never made by a hand

/** Where a browser has no other storage, or where that is full: kept until the page is closed. */
class ShortMemory {
  /** @type {Map<string, string>} */
  #items = new Map();

  keys() {
    return [...this.#items.keys()];
  }

  /** @param {string} name */
  getItem(name) {
    return this.#items.get(name) ?? null;
  }

  /** @param {string} name @param {string} text */
  setItem(name, text) {
    this.#items.set(name, text);
  }

  /** @param {string} name */
  removeItem(name) {
    this.#items.delete(name);
  }
}

/** Of the browser, by name: forbidden in private windows and where cookies are blocked; each has room of its own. */
class BrowserMemory {
  /** @type {"localStorage" | "sessionStorage"} */
  #name;

  /** @param {"localStorage" | "sessionStorage"} name */
  constructor(name) {
    this.#name = name;
  }

  keys() {
    return Object.keys(globalThis[this.#name]);
  }

  /** @param {string} name */
  getItem(name) {
    return globalThis[this.#name].getItem(name);
  }

  /** @param {string} name @param {string} text */
  setItem(name, text) {
    globalThis[this.#name].setItem(name, text);
  }

  /** @param {string} name */
  removeItem(name) {
    globalThis[this.#name].removeItem(name);
  }
}

/** The longest memory first; the last one always works. */
const memories = [new BrowserMemory("localStorage"), new BrowserMemory("sessionStorage"), new ShortMemory()];

/** What `use` answers, or `otherwise` where this memory is forbidden or full.
 * @template Found @param {() => Found} use @param {Found} otherwise @returns {Found} */
function tried(use, otherwise) {
  try {
    return use();
  } catch (error) {
    console.info("presslight: this browser keeps nothing there:", nameOfError(error));
    return otherwise;
  }
}

/** @param {string} name */
function read(name) {
  return memories.map((memory) => tried(() => memory.getItem(name), null)).find((text) => text !== null) ?? null;
}

/** In one memory only, so that no older text is found before it.
 * @param {string} name @param {string} text */
function keep(name, text) {
  const taken = memories.findIndex((memory) => tried(() => (memory.setItem(name, text), true), false));
  memories.filter((_, n) => n !== taken).forEach((memory) => tried(() => memory.removeItem(name), undefined));
}

/** @param {string} name */
function forget(name) {
  for (const memory of memories) tried(() => memory.removeItem(name), undefined);
}

function names() {
  const all = memories.flatMap((memory) => tried(() => memory.keys(), []));
  return all.filter((name) => name.startsWith(PRESS));
}

/** The token that was kept, or null. */
export function readToken() {
  const token = read(TOKEN);
  return isToken(token) ? token : null;
}

/** @param {string} token */
export function keepToken(token) {
  if (read(TOKEN) !== token) keep(TOKEN, token);
}

/** Call `then` once another page of this browser has forgotten the token.
 * @param {() => void} then */
export function onTokenForgotten(then) {
  addEventListener("storage", ({ key, newValue }) => {
    if ((key === null || key === TOKEN) && newValue === null && readToken() === null) then();
  });
}

/** `asked`: {key, light, set, if_ver, not_after}: what the key stands for, the same each time it is asked.
 * @param {Asked} asked */
export function keepPress(asked) {
  keep(PRESS + asked.key, pressText(asked, Date.now()));
}

/** @param {string} key */
export function forgetPress(key) {
  forget(PRESS + key);
}

/** The presses that an earlier page of this browser sent, and that it never had a last word of. What is none is dropped. */
export function openPresses() {
  const found = names().map((name) => ({ name, asked: readPress(name.slice(PRESS.length), read(name), Date.now()) }));
  const taken = found.filter(({ asked }) => asked !== null).slice(0, MOST_PRESSES);
  found.filter((each) => !taken.includes(each)).forEach(({ name }) => forget(name));
  return taken.flatMap(({ asked }) => asked ?? []);
}

/** Nothing of this phone's owner stays. */
export function forgetAll() {
  [TOKEN, ...names()].forEach(forget);
}

/** A token from the page's link (`#token=...`), taken out of the address bar before anybody reads it there. */
export function tokenFromLink() {
  const token = tokenIn(location.hash);
  if (token) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

/** The token in a link, or null.
 * @param {string} text */
export function tokenIn(text) {
  return new URLSearchParams(text.slice(text.indexOf("#") + 1)).get("token");
}

// What this browser keeps: the token, and each press that has left and has no last word yet.

import { isToken, pressText, readPress } from "./stored.js";

/** Several bridges may stand below one origin, each below a path of its own; no path holds a `#`. */
const FOLDER = new URL(".", document.baseURI).pathname;
const OURS = FOLDER === "/" ? "presslight." : `presslight${FOLDER}#`;
const TOKEN = `${OURS}token`;
const PRESS = `${OURS}press.`;
const MOST_PRESSES = 50; // asked after at once; more were never made by a hand

/** Where a browser has no other storage, or where that is full: kept until the page is closed. */
class ShortMemory {
  #items = new Map();

  keys() {
    return [...this.#items.keys()];
  }

  getItem(name) {
    return this.#items.get(name) ?? null;
  }

  setItem(name, text) {
    this.#items.set(name, text);
  }

  removeItem(name) {
    this.#items.delete(name);
  }
}

/** Of the browser, by name: forbidden in private windows and where cookies are blocked; each has room of its own. */
class BrowserMemory {
  #name;

  constructor(name) {
    this.#name = name;
  }

  keys() {
    return Object.keys(window[this.#name]);
  }

  getItem(name) {
    return window[this.#name].getItem(name);
  }

  setItem(name, text) {
    window[this.#name].setItem(name, text);
  }

  removeItem(name) {
    window[this.#name].removeItem(name);
  }
}

/** The longest memory first; the last one always works. */
const memories = [new BrowserMemory("localStorage"), new BrowserMemory("sessionStorage"), new ShortMemory()];

/** What `use` answers, or `otherwise` where this memory is forbidden or full. */
function tried(use, otherwise) {
  try {
    return use();
  } catch (error) {
    console.info("presslight: this browser keeps nothing there:", error.name);
    return otherwise;
  }
}

function read(name) {
  return memories.map((memory) => tried(() => memory.getItem(name), null)).find((text) => text !== null) ?? null;
}

/** In one memory only, so that no older text is found before it. */
function keep(name, text) {
  const taken = memories.findIndex((memory) => tried(() => (memory.setItem(name, text), true), false));
  memories.filter((_, n) => n !== taken).forEach((memory) => tried(() => memory.removeItem(name)));
}

function forget(name) {
  for (const memory of memories) tried(() => memory.removeItem(name));
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

export function keepToken(token) {
  if (read(TOKEN) !== token) keep(TOKEN, token);
}

/** Call `then` once another page of this browser has forgotten the token. */
export function onTokenForgotten(then) {
  addEventListener("storage", ({ key, newValue }) => {
    if ([TOKEN, null].includes(key) && newValue === null && readToken() === null) then();
  });
}

/** `asked`: {key, light, set, if_ver, not_after}: what the key stands for, the same each time it is asked. */
export function keepPress(asked) {
  keep(PRESS + asked.key, pressText(asked, Date.now()));
}

export function forgetPress(key) {
  forget(PRESS + key);
}

/** The presses that an earlier page of this browser sent, and that it never had a last word of. What is none is dropped. */
export function openPresses() {
  const found = names().map((name) => ({ name, asked: readPress(name.slice(PRESS.length), read(name), Date.now()) }));
  const taken = found.filter(({ asked }) => asked !== null).slice(0, MOST_PRESSES);
  found.filter((each) => !taken.includes(each)).forEach(({ name }) => forget(name));
  return taken.map(({ asked }) => asked);
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

/** The token in a link, or null. */
export function tokenIn(text) {
  return new URLSearchParams(text.slice(text.indexOf("#") + 1)).get("token");
}

// What this browser keeps: the token, and each press that has left and has no last word yet.

const TOKEN = "presslight.token";
const PRESS = "presslight.press.";
const TOO_OLD_MS = 24 * 3_600_000; // nobody waits for that word any more

/** Where the browser forbids its storage (private windows, blocked cookies) the page keeps things until it is closed. */
function openStorage() {
  try {
    localStorage.setItem("presslight.probe", "");
    localStorage.removeItem("presslight.probe");
    return localStorage;
  } catch (error) {
    console.warn("presslight: this browser keeps nothing over a reload:", error.name);
    return new ShortMemory();
  }
}

class ShortMemory {
  #items = new Map();

  get length() {
    return this.#items.size;
  }

  key(n) {
    return [...this.#items.keys()][n];
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

const storage = openStorage();

export function readToken() {
  return storage.getItem(TOKEN);
}

export function keepToken(token) {
  storage.setItem(TOKEN, token);
}

/** `asked`: {key, light, set, if_ver, not_after}: what the key stands for, the same each time it is asked. */
export function keepPress(asked) {
  storage.setItem(PRESS + asked.key, JSON.stringify({ asked, kept: Date.now() }));
}

export function forgetPress(key) {
  storage.removeItem(PRESS + key);
}

/** The presses that an earlier page of this browser sent, and that it never had a last word of. */
export function openPresses() {
  const names = Array.from({ length: storage.length }, (_, n) => storage.key(n)).filter((name) => name.startsWith(PRESS));
  const kept = names.map((name) => ({ name, ...JSON.parse(storage.getItem(name)) }));
  const old = kept.filter(({ kept: at }) => Date.now() - at > TOO_OLD_MS);
  old.forEach(({ name }) => storage.removeItem(name));
  return kept.filter((press) => !old.includes(press)).map(({ asked }) => asked);
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

// The lights as they are, as far as this page has heard. Pure. A wish never changes anything here.

/** @import { Clock, View } from "./frames.d.ts" */
/** @import { ChangeNow, Changed, Version } from "./types.d.ts" */

import { Bound } from "./bound.js";
import { MAX_HAVE } from "./contract.js";

/** @typedef {{view: View, heard: number, bound: Bound, changed: Changed | null}} Light */

export class Screen {
  /** @type {Map<string, Light>} */
  #lights = new Map(); // id -> {view, heard, bound, changed}; changed: {by, phone, at} or null
  /** @type {Set<string>} */
  #unnamed = new Set(); // what this bridge has not spoken of
  /** @type {Map<string, number>} */
  #lines = new Map(); // id -> how many lines of versions this bridge has begun after the first

  /** Take what a new link's welcome says of a light, which may be behind; as `take`, but never "anew".
   * @param {View} view @param {number} now */
  welcome(view, now) {
    this.#countLines(view);
    return this.take(view, now);
  }

  /**
   * Take what the bridge says of a light; "newer", "same" (only its connection or clock), "older" (only that it is
   * offline counts) or "anew": what was shown is false, and this is the light, of whatever version.
   * @param {View} view @param {number} now @returns {"newer" | "same" | "older" | "anew"}
   */
  take(view, now) {
    this.#unnamed.delete(view.id);
    const isAnew = this.#countLines(view);
    const before = this.#lights.get(view.id);
    const old = isAnew ? undefined : before;
    const order = old ? compare(view.version, old.view.version) : 1;
    if (old && order < 0) {
      if (view.online || !old.view.online) return "older";
      old.view = { ...old.view, online: false }; // the light died before its newest version was kept anywhere
      return "same";
    }
    const bound = before?.bound ?? new Bound(view.boot, view.up, now);
    if (isAnew) bound.restart(view.boot, view.up, now);
    else bound.hear(view.boot, view.up, now);
    const heard = Math.max(now - view.age_ms, old?.heard ?? -Infinity);
    const changed = changedIn(view, old && order === 0 ? old.changed : null, now);
    this.#lights.set(view.id, { view, bound, heard, changed });
    if (isAnew) return "anew";
    return order > 0 ? "newer" : "same";
  }

  /** Whether a line of versions has begun.
   * @param {{id: string, line?: number | undefined}} told */
  #countLines({ id, line = 0 }) {
    if (line <= (this.#lines.get(id) ?? 0)) return false;
    this.#lines.set(id, line);
    return true;
  }

  /** Take what the bridge says of the clock of a light that is shown already; whether it is of that boot.
   * @param {Clock} clock @param {number} now */
  hearClock({ id, boot, up, age_ms, line }, now) {
    this.#unnamed.delete(id);
    this.#countLines({ id, line });
    const light = this.#lights.get(id);
    if (light?.view.boot !== boot) return false;
    light.bound.hear(boot, up, now);
    light.heard = Math.max(now - age_ms, light.heard);
    return true;
  }

  /** The light was forgotten: one of its name that comes later is another.
   * @param {string} id */
  takeAway(id) {
    this.#unnamed.delete(id);
    this.#lines.delete(id);
    this.#lights.delete(id);
  }

  /** A bridge says welcome: of every light that it knows it speaks next. */
  greet() {
    this.#unnamed = new Set(this.#lights.keys());
    this.#lines.clear();
    for (const light of this.#lights.values()) light.view = { ...light.view, shared: undefined };
  }

  /** The bridge has its broker: a light that it has not spoken of by then is nowhere, so it is offline. */
  miss() {
    for (const id of this.#unnamed) {
      const light = this.#light(id);
      light.view = { ...light.view, online: false };
    }
    this.#unnamed.clear();
  }

  /** From `at` on nothing here is proven any more: the link, or the bridge's own link to its broker, was lost.
   * @param {number} at */
  freeze(at) {
    for (const light of this.#lights.values()) {
      if (light.view.online) light.heard = Math.max(light.heard, at);
    }
  }

  get ids() {
    return [...this.#lights.keys()].sort();
  }

  /** @param {string} id */
  view(id) {
    return this.#light(id).view;
  }

  /** What a resuming page says that it has, so that only what is newer is sent. */
  have() {
    const newest = [...this.#lights].slice(-MAX_HAVE);
    return Object.fromEntries(newest.map(([id, { view }]) => [id, { version: view.version, online: view.online }]));
  }

  /** How old the news of a light is, in ms; null while it is fresh.
   * @param {string} id @param {number} now @param {boolean} connected */
  age(id, now, connected) {
    const { view, heard } = this.#light(id);
    return connected && view.online ? null : now - heard;
  }

  /** Who set a light as it is, and how long ago: {by, phone, age_ms}; null where nobody has said.
   * @param {string} id @param {number} now @returns {ChangeNow | null} */
  change(id, now) {
    const { changed } = this.#light(id);
    return changed && { by: changed.by, phone: changed.phone, age_ms: Math.max(now - changed.at, 0) };
  }

  /** What is proven of a light's clock.
   * @param {string} id */
  bound(id) {
    return this.#light(id).bound;
  }

  /** @param {string} id */
  #light(id) {
    const light = this.#lights.get(id);
    if (!light) throw new Error(`no light is called ${id}`);
    return light;
  }
}

/** `known`: what was told of this version before. It stays true: another bridge may know less.
 * @param {View} view @param {Changed | null} known @param {number} now @returns {Changed | null} */
function changedIn({ change }, known, now) {
  if (!change || (known && !change.phone)) return known;
  return { by: change.by, phone: change.phone, at: now - change.age_ms };
}

/** Versions [epoch, seq] in order: negative, 0 or positive, as sort() wants it.
 * @param {Version} one @param {Version} other */
export function compare(one, other) {
  return one[0] - other[0] || one[1] - other[1];
}

// The words of a light's newest press: said, and gone again once they are old. Pure; the date in ms is a parameter,
// as that one also goes on while the phone sleeps.

/** @import { Tone, Words } from "./types.d.ts" */

/** @type {Readonly<Partial<Record<Tone, number>>>} */
const FADE_MS = Object.freeze({
  done: 10_000,
  news: 10_000,
  not: 60_000,
  unsure: 60_000,
}); // what waits for its last word (wish, doubt) stays

export class Notice {
  /** @type {Words | null} */
  #words = null;
  #at = 0;

  /** `words`: {text, tone}, as words.js makes them.
   * @param {Words} words @param {number} date */
  say(words, date) {
    [this.#words, this.#at] = [words, date];
  }

  /** What still stands, or null. A date that was set back by more makes words old, too.
   * @param {number} date */
  stands(date) {
    if (this.#words === null) return null;
    const old = Math.abs(date - this.#at) >= (FADE_MS[this.#words.tone] ?? Infinity);
    return old ? null : this.#words;
  }
}

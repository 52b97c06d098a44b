// Which version of one light this page's own presses made, as far as their last words have told. Pure.

/** @import { Attributes, Version } from "./types.d.ts" */

import { compare } from "./screen.js";

export class OwnChange {
  /** @type {Version} */
  #version = [0, 0]; // of the newest own press that was applied
  /** @type {Attributes | null} */
  #set = null; // its wish
  #made = false; // whether it made this version
  /** @type {{key: string, version: Version} | null} */
  #asked = null; // the newest own press, and the version of the light that it was made on

  get version() {
    return this.#version;
  }

  get set() {
    return this.#set;
  }

  /** @param {string} key @param {Version} version Of the light, as shown. */
  pressed(key, version) {
    this.#asked = { key, version };
  }

  /** A press that is applied and changes nothing is told with the version that somebody else has made.
   * @param {string} key @param {Attributes} set @param {Version} version */
  applied(key, set, version) {
    const made = this.#asked !== null && key === this.#asked.key && compare(version, this.#asked.version) > 0;
    if (compare(version, this.#version) > 0) [this.#version, this.#set, this.#made] = [version, set, made];
  }

  /** Whether a light was told to be newer than it is shown.
   * @param {Version} shown */
  isAheadOf(shown) {
    return compare(this.#version, shown) > 0;
  }

  /** Whether an own press, or none since, is why a light is in this version or an older one.
   * @param {Version} shown */
  covers(shown) {
    return compare(shown, this.#version) <= 0;
  }

  /** Whether an own press made a light as it is.
   * @param {Version} shown */
  isMakerOf(shown) {
    return this.#made && compare(this.#version, shown) === 0;
  }

  /** What was told is not waited for: no bridge knows it. */
  forget() {
    [this.#version, this.#set, this.#made] = [[0, 0], null, false];
  }

  /** No version that was told before compares with those that come. */
  beginAnew() {
    this.forget();
    this.#asked = null;
  }
}

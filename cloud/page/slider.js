// A slider under a finger makes one press at a time: while it is on its way, only the newest wish waits. Pure.
//
// Events                                          Actions
//   moved      {set, at}                            press  {set, at}  make a press now; the finger moved at `at`
//   settled    the press on its way has its word
//   overruled  a newer wish of another kind came
//
// `set`: attributes of the light. Those that a newer wish leaves out are kept of the older one that waits.

/** @import { Attributes, SliderEvent } from "./types.d.ts" */

import { isSame } from "./attributes.js";

export class Slider {
  /** @type {Attributes | null} */
  #sent = null; // the attributes on their way
  /** @type {{set: Attributes, at: number} | null} */
  #waiting = null; // {set, at}; never sent yet, so it has no key

  get busy() {
    return this.#sent !== null;
  }

  /** @param {SliderEvent} event */
  onEvent(event) {
    switch (event.type) {
      case "moved":
        return this.#moved(event);
      case "settled":
        return this.#settled();
      case "overruled":
        this.#waiting = null;
        return [];
      default:
        throw new Error(`a slider knows no event ${/** @type {{type: string}} */ (event).type}`);
    }
  }

  /** @param {{set: Attributes, at: number}} event */
  #moved({ set, at }) {
    if (!this.busy) return this.#press({ set, at });
    const newest = { ...this.#waiting?.set, ...set };
    this.#waiting = this.#sent !== null && isSame(newest, this.#sent) ? null : { set: newest, at };
    return [];
  }

  #settled() {
    const next = this.#waiting;
    [this.#sent, this.#waiting] = [null, null];
    return next ? this.#press(next) : [];
  }

  /** @param {{set: Attributes, at: number}} wish */
  #press({ set, at }) {
    this.#sent = set;
    return [{ do: "press", set, at }];
  }
}

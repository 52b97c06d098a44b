// One light on the screen: as it is, and beside it what the person wishes.

/** @import { View } from "./frames.d.ts" */
/** @import { Attributes, Look, Words } from "./types.d.ts" */

import { listenToSlider, momentOf } from "./fingers.js";
import { fromPercent, isLit, nameOf, percent, presenceOf, stateOf } from "./words.js";

/**
 * @typedef {{look(): Look, toggle(seen: Look, at: number): void, slide(set: Attributes, at: number): void}} CardListener
 */

const STALE_GLOW = 0.35; // of what it glowed when it was last heard

export class Card {
  #parts;
  #is = 1; // the light's brightness, in percent
  /** @type {number | null} */
  #wish = null; // the one under the finger, until its press has its word
  /** @type {Look | null} */
  #seen = null; // what stood here when a finger came down on the switch
  #gone = new AbortController();
  /** @type {HTMLElement} */
  node;

  /**
   * `on`: {look(), toggle(seen, at), slide(set, at)}: `look` answers what the card shows, `toggle` hears what it
   * showed when the finger came down; `at`: the moment of the finger on performance.now()'s clock.
   * @param {string} id @param {HTMLTemplateElement} template @param {CardListener} on
   */
  constructor(id, template, on) {
    const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
    this.node = /** @type {HTMLElement} */ (copy.firstElementChild);
    this.#parts = partsOf(this.node);
    this.#label(id);
    this.#listenToSwitch(on);
    listenToSlider(this.#parts.level, {
      press: (value, at) => this.#wishFor(value, at, on),
      back: () => this.#placeThumb(this.#wish ?? this.#is),
    }, this.#gone.signal);
  }

  /** Leave the screen; no finger that is still on it means anything any more. */
  remove() {
    this.#gone.abort();
    this.node.remove();
  }

  /** @param {string} id */
  #label(id) {
    const { name, presence, press, power, level } = this.#parts;
    name.textContent = nameOf(id);
    for (const [what, part] of Object.entries({ name, presence, press })) part.id = `${what}-${id}`;
    this.node.setAttribute("aria-labelledby", name.id);
    power.setAttribute("aria-labelledby", name.id);
    level.setAttribute("aria-label", `Brightness of ${nameOf(id)}`);
  }

  /** @param {CardListener} on */
  #listenToSwitch(on) {
    const { power } = this.#parts;
    const options = { signal: this.#gone.signal };
    power.addEventListener("pointerdown", () => (this.#seen = on.look()), options);
    power.addEventListener("pointercancel", () => (this.#seen = null), options);
    power.addEventListener("click", (event) => {
      const seen = event.detail > 0 ? this.#seen : null; // a key has no moment before its click
      this.#seen = null;
      on.toggle(seen ?? on.look(), momentOf(event));
    }, options);
  }

  /** @param {number} value @param {number} at @param {CardListener} on */
  #wishFor(value, at, on) {
    this.#wish = value;
    this.#placeThumb(value);
    on.slide({ brightness: fromPercent(value) }, at);
  }

  /** Show the light as it is. `age`: how old that is, in ms; null while it is fresh. `wish`: the switch's, or null.
   * @param {View} view @param {number | null} age @param {string | null} wish */
  show(view, age, wish) {
    const { state, presence, power, level, slot, press } = this.#parts;
    const lit = isLit(view);
    write(state, stateOf(view));
    write(presence, presenceOf(view, age));
    presence.dataset.presence = view.online ? (age === null ? "online" : "stale") : "offline";
    power.setAttribute("aria-checked", String(lit));
    power.setAttribute("aria-describedby", view.online && age === null ? press.id : `${presence.id} ${press.id}`);
    power.dataset.wish = wish ?? "";
    slot.hidden = !view.traits.includes("brightness");
    this.node.classList.toggle("on", lit);
    this.node.classList.toggle("stale", age !== null);
    this.node.style.setProperty("--glow", glowOf(view, age).toFixed(3));
    level.style.setProperty("--is", `${lit ? percent(view.brightness) : 0}%`);
    this.#is = percent(view.brightness);
    if (this.#wish === null) this.#placeThumb(this.#is);
  }

  /** @param {number} value */
  #placeThumb(value) {
    const { level } = this.#parts;
    level.value = String(value);
    level.setAttribute("aria-valuetext", `${value}%`);
  }

  /** Say how the newest press stands, or who set the light last: {text, tone}.
   * @param {Words} words */
  say({ text, tone }) {
    const { press } = this.#parts;
    write(press, text);
    press.dataset.tone = tone;
    this.node.classList.toggle("wishing", tone === "wish");
  }

  /** No wish of the slider is open any more: the thumb goes back to the light as it is. */
  rest() {
    this.#wish = null;
    this.#placeThumb(this.#is);
  }
}

/** @param {View} view @param {number | null} age */
function glowOf(view, age) {
  const glow = isLit(view) ? 0.25 + (0.75 * view.brightness) / 255 : 0;
  return age === null ? glow : STALE_GLOW * glow;
}

/** @param {Element} node @param {string} text */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** The elements of a card that change, by their `data-part` in index.html.
 * @param {HTMLElement} card */
function partsOf(card) {
  /** @param {string} name @returns {HTMLElement} */
  const part = (name) => {
    const found = card.querySelector(`[data-part=${name}]`);
    if (!(found instanceof HTMLElement)) throw new Error(`a card has no ${name}`);
    return found;
  };
  const [name, state, presence, power, slot, press] = ["name", "state", "presence", "power", "slot", "press"].map(part);
  return { name, state, presence, power, slot, press, level: /** @type {HTMLInputElement} */ (part("level")) };
}

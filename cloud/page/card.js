// One light on the screen: as it is, and beside it what the person wishes.

import { listenToSlider, momentOf } from "./fingers.js";
import { fromPercent, nameOf, percent, presenceOf, stateOf } from "./words.js";

export class Card {
  #parts;
  #is = 1; // the light's brightness, in percent
  #wish = null; // the one under the finger, until its press has its word
  node;

  /** `on`: {toggle(at), level(brightness, at)}, `at` the moment of the finger on performance.now()'s clock. */
  constructor(id, template, on) {
    this.node = template.content.cloneNode(true).firstElementChild;
    this.#parts = Object.fromEntries(
      [...this.node.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]),
    );
    const { name, press, power, level } = this.#parts;
    name.textContent = nameOf(id);
    name.id = `name-${id}`;
    press.id = `press-${id}`;
    this.node.setAttribute("aria-labelledby", name.id);
    power.setAttribute("aria-labelledby", name.id);
    power.setAttribute("aria-describedby", press.id);
    level.setAttribute("aria-label", `Brightness of ${nameOf(id)}`);
    power.addEventListener("click", (event) => on.toggle(momentOf(event)));
    listenToSlider(level, {
      press: (value, at) => {
        this.#wish = value;
        this.#placeThumb(value);
        on.level(fromPercent(value), at);
      },
      back: () => this.#placeThumb(this.#wish ?? this.#is),
    });
  }

  /** Show the light as it is. `age`: how old that is, in ms; null while it is fresh. */
  show(view, age) {
    const { state, presence, power, level, slot } = this.#parts;
    const on = view.state === "ON";
    state.textContent = stateOf(view);
    presence.textContent = presenceOf(view, age);
    presence.dataset.presence = view.online ? (age === null ? "online" : "stale") : "offline";
    power.setAttribute("aria-checked", String(on));
    slot.hidden = !view.traits.includes("brightness");
    this.node.classList.toggle("on", on);
    this.node.classList.toggle("stale", age !== null);
    this.node.style.setProperty("--glow", on ? (0.25 + (0.75 * view.brightness) / 255).toFixed(3) : "0");
    level.style.setProperty("--is", `${on ? percent(view.brightness) : 0}%`);
    this.#is = percent(view.brightness);
    if (this.#wish === null) this.#placeThumb(this.#is);
  }

  #placeThumb(value) {
    const { level } = this.#parts;
    level.value = value;
    level.setAttribute("aria-valuetext", `${value}%`);
  }

  /** Say how the newest press stands: {text, tone}. */
  say({ text, tone }) {
    this.#parts.press.textContent = text;
    this.#parts.press.dataset.tone = tone;
    this.node.classList.toggle("wishing", tone === "wish");
  }

  /** No wish of the slider is open any more: the thumb goes back to the light as it is. */
  rest() {
    this.#wish = null;
    this.#placeThumb(this.#is);
  }
}

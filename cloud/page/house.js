// The lights on the screen, and the fingers on them.

import { Card } from "./card.js";
import { Screen, compare } from "./screen.js";
import { Slider } from "./slider.js";
import { ms, nameOf, pressOf, stateOf } from "./words.js";

const OPEN_WORDS = new Set(["pending", "waiting", "retrying", "restored", "accepted"]);
const NO_VERSION = [0, 0];

export class House {
  screen = new Screen();
  /**
   * id -> {card, slider, sliding: the key of its press, newest: the key of the newest press, own: the version that an
   * own press made, told: whether a last word has told that the light may have changed}
   */
  #rooms = new Map();
  #list;
  #template;
  #announce;
  #fresh;
  #hand;

  /** `announce`: (text), for people who listen; `fresh`: () -> whether the bridge and its broker are heard. */
  constructor({ list, template, announce, fresh }) {
    this.#list = list;
    this.#template = template;
    this.#announce = announce;
    this.#fresh = fresh;
  }

  /** The presses go through this hand. */
  use(hand) {
    this.#hand = hand;
  }

  get size() {
    return this.#rooms.size;
  }

  /** Show what the bridge says of a light, if it is news. */
  take(view) {
    const old = this.#rooms.has(view.id) ? this.screen.view(view.id) : null;
    const order = this.screen.take(view, performance.now());
    if (order === "older") return;
    if (!old) this.#addRoom(view.id);
    this.#show(view.id);
    this.#hand.clockHeard(view.id, this.screen.bound(view.id));
    if (old && stateOf(old) !== stateOf(view)) this.#sayElsewhere(view);
  }

  /** The bridge says of a light only how late it is there. */
  hearClock(clock) {
    if (this.screen.hearClock(clock, performance.now())) this.#hand.clockHeard(clock.id, this.screen.bound(clock.id));
  }

  showAll() {
    for (const id of this.#rooms.keys()) this.#show(id);
  }

  /** How a press stands. */
  say(asked, word, reason, frame) {
    const name = nameOf(asked.light);
    const words = pressOf(word, reason, asked.set);
    const room = this.#rooms.get(asked.light);
    if (!room) return this.#announce(`${name}: ${words.text}`); // asked before a reload, and the light is gone
    if (word === "applied" && frame.version) room.own = frame.version;
    const open = OPEN_WORDS.has(word);
    if (open && isNewer(asked.key, room.newest)) room.newest = asked.key;
    if (asked.key === room.newest) room.card.say(words);
    room.told = !open && (words.tone === "unsure" || reason === "precondition");
    if (!open && asked.key === room.sliding) this.#settle(asked.light);
    if (!open && !room.slider.busy) this.#announce(`${name}: ${words.text}`);
    return undefined;
  }

  /** A press was confirmed, `total` ms after the finger. */
  sayDone(asked, total) {
    const room = this.#rooms.get(asked.light);
    if (!room || asked.key !== room.newest) return;
    const text = `Done in ${ms(total)}.`;
    room.card.say({ text, tone: "done" });
    if (!room.slider.busy) this.#announce(`${nameOf(asked.light)}: ${text}`);
  }

  #addRoom(id) {
    const card = new Card(id, this.#template, {
      toggle: (at) => this.#toggle(id, at),
      level: (value, at) => this.#slide(id, { type: "moved", value, at }),
    });
    this.#rooms.set(id, { card, slider: new Slider(), sliding: null, newest: null, own: NO_VERSION, told: false });
    const next = this.screen.ids[this.screen.ids.indexOf(id) + 1];
    this.#list.insertBefore(card.node, this.#rooms.get(next)?.card.node ?? null);
  }

  #show(id) {
    const age = this.screen.age(id, performance.now(), this.#fresh());
    this.#rooms.get(id).card.show(this.screen.view(id), age);
    this.#rest(id);
  }

  /** Another phone, another hand, or the button on the light itself; unless a last word has just told of it. */
  #sayElsewhere(view) {
    const room = this.#rooms.get(view.id);
    const told = room.told || compare(view.version, room.own) <= 0 || this.#hand.openWish(view.id);
    room.told = false;
    if (told) return;
    room.card.say({ text: "Changed elsewhere.", tone: "news" });
    this.#announce(`${nameOf(view.id)} changed elsewhere: ${stateOf(view)}.`);
  }

  /** A toggle never leaves the page: it becomes a value, and holds only for the light that the finger saw. */
  #toggle(id, at) {
    const view = this.screen.view(id);
    const wish = this.#hand.openWish(id); // an own press may change the version at any moment: then the value alone
    const seen = wish && !wish.late ? wish.set : view;
    this.#slide(id, { type: "overruled" });
    this.#press(id, { state: seen.state === "ON" ? "OFF" : "ON" }, wish ? undefined : view.version, { made: at, finger: at });
  }

  #slide(id, event) {
    const room = this.#rooms.get(id);
    for (const { value, at } of room.slider.onEvent(event)) {
      const made = event.type === "moved" ? at : performance.now(); // a value that waited becomes a press only now
      room.sliding = this.#press(id, { state: "ON", brightness: value }, undefined, { made, finger: at });
    }
  }

  #settle(id) {
    this.#slide(id, { type: "settled" });
    this.#rest(id);
  }

  /** The slider's thumb goes back to the light as it is, once that is known to be as new as the last press. */
  #rest(id) {
    const { slider, card, own } = this.#rooms.get(id);
    if (!slider.busy && compare(this.screen.view(id).version, own) >= 0) card.rest();
  }

  #press(light, set, if_ver, { made, finger }) {
    return this.#hand.press({ light, set, if_ver, bound: this.screen.bound(light), made, finger });
  }
}

/** Whether a press was made after another one of this page; any press of this page is newer than a restored one. */
function isNewer(key, than) {
  if (than === null) return true;
  const [[origin, n], [other, m]] = [key.split("-"), than.split("-")];
  return origin !== other || Number(n) >= Number(m);
}

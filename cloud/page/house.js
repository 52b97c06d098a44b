// The lights on the screen, and the fingers on them.

import { Card } from "./card.js";
import { Notice } from "./notice.js";
import { Screen, compare } from "./screen.js";
import { Slider } from "./slider.js";
import {
  DEGRADED, again, barredOf, changeOf, elsewhereOf, isLit, levelOf, ms, nameOf, pressOf, sharedOf, stateOf,
} from "./words.js";

const OPEN_WORDS = new Set(["pending", "waiting", "retrying", "restored", "accepted"]);
const NOTHING_OWN = { version: [0, 0], set: null, made: false };

export class House {
  screen = new Screen();
  me = null; // this phone's name at the bridge
  /**
   * id -> {card, notice, slider, sliding: the key of its press, newest: the key of the newest press, asked: {key, version}
   * of this page's newest press and of the light that it was made on, own: {version, set, made} of the newest own press
   * that was applied and whether it made this version, told: whether a last word has told that the light may have changed}
   */
  #rooms = new Map();
  #list;
  #template;
  #announce;
  #fresh;
  #barred;
  #failed;
  #hand;

  /**
   * `announce`: (text), for people who listen; `fresh`: () -> whether the bridge and its broker are heard; `barred`:
   * () -> why no press can leave, as barredOf knows it, or null; `failed`: (words), of a press that could not leave.
   */
  constructor({ list, template, announce, fresh, barred, failed }) {
    this.#list = list;
    this.#template = template;
    this.#announce = announce;
    this.#fresh = fresh;
    this.#barred = barred;
    this.#failed = failed;
  }

  /** The presses go through this hand. */
  use(hand) {
    this.#hand = hand;
  }

  get size() {
    return this.#rooms.size;
  }

  /** Show what the bridge says of a light, if it is news; it came at `at`. */
  take(view, at) {
    this.#take(view, () => this.screen.take(view, at));
  }

  /** Show what a bridge's welcome says of a light, if it is news. */
  greet(view, at) {
    this.#take(view, () => this.screen.welcome(view, at));
  }

  #take({ id }, taken) {
    const old = this.#rooms.has(id) ? this.screen.view(id) : null;
    const order = taken();
    if (order === "older") return;
    if (!old) this.#addRoom(id);
    if (order === "anew") this.#beginAnew(this.#rooms.get(id));
    const shown = this.screen.view(id);
    if (old && levelOf(old) !== levelOf(shown)) this.#sayElsewhere(shown);
    if (shown.shared && !old?.shared) this.#note(id, { text: sharedOf(id), tone: "doubt" });
    this.#show(id);
    this.#hand.clockHeard(id, this.screen.bound(id));
  }

  /** A welcome was heard: what was told of an own press, and no bridge knows, is not waited for. */
  forgetAhead() {
    for (const [id, room] of this.#rooms) {
      if (compare(room.own.version, this.screen.view(id).version) <= 0) continue;
      room.own = NOTHING_OWN;
      this.#show(id);
    }
  }

  /** No version that was told before compares with those that come. */
  #beginAnew(room) {
    [room.own, room.asked] = [NOTHING_OWN, null];
  }

  /** The bridge says of a light only how late it is there. */
  hearClock(clock, at) {
    if (this.screen.hearClock(clock, at)) this.#hand.clockHeard(clock.id, this.screen.bound(clock.id));
  }

  /** A light was forgotten. */
  takeAway(id) {
    const room = this.#rooms.get(id);
    if (!room) return;
    this.#rooms.delete(id);
    this.screen.takeAway(id);
    room.card.remove();
    this.#announce(`${nameOf(id)} was taken away.`);
  }

  showAll() {
    for (const id of this.#rooms.keys()) this.#show(id);
  }

  /** How a press stands. */
  say(asked, word, reason, frame) {
    const name = nameOf(asked.light);
    const words = this.#wordsOf(asked, word, reason);
    const room = this.#rooms.get(asked.light);
    if (!room) return this.#announce(`${name}: ${words.text}`); // asked before a reload, and the light is gone
    if (word === "applied" && frame.version) this.#own(room, frame.version, asked);
    const open = OPEN_WORDS.has(word);
    if (open && isNewer(asked.key, room.newest)) room.newest = asked.key;
    if (asked.key === room.newest) room.notice.say(words, Date.now());
    room.told = !open && (["unsure", "doubt"].includes(words.tone) || reason === "precondition");
    if (!open && asked.key === room.sliding) this.#settle(asked.light);
    if (!open && !room.slider.busy) this.#announce(`${name}: ${words.text}`);
    return this.#show(asked.light);
  }

  /** A press was confirmed, `total` ms after the finger. */
  sayDone(asked, total) {
    const room = this.#rooms.get(asked.light);
    if (!room || asked.key !== room.newest) return;
    this.#note(asked.light, { text: `Done in ${ms(total)}.`, tone: "done" }, room.slider.busy);
  }

  /** A press that is applied and changes nothing is told with the version that somebody else has made. */
  #own(room, version, { key, set }) {
    const made = key === room.asked?.key && compare(version, room.asked.version) > 0;
    if (compare(version, room.own.version) > 0) room.own = { version, set, made };
  }

  /** Whether a press of this page made the light as it is. Many phones may have the same name, so that is not enough. */
  #isOwn({ own }, { version }, change) {
    const isMine = change?.by === "phone" && (!change.phone || change.phone === this.me);
    return isMine && own.made && compare(own.version, version) === 0;
  }

  #wordsOf(asked, word, reason) {
    const barred = word === "not_sent" ? this.#barred() : null;
    return barred ? barredOf(barred) : pressOf(word, reason, asked.set);
  }

  #note(id, words, silently = false) {
    this.#rooms.get(id).notice.say(words, Date.now());
    this.#show(id);
    if (!silently) this.#announce(`${nameOf(id)}: ${words.text}`);
  }

  #addRoom(id) {
    const card = new Card(id, this.#template, {
      look: () => this.#look(id),
      toggle: (seen, at) => this.#toggle(id, seen, at),
      slide: (set, at) => this.#slide(id, { type: "moved", set, at }),
    });
    const pressed = { sliding: null, newest: null, asked: null, own: NOTHING_OWN, told: false };
    this.#rooms.set(id, { card, notice: new Notice(), slider: new Slider(), ...pressed });
    const next = this.screen.ids[this.screen.ids.indexOf(id) + 1];
    this.#list.insertBefore(card.node, this.#rooms.get(next)?.card.node ?? null);
  }

  #show(id) {
    const { card, notice } = this.#rooms.get(id);
    const { lit, wish } = this.#look(id);
    const age = this.screen.age(id, performance.now(), this.#fresh());
    card.show(this.screen.view(id), age, wish && wish.state !== lit ? wish.state : null);
    card.say(notice.stands(Date.now()) ?? this.#restOf(id));
    this.#rest(id);
  }

  /** What stands below a light while there is nothing to say of a press. */
  #restOf(id) {
    if (this.screen.view(id).shared) return { text: sharedOf(id), tone: "doubt" };
    if (this.screen.view(id).degraded) return { text: DEGRADED, tone: "doubt" };
    return { text: this.#changeOf(id), tone: "rest" };
  }

  #changeOf(id) {
    const change = this.screen.change(id, performance.now());
    return changeOf(change, this.#isOwn(this.#rooms.get(id), this.screen.view(id), change));
  }

  /**
   * What a finger on the switch sees: `lit`: ON or OFF; `wish`: what is on its way, or has been applied and is not shown
   * yet; `open`: whether it is on its way; `version`: what a toggle holds for; undefined where an own press may change
   * that at any moment.
   */
  #look(id) {
    const view = this.screen.view(id);
    const lit = isLit(view) ? "ON" : "OFF";
    const { own } = this.#rooms.get(id);
    const wish = this.#hand.openWish(id);
    if (wish) return { lit, wish: wish.late ? null : wish.set, open: !wish.late };
    if (compare(own.version, view.version) > 0) return { lit, wish: own.set, open: false, version: own.version };
    return { lit, wish: null, open: false, version: view.version };
  }

  /** Another phone, another hand, or the button on the light itself; unless a last word has just told of it. */
  #sayElsewhere(view) {
    const room = this.#rooms.get(view.id);
    const told = room.told || compare(view.version, room.own.version) <= 0 || this.#hand.openWish(view.id);
    room.told = false;
    if (told) return;
    const text = elsewhereOf(view.change);
    room.notice.say({ text: `Changed ${text}.`, tone: "news" }, Date.now());
    this.#announce(`${nameOf(view.id)} changed ${text}: ${stateOf(view)}.`);
  }

  /**
   * A toggle never leaves the page: it becomes a value, and holds only for the light that the finger saw. While the
   * switch shows a wish, a finger that seems to have done nothing comes again and means the same; its press is
   * repeated anyway, under its key, until it has its word.
   */
  #toggle(id, { lit, wish, open, version }, at) {
    if (this.#barred()) return this.#refuse(id);
    if (open && wish.state !== lit) return this.#repeat(id, wish);
    this.#slide(id, { type: "overruled" });
    const state = (wish?.state ?? lit) === "ON" ? "OFF" : "ON";
    return this.#press(id, { state }, version, { made: at, finger: at });
  }

  #repeat(id, wish) {
    if (this.#hand.nudge(id)) this.#note(id, again(wish));
  }

  #slide(id, event) {
    const room = this.#rooms.get(id);
    if (this.#barred()) return this.#refuseSlide(id, event);
    for (const { set, at } of room.slider.onEvent(event)) {
      const made = event.type === "moved" ? at : performance.now(); // a wish that waited becomes a press only now
      room.sliding = this.#press(id, { state: "ON", ...set }, undefined, { made, finger: at });
    }
    return undefined;
  }

  /** What is on its way may still get its word; nothing else leaves. */
  #refuseSlide(id, event) {
    const { slider, card } = this.#rooms.get(id);
    if (event.type === "settled") slider.onEvent({ type: "overruled" });
    if (event.type === "settled") return slider.onEvent(event);
    card.rest();
    return this.#refuse(id);
  }

  #refuse(id) {
    const words = barredOf(this.#barred());
    this.#note(id, words);
    this.#failed(words);
  }

  #settle(id) {
    this.#slide(id, { type: "settled" });
    this.#rest(id);
  }

  /** The slider's thumb goes back to the light as it is, once that is known to be as new as the last press. */
  #rest(id) {
    const { slider, card, own } = this.#rooms.get(id);
    if (!slider.busy && compare(this.screen.view(id).version, own.version) >= 0) card.rest();
  }

  #press(light, set, if_ver, { made, finger }) {
    const { version } = this.screen.view(light);
    const key = this.#hand.press({ light, set, if_ver, bound: this.screen.bound(light), made, finger });
    this.#rooms.get(light).asked = { key, version };
    return key;
  }
}

/** Whether a press was made after another one of this page; any press of this page is newer than a restored one. */
function isNewer(key, than) {
  if (than === null) return true;
  const [[origin, n], [other, m]] = [key.split("-"), than.split("-")];
  return origin !== other || Number(n) >= Number(m);
}

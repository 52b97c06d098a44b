// The lights on the screen, and the fingers on them.

/** @import { Clock, View, Wish } from "./frames.d.ts" */
/** @import { Presses } from "./presses.js" */
/**
 * @import { Asked, Attributes, Barred, FailedWords, Look,
 *   PageReason, PageStatus, PressEvent, SliderEvent, Version, Words } from "./types.d.ts"
 */

import { Card } from "./card.js";
import { isNewer } from "./presses.js";
import { Notice } from "./notice.js";
import { OwnChange } from "./own_change.js";
import { Screen } from "./screen.js";
import { Slider } from "./slider.js";
import {
  DEGRADED, again, barredOf, changeOf, elsewhereOf, isLit, levelOf, ms, nameOf, pressOf, sharedOf, stateOf,
} from "./words.js";

const OPEN_WORDS = new Set(["pending", "waiting", "retrying", "restored", "accepted"]);
/**
 * @typedef {{list: HTMLElement, template: HTMLTemplateElement, announce: (text: string) => void, fresh: () => boolean,
 *   barred: () => Barred | null, failed: (words: FailedWords) => void, presses: () => Presses}} LightsParts
 *
 * One light on the screen. `sliding`: the key of its slider's press; `newest`: of the newest press; `told`: whether a
 * last word has told that the light may have changed.
 *
 * @typedef {{card: Card, notice: Notice, slider: Slider, own: OwnChange, sliding: string | null, newest: string | null,
 *   told: boolean}} Room
 */

export class Lights {
  screen = new Screen();
  /** @type {string | null} */
  me = null; // this phone's name at the bridge
  /** @type {Map<string, Room>} */
  #rooms = new Map();
  #parts;

  /**
   * `announce`: for people who listen; `fresh`: whether the bridge and its broker are heard; `barred`: why no press can
   * leave, or null; `failed`: of a press that could not leave; `presses`: those of this page.
   * @param {LightsParts} parts
   */
  constructor(parts) {
    this.#parts = parts;
  }

  get size() {
    return this.#rooms.size;
  }

  /** @param {string} id */
  #room(id) {
    const room = this.#rooms.get(id);
    if (!room) throw new Error(`no light is called ${id}`);
    return room;
  }

  /** Show what the bridge says of a light, if it is news; it came at `at`.
   * @param {View} view @param {number} at */
  take(view, at) {
    this.#take(view, () => this.screen.take(view, at));
  }

  /** Show what a bridge's welcome says of a light, if it is news.
   * @param {View} view @param {number} at */
  greet(view, at) {
    this.#take(view, () => this.screen.welcome(view, at));
  }

  /** @param {View} view @param {() => string} taken */
  #take({ id }, taken) {
    const old = this.#rooms.has(id) ? this.screen.view(id) : null;
    const order = taken();
    if (order === "older") return;
    if (!old) this.#addRoom(id);
    if (order === "anew") this.#room(id).own.beginAnew();
    const shown = this.screen.view(id);
    if (old && levelOf(old) !== levelOf(shown)) this.#sayElsewhere(shown);
    if (shown.shared && !old?.shared) this.#note(id, { text: sharedOf(id), tone: "doubt" });
    this.#show(id);
    this.#parts.presses().clockHeard(id, this.screen.bound(id));
  }

  /** A welcome was heard: what was told of an own press, and no bridge knows, is not waited for. */
  forgetAhead() {
    for (const [id, room] of this.#rooms) {
      if (!room.own.isAheadOf(this.screen.view(id).version)) continue;
      room.own.forget();
      this.#show(id);
    }
  }

  /** The bridge says of a light only how late it is there.
   * @param {Clock} clock @param {number} at */
  hearClock(clock, at) {
    if (this.screen.hearClock(clock, at)) this.#parts.presses().clockHeard(clock.id, this.screen.bound(clock.id));
  }

  /** A light was forgotten.
   * @param {string} id */
  takeAway(id) {
    const room = this.#rooms.get(id);
    if (!room) return;
    this.#rooms.delete(id);
    this.screen.takeAway(id);
    room.card.remove();
    this.#parts.announce(`${nameOf(id)} was taken away.`);
  }

  showAll() {
    for (const id of this.#rooms.keys()) this.#show(id);
  }

  /** How a press stands.
   * @param {Asked} asked @param {PageStatus} status @param {PageReason} reason @param {PressEvent} [answer] */
  say(asked, status, reason, answer) {
    const name = nameOf(asked.light);
    const words = this.#wordsOf(asked, status, reason);
    const room = this.#rooms.get(asked.light);
    if (!room) return this.#parts.announce(`${name}: ${words.text}`); // asked before a reload, and the light is gone
    if (answer?.type === "outcome" && answer.status === "applied" && answer.version) {
      room.own.applied(asked.key, asked.set, answer.version);
    }
    const open = OPEN_WORDS.has(status);
    if (open && isNewer(asked.key, room.newest)) room.newest = asked.key;
    if (asked.key === room.newest) room.notice.say(words, Date.now());
    room.told = !open && (["unsure", "doubt"].includes(words.tone) || reason === "precondition");
    if (!open && asked.key === room.sliding) this.#settle(asked.light);
    if (!open && !room.slider.busy) this.#parts.announce(`${name}: ${words.text}`);
    return this.#show(asked.light);
  }

  /** A press was confirmed, `total` ms after the finger.
   * @param {Asked} asked @param {number} total */
  sayDone(asked, total) {
    const room = this.#rooms.get(asked.light);
    if (!room || asked.key !== room.newest) return;
    this.#note(asked.light, { text: `Done in ${ms(total)}.`, tone: "done" }, room.slider.busy);
  }

  /** @param {Asked} asked @param {PageStatus} status @param {PageReason} reason @returns {Words} */
  #wordsOf(asked, status, reason) {
    const barred = status === "not_sent" ? this.#parts.barred() : null;
    return barred ? barredOf(barred) : pressOf(status, reason, asked.set);
  }

  /** @param {string} id @param {Words} words @param {boolean} [silently] */
  #note(id, words, silently = false) {
    this.#room(id).notice.say(words, Date.now());
    this.#show(id);
    if (!silently) this.#parts.announce(`${nameOf(id)}: ${words.text}`);
  }

  /** @param {string} id */
  #addRoom(id) {
    const card = new Card(id, this.#parts.template, {
      look: () => this.#look(id),
      toggle: (seen, at) => this.#toggle(id, seen, at),
      slide: (set, at) => this.#slide(id, { type: "moved", set, at }),
    });
    const pressed = { own: new OwnChange(), sliding: null, newest: null, told: false };
    this.#rooms.set(id, { card, notice: new Notice(), slider: new Slider(), ...pressed });
    const next = this.screen.ids[this.screen.ids.indexOf(id) + 1];
    this.#parts.list.insertBefore(card.node, this.#rooms.get(next)?.card.node ?? null);
  }

  /** @param {string} id */
  #show(id) {
    const { card, notice } = this.#room(id);
    const { lit, wish } = this.#look(id);
    const age = this.screen.age(id, performance.now(), this.#parts.fresh());
    card.show(this.screen.view(id), age, wish?.state !== undefined && wish.state !== lit ? wish.state : null);
    card.say(notice.stands(Date.now()) ?? this.#restOf(id));
    this.#rest(id);
  }

  /** What stands below a light while there is nothing to say of a press.
   * @param {string} id @returns {Words} */
  #restOf(id) {
    if (this.screen.view(id).shared) return { text: sharedOf(id), tone: "doubt" };
    if (this.screen.view(id).degraded) return { text: DEGRADED, tone: "doubt" };
    return { text: this.#changeOf(id), tone: "rest" };
  }

  /** @param {string} id */
  #changeOf(id) {
    const change = this.screen.change(id, performance.now());
    const isMine = change?.by === "phone" && (!change.phone || change.phone === this.me); // many may have one name
    return changeOf(change, isMine && this.#room(id).own.isMakerOf(this.screen.view(id).version));
  }

  /**
   * What a finger on the switch sees: `lit`: ON or OFF; `wish`: what is on its way, or has been applied and is not shown
   * yet; `open`: whether it is on its way; `version`: what a toggle holds for; undefined where an own press may change
   * that at any moment.
   * @param {string} id @returns {Look}
   */
  #look(id) {
    const view = this.screen.view(id);
    const lit = isLit(view) ? "ON" : "OFF";
    const { own } = this.#room(id);
    const wish = this.#parts.presses().openWish(id);
    if (wish) return { lit, wish: wish.late ? null : wish.set, open: !wish.late };
    if (own.isAheadOf(view.version)) return { lit, wish: own.set, open: false, version: own.version };
    return { lit, wish: null, open: false, version: view.version };
  }

  /** Another phone, another hand, or the button on the light itself; unless a last word has just told of it.
   * @param {View} view */
  #sayElsewhere(view) {
    const room = this.#room(view.id);
    const told = room.told || room.own.covers(view.version) || this.#parts.presses().openWish(view.id);
    room.told = false;
    if (told) return;
    const text = elsewhereOf(view.change);
    room.notice.say({ text: `Changed ${text}.`, tone: "news" }, Date.now());
    this.#parts.announce(`${nameOf(view.id)} changed ${text}: ${stateOf(view)}.`);
  }

  /**
   * A toggle never leaves the page: it becomes a value, and holds only for the light that the finger saw. While the
   * switch shows a wish, a finger that seems to have done nothing comes again and means the same; its press is
   * repeated anyway, under its key, until it has its word.
   * @param {string} id @param {Look} seen @param {number} at
   */
  #toggle(id, { lit, wish, open, version }, at) {
    const barred = this.#parts.barred();
    if (barred) return this.#refuse(id, barred);
    if (open && wish && wish.state !== lit) return this.#repeat(id, wish);
    this.#slide(id, { type: "overruled" });
    const state = (wish?.state ?? lit) === "ON" ? "OFF" : "ON";
    return this.#press(id, { state }, version, { made: at, finger: at });
  }

  /** @param {string} id @param {Attributes} wish */
  #repeat(id, wish) {
    if (this.#parts.presses().nudge(id)) this.#note(id, again(wish));
  }

  /** @param {string} id @param {SliderEvent} event */
  #slide(id, event) {
    const room = this.#room(id);
    const barred = this.#parts.barred();
    if (barred) return this.#refuseSlide(id, event, barred);
    for (const { set, at } of room.slider.onEvent(event)) {
      const made = event.type === "moved" ? at : performance.now(); // a wish that waited becomes a press only now
      room.sliding = this.#press(id, { state: "ON", ...set }, undefined, { made, finger: at });
    }
  }

  /** What is on its way may still get its word; nothing else leaves.
   * @param {string} id @param {SliderEvent} event @param {Barred} barred */
  #refuseSlide(id, event, barred) {
    const { slider, card } = this.#room(id);
    if (event.type === "settled") {
      slider.onEvent({ type: "overruled" });
      slider.onEvent(event);
      return;
    }
    card.rest();
    this.#refuse(id, barred);
  }

  /** @param {string} id @param {Barred} barred */
  #refuse(id, barred) {
    const words = barredOf(barred);
    this.#note(id, words);
    this.#parts.failed(words);
  }

  /** @param {string} id */
  #settle(id) {
    this.#slide(id, { type: "settled" });
    this.#rest(id);
  }

  /** The slider's thumb goes back to the light as it is, once that is known to be as new as the last press.
   * @param {string} id */
  #rest(id) {
    const { slider, card, own } = this.#room(id);
    if (!slider.busy && !own.isAheadOf(this.screen.view(id).version)) card.rest();
  }

  /**
   * @param {string} light @param {Wish} set @param {Version | undefined} if_ver
   * @param {{made: number, finger: number}} times
   */
  #press(light, set, if_ver, { made, finger }) {
    const { version } = this.screen.view(light);
    const key = this.#parts.presses().press({ light, set, if_ver, bound: this.screen.bound(light), made, finger });
    this.#room(light).own.pressed(key, version);
    return key;
  }
}

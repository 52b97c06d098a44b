// A finger on a slider: until it has moved sideways or is lifted, it may be about to scroll the page. Pure.
//
// Events                                                   Actions
//   down    {x, y}  a finger or a pen came down on it        press  {value, at}  this value is meant
//   second  another finger came down, anywhere
//   move    {x, y}                                           back   the thumb belongs where it was
//   soon    {at}                                             soon   send me `soon`, once this move was heard whole
//   up      {at}
//   cancel  the browser took it, to scroll or to zoom
//   lifted  nothing touches the slider any more, or a key was pressed
//   moved   {value, at}  the slider's value is another one

export const State = Object.freeze({
  FREE: "free", // nothing touches it: a mouse, a key or a screen reader moves it
  HELD: "held", // touched, and what is meant is not known yet
  DRAGGED: "dragged",
  LOST: "lost", // scrolls or zooms the page
});

/**
 * @typedef {typeof State[keyof typeof State]} TouchState
 * @typedef {{type: "down" | "move", x: number, y: number} | {type: "second" | "cancel" | "lifted"}
 *   | {type: "soon" | "up", at: number} | {type: "moved", value: number, at: number}} FingerEvent
 * @typedef {{do: "press", value: number, at: number} | {do: "back"} | {do: "soon"}} FingerAction
 */

/** @type {Readonly<Record<TouchState, readonly TouchState[]>>} */
const MOVES = Object.freeze({
  free: [State.HELD],
  held: [State.DRAGGED, State.LOST, State.FREE],
  dragged: [State.LOST, State.FREE],
  lost: [State.HELD, State.FREE],
});

const STILL_PX = 8; // a finger that is lifted within so far of where it came down has tapped

export class Touch {
  /** @type {TouchState} */
  #state = State.FREE;
  /** @type {{x: number, y: number}} */
  #from = { x: 0, y: 0 }; // where the finger came down
  /** @type {number | null} */
  #value = null; // of the slider, not pressed yet

  get state() {
    return this.#state;
  }

  /** @param {FingerEvent} event @returns {FingerAction[]} */
  onEvent(event) {
    switch (event.type) {
      case "down":
        return this.#down(event);
      case "second":
        return this.#second();
      case "move":
        return this.#move(event);
      case "soon":
        return this.#state === State.DRAGGED ? this.#press(event.at) : [];
      case "up":
        return this.#up(event);
      case "cancel":
        return this.#cancel();
      case "lifted":
        return this.#lifted();
      case "moved":
        return this.#moved(event);
      default:
        throw new Error(`a touch knows no event ${/** @type {{type: string}} */ (event).type}`);
    }
  }

  /** @param {{x: number, y: number}} event @returns {FingerAction[]} */
  #down({ x, y }) {
    if (this.#state === State.HELD || this.#state === State.DRAGGED) return this.#second();
    [this.#from, this.#value] = [{ x, y }, null];
    this.#moveTo(State.HELD);
    return [];
  }

  /** A pinch, unless the first finger drags already.
   * @returns {FingerAction[]} */
  #second() {
    return this.#state === State.HELD ? this.#cancel() : [];
  }

  /**
   * Upwards or downwards it scrolls, as for the browser, also where there is nothing left to scroll. Sideways it drags:
   * the value of this move comes after it; the one that the finger came down on only counts if no other follows.
   * @param {{x: number, y: number}} event @returns {FingerAction[]}
   */
  #move({ x, y }) {
    if (this.#state !== State.HELD) return [];
    const [aside, along] = [Math.abs(x - this.#from.x), Math.abs(y - this.#from.y)];
    if (Math.max(aside, along) <= STILL_PX) return [];
    if (aside <= along) return this.#cancel();
    this.#moveTo(State.DRAGGED);
    return [{ do: "soon" }];
  }

  /** @param {{at: number}} event @returns {FingerAction[]} */
  #up({ at }) {
    if (this.#state !== State.HELD && this.#state !== State.DRAGGED) return [];
    this.#moveTo(State.FREE);
    return this.#press(at);
  }

  /** @returns {FingerAction[]} */
  #cancel() {
    if (this.#state !== State.HELD && this.#state !== State.DRAGGED) return [];
    this.#value = null;
    this.#moveTo(State.LOST);
    return [{ do: "back" }];
  }

  #lifted() {
    if (this.#state === State.LOST) this.#moveTo(State.FREE);
    return [];
  }

  /** @param {{value: number, at: number}} event @returns {FingerAction[]} */
  #moved({ value, at }) {
    this.#value = this.#state === State.HELD ? value : null;
    const meant = this.#state === State.FREE || this.#state === State.DRAGGED;
    return [meant ? { do: "press", value, at } : { do: "back" }];
  }

  /** @param {number} at @returns {FingerAction[]} */
  #press(at) {
    const value = this.#value;
    this.#value = null;
    return value === null ? [] : [{ do: "press", value, at }];
  }

  /** @param {TouchState} state */
  #moveTo(state) {
    if (!MOVES[this.#state].includes(state)) throw new Error(`a touch cannot go from ${this.#state} to ${state}`);
    this.#state = state;
  }
}

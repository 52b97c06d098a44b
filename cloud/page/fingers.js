// What a slider hears of fingers, mice, pens and keys, and which of it is meant.

/** @import { FingerAction, FingerEvent } from "./touch.js" */

import { Touch } from "./touch.js";

/** @typedef {{press(value: number, at: number): void, back(): void}} SliderListener */

/**
 * `on`: `press`, this value is meant; `back`, the thumb belongs where it was. `gone`: aborted once the card is taken away,
 * from when on nothing is heard any more.
 * @param {HTMLInputElement} level @param {SliderListener} on @param {AbortSignal} gone
 */
export function listenToSlider(level, on, gone) {
  const touch = new Touch();
  const options = { passive: true, signal: gone };
  /** @param {FingerEvent} event */
  const drive = (event) => touch.onEvent(event).forEach(act);
  /** @param {FingerAction} action */
  const act = (action) => {
    if (action.do === "press") on.press(action.value, action.at);
    else if (action.do === "back") on.back();
    else setTimeout(() => gone.aborted || drive({ type: "soon", at: performance.now() }));
  };
  /**
   * @param {"pointerdown" | "pointermove" | "pointerup" | "pointercancel"} name
   * @param {(event: PointerEvent) => FingerEvent} read
   */
  const byTouch = (name, read) =>
    level.addEventListener(name, (event) => event.pointerType !== "mouse" && drive(read(event)), options);
  byTouch("pointerdown", ({ clientX: x, clientY: y }) => ({ type: "down", x, y }));
  /** @param {PointerEvent} event */
  const second = ({ isPrimary }) => isPrimary || drive({ type: "second" });
  document.addEventListener("pointerdown", second, { ...options, capture: true });
  byTouch("pointermove", ({ clientX: x, clientY: y }) => ({ type: "move", x, y }));
  byTouch("pointerup", (event) => ({ type: "up", at: momentOf(event) }));
  byTouch("pointercancel", () => ({ type: "cancel" }));
  /** @param {TouchEvent} event */
  const lift = ({ touches }) => touches.length === 0 && drive({ type: "lifted" });
  level.addEventListener("touchend", lift, options);
  level.addEventListener("touchcancel", lift, options);
  level.addEventListener("keydown", () => drive({ type: "lifted" }), options);
  /** @param {Event} event */
  const moved = (event) => drive({ type: "moved", value: level.valueAsNumber, at: momentOf(event) });
  level.addEventListener("input", moved, options);
}

/** Events carry the moment of the finger itself, from before the page had time for it.
 * @param {Event} event */
export function momentOf(event) {
  const now = performance.now();
  return event.timeStamp > 0 && event.timeStamp <= now ? event.timeStamp : now;
}

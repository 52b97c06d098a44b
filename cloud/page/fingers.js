// What a slider hears of fingers, mice, pens and keys, and which of it is meant.

import { Touch } from "./touch.js";

/**
 * `on`: {press(value, at), back()}: this value is meant; the thumb belongs where it was. `gone`: the signal of a card
 * that is taken away, from which on nothing is heard any more.
 */
export function listenToSlider(level, on, gone) {
  const touch = new Touch();
  const drive = (event) => touch.onEvent(event).forEach(act);
  const act = ({ do: what, value, at }) => {
    if (what === "press") on.press(value, at);
    else if (what === "back") on.back();
    else setTimeout(() => gone.aborted || drive({ type: "soon", at: performance.now() }));
  };
  const listen = (name, hear, node = level) => node.addEventListener(name, hear, { capture: node !== level, passive: true, signal: gone });
  const byTouch = (name, read) => listen(name, (event) => event.pointerType !== "mouse" && drive(read(event)));
  byTouch("pointerdown", ({ clientX: x, clientY: y }) => ({ type: "down", x, y }));
  listen("pointerdown", ({ isPrimary }) => isPrimary || drive({ type: "second" }), document);
  byTouch("pointermove", ({ clientX: x, clientY: y }) => ({ type: "move", x, y }));
  byTouch("pointerup", (event) => ({ type: "up", at: momentOf(event) }));
  byTouch("pointercancel", () => ({ type: "cancel" }));
  const lift = ({ touches }) => touches.length === 0 && drive({ type: "lifted" });
  listen("touchend", lift);
  listen("touchcancel", lift);
  listen("keydown", () => drive({ type: "lifted" }));
  listen("input", (event) => drive({ type: "moved", value: level.valueAsNumber, at: momentOf(event) }));
}

/** Events carry the moment of the finger itself, from before the page had time for it. */
export function momentOf(event) {
  const now = performance.now();
  return event.timeStamp > 0 && event.timeStamp <= now ? event.timeStamp : now;
}

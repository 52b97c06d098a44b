// What a slider hears of fingers, mice, pens and keys, and which of it is meant.

import { Touch } from "./touch.js";

/** `on`: {press(value, at), back()}: this value is meant; the thumb belongs where it was. */
export function listenToSlider(level, on) {
  const touch = new Touch();
  const drive = (event) => touch.onEvent(event).forEach(act);
  const act = ({ do: what, value, at }) => {
    if (what === "press") on.press(value, at);
    else if (what === "back") on.back();
    else setTimeout(() => drive({ type: "soon", at: performance.now() }));
  };
  const byTouch = (name, read) => level.addEventListener(name, (event) => event.pointerType !== "mouse" && drive(read(event)));
  byTouch("pointerdown", ({ clientX: x, clientY: y }) => ({ type: "down", x, y }));
  document.addEventListener("pointerdown", ({ isPrimary }) => isPrimary || drive({ type: "second" }), { capture: true });
  byTouch("pointermove", ({ clientX: x, clientY: y }) => ({ type: "move", x, y }));
  byTouch("pointerup", (event) => ({ type: "up", at: momentOf(event) }));
  byTouch("pointercancel", () => ({ type: "cancel" }));
  const lift = ({ touches }) => touches.length === 0 && drive({ type: "lifted" });
  level.addEventListener("touchend", lift, { passive: true });
  level.addEventListener("touchcancel", lift, { passive: true });
  level.addEventListener("keydown", () => drive({ type: "lifted" }));
  level.addEventListener("input", (event) => drive({ type: "moved", value: level.valueAsNumber, at: momentOf(event) }));
}

/** Events carry the moment of the finger itself, from before the page had time for it. */
export function momentOf(event) {
  const now = performance.now();
  return event.timeStamp > 0 && event.timeStamp <= now ? event.timeStamp : now;
}

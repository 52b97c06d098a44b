// What came of the newest presses, drawn: each one that was done a dot where it was told, over a logarithmic axis with
// the budget as a line; each one that was not a mark beyond the end of that axis.

/** @import { Recent } from "./measure.js" */

import { summaryOf } from "./summary.js";

/**
 * @typedef {ReturnType<typeof frameOf>} Frame
 * @typedef {{least: number, most: number}} Span
 */

const SVG = "http://www.w3.org/2000/svg";
const EM_PX = 12; // lengths are in px where the text is so large, and grow with it
const SIDE = 10;
const NEVER = 52; // the room beyond the axis
const DECADES = 4; // 1 ms to 10 s
const COLUMN = 8;
const TOP = 16;
/** @type {[number, string][]} */
const TICKS = [[1, "1 ms"], [10, "10"], [100, "100"], [1_000, "1 s"], [10_000, "10 s"]];
const NARROW = 240; // below it only every second tick has room,
const NARROWEST = 170; // and below this the text shrinks

export class Chart {
  #svg;
  #caption;
  #budget;
  /** @type {Recent | null} */
  #recent = null;
  /** @type {Span | null} */
  #light = null;

  /** `budget` in ms.
   * @param {SVGElement} svg @param {HTMLElement} caption @param {number} budget */
  constructor(svg, caption, budget) {
    this.#svg = svg;
    this.#caption = caption;
    this.#budget = budget;
    new ResizeObserver(() => this.#draw()).observe(svg);
  }

  /** `light`: {least, most}, between which the light changed for the newest press; null if it did not.
   * @param {Recent} recent @param {Span | null} light */
  show(recent, light) {
    [this.#recent, this.#light] = [recent, light];
    this.#caption.textContent = summaryOf(recent, this.#budget);
    this.#draw();
  }

  #draw() {
    const { clientWidth, clientHeight } = this.#svg;
    if (clientWidth === 0) return;
    const scale = Math.min(parseFloat(getComputedStyle(this.#svg).fontSize) / EM_PX, clientWidth / NARROWEST);
    const frame = frameOf(clientWidth / scale, clientHeight / scale);
    this.#svg.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
    this.#svg.replaceChildren(...axis(frame), ...budgetLine(frame, this.#budget), ...this.#marks(frame));
  }

  /** @param {Frame} frame */
  #marks(frame) {
    return this.#recent ? [...lightBar(frame, this.#light), ...dots(frame, this.#recent), ...failures(frame, this.#recent)] : [];
  }
}

/** Where things stand: `floor` is the axis's y, `end` its last x, `never` the middle of the room beyond.
 * @param {number} width @param {number} height */
function frameOf(width, height) {
  return { width, height, floor: height - 28, end: width - NEVER, never: width - NEVER / 2 + 4 };
}

/** @param {number} value @param {{end: number}} frame */
function x(value, { end }) {
  const share = Math.log10(Math.min(Math.max(value, 1), 10 ** DECADES)) / DECADES;
  return SIDE + share * (end - 2 * SIDE);
}

/** @param {Frame} frame */
function axis(frame) {
  const { width, floor, end, never } = frame;
  const line = shape("line", { class: "axis", x1: 0, x2: end, y1: floor, y2: floor });
  const short = shape("line", { class: "axis", x1: end + 10, x2: width, y1: floor, y2: floor });
  const shown = TICKS.filter((_, n) => width >= NARROW || n % 2 === 0);
  const labels = shown.map(([value, text]) => tick(frame, value, text));
  return [line, short, ...labels, shape("text", { class: "tick", x: never, y: floor + 18, "text-anchor": "middle" }, "never")];
}

/** @param {Frame} frame @param {number} value @param {string} text */
function tick(frame, value, text) {
  const ends = new Map([[1, { at: 0, anchor: "start" }], [10_000, { at: frame.end, anchor: "end" }]]);
  const { at, anchor } = ends.get(value) ?? { at: x(value, frame), anchor: "middle" };
  return shape("text", { class: "tick", x: at, y: frame.floor + 18, "text-anchor": anchor }, text);
}

/** @param {Frame} frame @param {number} budget */
function budgetLine(frame, budget) {
  const { floor, end } = frame;
  const at = x(budget, frame);
  return [
    shape("rect", { class: "beyond", x: at, y: TOP, width: end - at, height: floor - TOP }),
    shape("line", { class: "budget", x1: at, x2: at, y1: TOP, y2: floor }),
    shape("text", { class: "tick", x: end, y: TOP - 5, "text-anchor": "end" }, "budget 2 s"),
  ];
}

/** When the light itself changed.
 * @param {Frame} frame @param {Span | null} light */
function lightBar(frame, light) {
  if (!light) return [];
  const [from, to, y] = [x(light.least, frame), x(light.most, frame), frame.floor + 3.5];
  return [shape("line", { class: "bar", x1: from, x2: Math.max(to, from + 1), y1: y, y2: y })];
}

/** @param {Frame} frame @param {Recent} recent */
function dots(frame, recent) {
  const places = recent.totals.map((total) => Math.round((x(total, frame) - SIDE) / COLUMN));
  const step = stepOf(frame, places);
  return stacked(places).map(([column, level], n) => {
    const newest = !recent.failure && n === places.length - 1;
    const at = { cx: SIDE + column * COLUMN, cy: frame.floor - 6 - level * step };
    return shape("circle", { class: newest ? "dot newest" : "dot", r: newest ? 4.5 : 3.2, ...at });
  });
}

/** What did not happen is crossed out; what nobody can tell is a ring.
 * @param {Frame} frame @param {Recent} recent */
function failures(frame, recent) {
  const kinds = [...Array(recent.count("not")).fill("not"), ...Array(recent.count("unsure")).fill("unsure")];
  const places = kinds.map((_, n) => (n % 3) - 1); // three beside each other, as in no column so many stand
  const step = stepOf(frame, places);
  return stacked(places).map(([column, level], n) => {
    const [cx, cy] = [frame.never + column * (COLUMN + 2), frame.floor - 7 - level * step];
    if (kinds[n] === "unsure") return shape("circle", { class: "unknown", r: 3.2, cx, cy });
    return shape("path", { class: "cross", d: `M${cx - 3} ${cy - 3}l6 6m0-6l-6 6` });
  });
}

/** Each place with how many stand in it already.
 * @param {number[]} places @returns {[number, number][]} */
function stacked(places) {
  const seen = new Map();
  return places.map((place) => {
    const level = seen.get(place) ?? 0;
    seen.set(place, level + 1);
    return [place, level];
  });
}

/** @param {{floor: number}} frame @param {number[]} places */
function stepOf({ floor }, places) {
  const highest = Math.max(...stacked(places).map(([, level]) => level + 1), 1);
  return Math.min(COLUMN, (floor - TOP - 10) / highest);
}

/** @param {string} tag @param {Record<string, string | number>} attributes @param {string} [text] */
function shape(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  if (text) node.textContent = text;
  return node;
}

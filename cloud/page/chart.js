// How long the newest presses took, drawn: each press a dot over a logarithmic axis, with the budget as a line.

import { ms } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 128;
const FLOOR = 100; // y of the axis
const SIDE = 10;
const DECADES = 4; // 1 ms to 10 s
const COLUMN = 8;
const TICKS = [[1, "1 ms"], [10, "10"], [100, "100"], [1_000, "1 s"], [10_000, "10 s"]];

export class Chart {
  #svg;
  #caption;
  #budget;
  #recent = null;

  /** `budget` in ms. */
  constructor(svg, caption, budget) {
    this.#svg = svg;
    this.#caption = caption;
    this.#budget = budget;
    new ResizeObserver(() => this.#draw()).observe(svg);
  }

  show(recent) {
    this.#recent = recent;
    this.#caption.textContent = summary(recent, this.#budget);
    this.#draw();
  }

  #draw() {
    const width = this.#svg.clientWidth;
    if (width === 0) return;
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.#svg.replaceChildren(...axis(width), ...budgetLine(width, this.#budget), ...dots(width, this.#recent?.lights ?? []));
  }
}

function summary(recent, budget) {
  const count = recent.lights.length;
  const slowest = ms(recent.within(1));
  const over = recent.over(budget);
  if (count === 1) return `Last press: light after about ${slowest}.`;
  const verdict = over === 0 ? "All told within the budget." : `${over} of them told later than the budget.`;
  return `Last ${count} presses: half within about ${ms(recent.within(0.5))}, the slowest about ${slowest}. ${verdict}`;
}

function x(value, width) {
  const share = Math.log10(Math.min(Math.max(value, 1), 10 ** DECADES)) / DECADES;
  return SIDE + share * (width - 2 * SIDE);
}

function axis(width) {
  const line = shape("line", { class: "axis", x1: 0, x2: width, y1: FLOOR, y2: FLOOR });
  const anchors = { 1: "start", 10_000: "end" };
  const labels = TICKS.map(([value, text]) => {
    const at = { 1: 0, 10_000: width }[value] ?? x(value, width);
    return shape("text", { class: "tick", x: at, y: FLOOR + 18, "text-anchor": anchors[value] ?? "middle" }, text);
  });
  return [line, ...labels];
}

function budgetLine(width, budget) {
  const at = x(budget, width);
  return [
    shape("rect", { class: "beyond", x: at, y: 14, width: width - at, height: FLOOR - 14 }),
    shape("line", { class: "budget", x1: at, x2: at, y1: 14, y2: FLOOR }),
    shape("text", { class: "tick", x: width, y: 9, "text-anchor": "end" }, "budget 2 s"),
  ];
}

function dots(width, values) {
  const columns = new Map();
  for (const value of values) {
    const column = Math.round((x(value, width) - SIDE) / COLUMN);
    columns.set(column, (columns.get(column) ?? 0) + 1);
  }
  const highest = Math.max(...columns.values(), 1);
  const step = Math.min(COLUMN - 1, (FLOOR - 24) / highest);
  const seen = new Map();
  return values.map((value, n) => {
    const column = Math.round((x(value, width) - SIDE) / COLUMN);
    const level = seen.get(column) ?? 0;
    seen.set(column, level + 1);
    const newest = n === values.length - 1;
    return shape("circle", {
      class: newest ? "dot newest" : "dot",
      cx: SIDE + column * COLUMN,
      cy: FLOOR - 6 - level * step,
      r: newest ? 4.5 : 3.2,
    });
  });
}

function shape(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text) node.textContent = text;
  return node;
}

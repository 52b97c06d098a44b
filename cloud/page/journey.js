// The panel that says how long presses took, and which came to nothing.

/** @import { FailedWords } from "./types.d.ts" */

import { Chart } from "./chart.js";
import { DEFAULT_PATIENCE_MS as PATIENCE_MS } from "./contract.js";
import { Recent, pressToLight } from "./measure.js";
import { ago, ms } from "./words.js";

/**
 * @typedef {{felt: HTMLElement, when: HTMLElement, told: HTMLElement, chart: SVGElement, summary: HTMLElement}} JourneyParts
 */

const FAILED = { not: "Did not happen", unsure: "Not known" };

export class Journey {
  #recent = new Recent();
  #chart;
  #parts;
  /** @type {number | null} */
  #at = null; // the date of the newest

  /** `parts`: the elements `felt`, `when`, `told`, `chart`, `summary`.
   * @param {JourneyParts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#chart = new Chart(parts.chart, parts.summary, PATIENCE_MS);
  }

  /** One more press was confirmed `total` ms after the finger; `legs`, `latest`: see pressToLight.
   * @param {number} total @param {{light_us: number} | undefined} legs @param {number} latest */
  show(total, legs, latest) {
    const { least, most } = pressToLight(total, legs, latest);
    const verdict = total <= PATIENCE_MS ? "Within the" : "Over the";
    const told = `${verdict} budget of ${ms(PATIENCE_MS)}. The light changed between ${ms(least)} and ${ms(most)} after the press.`;
    this.#recent.add(total);
    this.#tell(ms(total), told, { least, most });
  }

  /** One more press was not done, or nobody can tell: {text, tone}, tone `not` or `unsure`.
   * @param {FailedWords} words */
  fail({ text, tone }) {
    this.#recent.fail(tone);
    this.#tell(FAILED[tone], text, null);
  }

  /** Say anew how long ago the newest press was. */
  showAge() {
    if (this.#at === null) return;
    const until = this.#recent.failure ? "" : "until told, ";
    this.#parts.when.textContent = until + ago(Math.max(Date.now() - this.#at, 0));
  }

  /** @param {string} felt @param {string} told @param {{least: number, most: number} | null} light */
  #tell(felt, told, light) {
    this.#parts.felt.textContent = felt;
    this.#parts.felt.dataset.failed = this.#recent.failure ?? "";
    this.#parts.told.textContent = told;
    this.#at = Date.now();
    this.showAge();
    this.#chart.show(this.#recent, light);
  }
}

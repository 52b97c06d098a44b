// The panel that says how long presses took.

import { Chart } from "./chart.js";
import { Recent, pressToLight } from "./measure.js";
import { PATIENCE_MS } from "./press.js";
import { ms } from "./words.js";

export class Journey {
  #recent = new Recent();
  #chart;
  #parts;

  /** `parts`: the elements `numbers`, `light`, `give`, `told`, `chart`, `summary`. */
  constructor(parts) {
    this.#parts = parts;
    this.#chart = new Chart(parts.chart, parts.summary, PATIENCE_MS);
  }

  /** One more press was confirmed `total` ms after the finger; `legs`, `latest`: see pressToLight. */
  show(total, legs, latest) {
    const { ms: light, give } = pressToLight(total, legs, latest);
    const { numbers, light: number, give: bar, told } = this.#parts;
    numbers.hidden = false;
    number.textContent = ms(light);
    bar.textContent = `± ${ms(give)}`;
    const verdict = total <= PATIENCE_MS ? "within the" : "over the";
    told.textContent = `Told here after ${ms(total)}, ${verdict} budget of ${ms(PATIENCE_MS)}.`;
    this.#recent.add(light, total);
    this.#chart.show(this.#recent);
  }
}

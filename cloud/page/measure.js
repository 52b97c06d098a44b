// What the journeys of this page's own presses took. Pure.

const KEPT = 100;

/**
 * Press to light, in ms, with its error bar. The phone's total contains the light's own time; what lies between is
 * travel both ways, and only half of it, give or take that half, is over when the light changes.
 */
export function pressToLight(total_ms, legs) {
  if (!legs) return { ms: total_ms / 2, give: total_ms / 2 };
  const back = Math.max(total_ms - legs.light_us / 1_000, 0) / 2;
  return { ms: total_ms - back, give: back };
}

/** The newest journeys. */
export class Recent {
  #kept = [];

  add(ms) {
    this.#kept.push(ms);
    if (this.#kept.length > KEPT) this.#kept.shift();
  }

  get all() {
    return this.#kept;
  }

  /** The smallest of them that `share` (0-1) of them do not exceed. */
  within(share) {
    const sorted = [...this.#kept].sort((a, b) => a - b);
    return sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)];
  }
}

// What the journeys of this page's own presses took. Pure.

const KEPT = 100;

/**
 * Press to light, in ms, with its error bar: {ms, give}. The phone's total contains the light's own time; what lies
 * between is travel both ways, and only half of it, give or take that half, was over when the light changed. However
 * late the word came, the light did not act past `latest`: ms from the finger to the press's deadline.
 */
export function pressToLight(total, legs, latest) {
  const most = Math.min(total, latest);
  const least = Math.min(legs ? legs.light_us / 1_000 : 0, most);
  return { ms: (most + least) / 2, give: (most - least) / 2 };
}

/** The newest journeys: `light` as pressToLight says, `total` until this page said so. */
export class Recent {
  #kept = [];

  add(light, total) {
    this.#kept.push({ light, total });
    if (this.#kept.length > KEPT) this.#kept.shift();
  }

  get lights() {
    return this.#kept.map(({ light }) => light);
  }

  /** The smallest press to light that `share` (0-1) of them do not exceed. */
  within(share) {
    const sorted = this.lights.sort((a, b) => a - b);
    return sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)];
  }

  /** How many were told later than `budget`. */
  over(budget) {
    return this.#kept.filter(({ total }) => total > budget).length;
  }
}

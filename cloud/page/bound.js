// What this phone can prove about one light's clock. Pure; all times in ms on the phone's monotonic clock.

import { DRIFT } from "./press.js";

export class Bound {
  #boot = null;
  #up = 0;
  #heard = 0;

  /** A frame said that the light's clock was at least `up` in this boot; it was read at `now`. */
  hear(boot, up, now) {
    const better = boot !== this.#boot || up > this.#up + this.#grown(now);
    if (!better) return;
    [this.#boot, this.#up, this.#heard] = [boot, up, now];
  }

  /** The deadline of a press made at `now`: {boot, up}. It never goes back within one boot. */
  notAfter(now, patience) {
    return { boot: this.#boot, up: Math.floor(this.#up + this.#grown(now)) + patience };
  }

  #grown(now) {
    return Math.max(now - this.#heard, 0) * (1 - DRIFT);
  }
}

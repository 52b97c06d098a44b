// A slider under a finger makes one press at a time: while it is on its way, only the newest value waits. Pure.
//
// Events                                            Actions
//   moved      {value, at}                            press  {value, at}  make a press now; the finger moved at `at`
//   settled    the press on its way has its word
//   overruled  a newer wish of another kind came

export class Slider {
  #sent = null; // the value on its way
  #waiting = null; // {value, at}; never sent yet, so it has no key

  get busy() {
    return this.#sent !== null;
  }

  onEvent(event) {
    switch (event.type) {
      case "moved":
        return this.#moved(event);
      case "settled":
        return this.#settled();
      case "overruled":
        this.#waiting = null;
        return [];
      default:
        throw new Error(`a slider knows no event ${event.type}`);
    }
  }

  #moved({ value, at }) {
    if (!this.busy) return this.#press({ value, at });
    this.#waiting = value === this.#sent ? null : { value, at };
    return [];
  }

  #settled() {
    const next = this.#waiting;
    [this.#sent, this.#waiting] = [null, null];
    return next ? this.#press(next) : [];
  }

  #press({ value, at }) {
    this.#sent = value;
    return [{ do: "press", value, at }];
  }
}

/** Time that passes when there is nothing left to do. */

interface Alarm {
  atMs: number;
  ring: () => void;
}

export class VirtualClock {
  nowMs = 0;
  /** By time, and those of one moment in the order in which they were set. There are few. */
  readonly #alarms: Alarm[] = [];

  /** @returns a function that calls it off */
  after(delayMs: number, ring: () => void): () => void {
    const alarm = { atMs: this.nowMs + Math.max(delayMs, 0), ring };
    const earlier = this.#alarms.findLastIndex(({ atMs }) => atMs <= alarm.atMs);
    this.#alarms.splice(earlier + 1, 0, alarm);
    return () => {
      const at = this.#alarms.indexOf(alarm);
      if (at >= 0) this.#alarms.splice(at, 1);
    };
  }

  /** Rings what is due, one after the other; what follows from each is done before the next. */
  async passUntil(untilMs: number): Promise<void> {
    for (let next = this.#alarms[0]; next && next.atMs <= untilMs; next = this.#alarms[0]) {
      this.#alarms.shift();
      this.nowMs = next.atMs;
      next.ring();
      await settled();
    }
    this.nowMs = untilMs;
  }
}

/** Once everything that promises wait for has happened: none of it takes time here. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

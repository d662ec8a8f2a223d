/**
 * The host of the session that a tab runs for all: it is in the background when all of them are,
 * and its timers come on time although those of a hidden tab do not.
 */
import { after } from '../alarm.js';
import type { Host, LifecycleEvents } from '../types.js';

interface Timer {
  atMs: number;
  stop(): void;
  run(): void;
}

export class LeaderHost {
  /** What the session gets. */
  readonly host: Host;
  readonly #base: Host;
  readonly #timers = new Set<Timer>();
  #events: LifecycleEvents | undefined;
  #isHidden = false;

  constructor(base: Host, openStorage: Host['openStorage']) {
    this.#base = base;
    this.host = {
      ...base,
      openStorage,
      watch: (events) => this.#watch(events),
      after: (delayMs, callback) => this.#after(delayMs, callback),
    };
  }

  /** A message came: timers that are late go off. Messages are not slowed down in hidden tabs. */
  poke(): void {
    const nowMs = this.#base.monotonicMs();
    for (const timer of [...this.#timers]) {
      if (timer.atMs > nowMs) continue;
      timer.stop();
      timer.run();
    }
  }

  /** All tabs are hidden, or one is shown: `hasCome` when that one just was. */
  shown(isHidden: boolean, hasCome: boolean): void {
    if (isHidden !== this.#isHidden) {
      this.#isHidden = isHidden;
      this.#events?.background(isHidden);
    }
    if (hasCome) this.#events?.probe();
  }

  #watch(events: LifecycleEvents): () => void {
    this.#events = events;
    if (this.#isHidden) events.background(true);
    const stop = this.#base.watch({ ...events, background: () => undefined });
    return () => {
      this.#events = undefined;
      stop();
    };
  }

  #after(delayMs: number, callback: () => void): () => void {
    const timer: Timer = {
      atMs: this.#base.monotonicMs() + delayMs,
      stop: after(this.#base, delayMs, () => {
        timer.run();
      }),
      run: () => {
        if (this.#timers.delete(timer)) callback();
      },
    };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
      timer.stop();
    };
  }
}

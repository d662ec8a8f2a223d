import type { Host } from './types.js';

/** What timers take at most. */
const DELAY_MS_MAX = 2 ** 31 - 1;

/** Wakes once a moment of the host's clock has come. Timers are early at times, and bounded. */
export class Alarm {
  readonly #host: Host;
  readonly #wake: () => void;
  #stop: (() => void) | undefined;

  constructor(host: Host, wake: () => void) {
    this.#host = host;
    this.#wake = wake;
  }

  /** Forgets what was set before. */
  set(atMs: number | undefined): void {
    this.#stop?.();
    this.#stop = undefined;
    if (atMs === undefined) return;
    const delayMs = Math.ceil(Math.max(atMs - this.#host.monotonicMs(), 0));
    this.#stop = after(this.#host, Math.min(delayMs, DELAY_MS_MAX), () => {
      this.#stop = undefined;
      if (this.#host.monotonicMs() < atMs) this.set(atMs);
      else this.#wake();
    });
  }
}

/** By the host's timers, or the usual ones. */
export function after(
  host: Pick<Host, 'after'>,
  delayMs: number,
  callback: () => void,
): () => void {
  if (host.after) return host.after(delayMs, callback);
  const timer = setTimeout(callback, delayMs);
  return () => {
    clearTimeout(timer);
  };
}

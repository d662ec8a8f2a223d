/** Values that change over time, in the form that every framework can bind to. */
import { nextTask } from '../next-task.js';

/** A value that changes, and who wants to hear of it. */
export interface Observable<T> {
  /** The value now: the same object until something in it changes. */
  readonly get: () => T;
  /**
   * Calls back after changes, once for all of one task.
   * @returns a function that stops it
   */
  readonly subscribe: (listener: () => void) => () => void;
  /** The value before anything is known, as a server renders it. */
  readonly initial: T;
}

interface ViewParts<T> {
  initial: T;
  /** Makes the value anew. */
  read: () => T;
  /** The first one listens, or the last one has stopped. */
  watched?: (isWatched: boolean) => void;
}

/** A value that is made from others when somebody looks. */
export class View<T> implements Observable<T> {
  readonly initial: T;
  readonly #parts: ViewParts<T>;
  readonly #listeners = new Set<{ tell: () => void }>();
  #value: T;
  #isStale = false;
  #isTelling = false;

  constructor(parts: ViewParts<T>) {
    this.#parts = parts;
    this.initial = this.#value = parts.initial;
  }

  readonly get = (): T => {
    if (this.#isStale) {
      this.#isStale = false;
      this.#value = this.#parts.read();
    }
    return this.#value;
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    // The same function may listen twice.
    const entry = { tell: listener };
    this.#listeners.add(entry);
    if (this.#listeners.size === 1) this.#parts.watched?.(true);
    return () => {
      if (this.#listeners.delete(entry) && !this.isWatched) this.#parts.watched?.(false);
    };
  };

  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  /** Something that the value is made from has changed. */
  changed(): void {
    this.#isStale = true;
    if (this.#isTelling || !this.isWatched) return;
    this.#isTelling = true;
    // Of ten thousand messages in a burst, not each is drawn by itself.
    void nextTask().then(() => {
      this.#isTelling = false;
      for (const { tell } of [...this.#listeners]) tell();
    });
  }
}

/**
 * Starts something for the first one who needs it, and ends it when the last one has gone and
 * nobody has come in the same moment, as from one page of an app to the next.
 */
export class Shared {
  readonly #start: () => () => void;
  #users = 0;
  #stop: (() => void) | undefined;

  constructor(start: () => () => void) {
    this.#start = start;
  }

  get isRunning(): boolean {
    return this.#stop !== undefined;
  }

  use(): void {
    this.#users += 1;
    this.#stop ??= this.#start();
  }

  release(): void {
    this.#users -= 1;
    void nextTask().then(() => {
      if (this.#users > 0) return;
      this.#stop?.();
      this.#stop = undefined;
    });
  }
}

/** `setTimeout` takes no more. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Calls back at a time of the device's clock, the one that was set last. */
export class Deadline {
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Infinity: never. */
  set(at: number, reached: () => void): void {
    clearTimeout(this.#timer);
    if (at === Infinity) return;
    const delayMs = Math.min(Math.max(at - Date.now(), 0), TIMER_MS_MAX);
    this.#timer = setTimeout(reached, delayMs);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

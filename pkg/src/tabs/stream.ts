/** The numbered stream of what one leader tells the tabs, and the last of it, to tell again. */
import type { StreamItem } from './messages.js';

/** Beyond these a tab that missed something starts over. */
export const ITEMS_KEPT_MAX = 1_000;

export class Stream {
  /** The last ones, from number `#first` on. */
  readonly #kept: StreamItem[] = [];
  #first = 1;

  /** Number of the newest item; 0 before the first. */
  get last(): number {
    return this.#first + this.#kept.length - 1;
  }

  /** @returns its number */
  add(item: StreamItem): number {
    this.#kept.push(item);
    if (this.#kept.length > ITEMS_KEPT_MAX) {
      this.#kept.shift();
      this.#first += 1;
    }
    return this.last;
  }

  /** What came after a number; none if that is not known any more. */
  after(number: number): StreamItem[] | undefined {
    if (number + 1 < this.#first) return undefined;
    return this.#kept.slice(number + 1 - this.#first);
  }
}

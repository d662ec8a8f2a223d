/** `AbortController`, as far as this package uses it: most mini-programs have none. */

export class SmallAbortSignal {
  reason: unknown;
  readonly #listeners = new Set<() => void>();
  #isAborted = false;

  get aborted(): boolean {
    return this.#isAborted;
  }

  /** @throws the reason, once it is aborted */
  throwIfAborted(): void {
    if (this.#isAborted) throw this.reason;
  }

  addEventListener(_name: 'abort', listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_name: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }

  /** For the controller. */
  abort(reason: unknown): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.reason = reason;
    for (const listener of [...this.#listeners]) listener();
    this.#listeners.clear();
  }
}

export class SmallAbortController {
  readonly signal = new SmallAbortSignal();

  abort(reason: unknown = new Error('it was aborted')): void {
    this.signal.abort(reason);
  }
}

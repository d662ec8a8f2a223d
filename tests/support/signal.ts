/** Wakes those who wait for a condition whenever something happened that may have met it. */
export class Signal {
  readonly #waiting = new Set<() => void>();
  #failure: Error | undefined;

  /** Something happened. */
  notify(): void {
    for (const check of [...this.#waiting]) check();
  }

  /** Nothing that is waited for will come: every wait ends with this error, now and later. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.notify();
  }

  /**
   * @param describe what stands in the way, for the error when it takes longer than `timeout_ms`
   */
  async until(condition: () => boolean, timeout_ms: number, describe: () => string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const finish = (settle: () => void): void => {
        this.#waiting.delete(check);
        clearTimeout(timer);
        settle();
      };
      const check = (): void => {
        const failure = this.#failure;
        if (failure) {
          finish(() => {
            reject(failure);
          });
        } else if (condition()) {
          finish(resolve);
        }
      };
      const timer = setTimeout(() => {
        finish(() => {
          reject(new Error(`not within ${timeout_ms / 1000} s: ${describe()}`));
        });
      }, timeout_ms);
      this.#waiting.add(check);
      check();
    });
  }
}

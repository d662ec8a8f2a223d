/** Timers of a mini-program: numbers for handles, and nothing runs while it is suspended. */
export class Timers {
  readonly #failed: (error: unknown) => void;
  readonly #pending = new Map<number, NodeJS.Timeout>();
  /** What came due while suspended. */
  #held: (() => void)[] = [];
  #last = 0;
  #isSuspended = false;
  #isStopped = false;

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  globals(): Record<string, unknown> {
    const clear = (handle?: number) => {
      clearTimeout(this.#pending.get(handle ?? 0));
      this.#pending.delete(handle ?? 0);
    };
    return {
      setTimeout: (callback: (...args: unknown[]) => void, delayMs = 0, ...args: unknown[]) =>
        this.#set(delayMs, false, () => {
          callback(...args);
        }),
      setInterval: (callback: (...args: unknown[]) => void, delayMs = 0, ...args: unknown[]) =>
        this.#set(delayMs, true, () => {
          callback(...args);
        }),
      clearTimeout: clear,
      clearInterval: clear,
    };
  }

  /** Calls back in a later turn. */
  post(callback: () => void): void {
    setImmediate(() => {
      this.#run(callback);
    });
  }

  /** How many came due while suspended. */
  get held(): number {
    return this.#held.length;
  }

  suspend(): void {
    this.#isSuspended = true;
  }

  resume(): void {
    this.#isSuspended = false;
    for (const callback of this.#held.splice(0)) this.#run(callback);
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#pending.values()) clearTimeout(timer);
    this.#pending.clear();
    this.#held = [];
  }

  #set(delayMs: number, repeats: boolean, callback: () => void): number {
    if (this.#isStopped) return 0;
    const handle = (this.#last += 1);
    const due = () => {
      if (repeats) this.#pending.set(handle, setTimeout(due, delayMs));
      else this.#pending.delete(handle);
      this.#run(callback);
    };
    this.#pending.set(handle, setTimeout(due, delayMs));
    return handle;
  }

  #run(callback: () => void): void {
    if (this.#isStopped) return;
    if (this.#isSuspended) {
      this.#held.push(callback);
      return;
    }
    try {
      callback();
    } catch (error) {
      this.#failed(error);
    }
  }
}

import { messageOf } from './error.js';
import type { EventName, Events, Failure, Handler } from './types.js';

type AnyHandler = (event: unknown) => void | Promise<void>;

/** Keeps the app's handlers, and calls them. */
export class Emitter {
  /** Whether `error` events that nobody listens to are told elsewhere. */
  isQuiet = false;
  readonly #handlers = new Map<EventName, Set<AnyHandler>>();

  add<E extends EventName>(name: E, handler: Handler<E>): void {
    const handlers = this.#handlers.get(name) ?? new Set();
    handlers.add(handler as AnyHandler);
    this.#handlers.set(name, handlers);
  }

  remove<E extends EventName>(name: E, handler: Handler<E>): void {
    this.#handlers.get(name)?.delete(handler as AnyHandler);
  }

  removeAll(): void {
    this.#handlers.clear();
  }

  has(name: EventName): boolean {
    return (this.#handlers.get(name)?.size ?? 0) > 0;
  }

  /** Tells all handlers at once. One that fails is reported, and keeps nobody from hearing it. */
  emit<E extends EventName>(name: E, event: Events[E]): void {
    if (name === 'error' && !this.isQuiet && !this.has('error')) {
      console.error('seqline:', (event as Failure).code, event);
    }
    for (const handler of this.#snapshot(name)) {
      try {
        // From JavaScript anything may come back: `(event) => list.push(event)` gives a number.
        const promise = handler(event);
        if (!promise) continue;
        Promise.resolve(promise).catch((error: unknown) => {
          this.#handlerFailed(name, error);
        });
      } catch (error) {
        this.#handlerFailed(name, error);
      }
    }
  }

  /**
   * Tells the handlers one after the other, awaiting each.
   * @returns a promise only if a handler gave one: most do not, and waiting costs
   * @throws what a handler throws
   */
  handOver<E extends EventName>(name: E, event: Events[E]): void | Promise<void> {
    const handlers = this.#snapshot(name);
    for (const [at, handler] of handlers.entries()) {
      const promise = handler(event);
      if (promise) return this.#handOverRest(promise, handlers.slice(at + 1), event);
    }
  }

  async #handOverRest(first: Promise<void>, rest: AnyHandler[], event: unknown): Promise<void> {
    await first;
    for (const handler of rest) await handler(event);
  }

  #handlerFailed(name: EventName, error: unknown): void {
    if (name === 'error') {
      // Reporting this through `error` again could go on for ever.
      console.error('seqline: a handler of `error` failed', error);
      return;
    }
    this.emit('error', {
      code: 'handler_failed',
      message: `a handler of \`${name}\` failed: ${messageOf(error)}`,
      retryable: false,
      cause: error,
    });
  }

  /** A handler may add and remove handlers. */
  #snapshot(name: EventName): AnyHandler[] {
    return [...(this.#handlers.get(name) ?? [])];
  }
}

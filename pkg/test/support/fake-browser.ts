/** What a browser has beside IndexedDB, for several tabs of it. */
import { vi } from 'vitest';

/** As much of the Web Locks API as slots need, for several tabs of one browser. */
class FakeLocks {
  readonly #held = new Map<string, Promise<unknown>>();

  async request(
    name: string,
    options: { ifAvailable?: boolean; signal?: AbortSignal },
    callback: (lock: object | null) => unknown,
  ): Promise<unknown> {
    while (this.#held.has(name)) {
      if (options.ifAvailable) return callback(null);
      await Promise.race([this.#held.get(name), aborted(options.signal)]);
    }
    const held = Promise.resolve(callback({ name })).finally(() => this.#held.delete(name));
    this.#held.set(name, held);
    return held;
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(new Error('aborted'));
    signal?.addEventListener('abort', () => {
      reject(new Error('aborted'));
    });
  });
}

/** localStorage or sessionStorage. */
export class FakeLocalStorage {
  readonly items = new Map<string, string>();
  isFull = false;

  getItem(name: string): string | null {
    return this.items.get(name) ?? null;
  }

  setItem(name: string, value: string): void {
    if (this.isFull) throw new DOMException('the quota is used up', 'QuotaExceededError');
    this.items.set(name, value);
  }

  removeItem(name: string): void {
    this.items.delete(name);
  }
}

/** Whose items are also its properties, as in a browser. */
function withProperties(store: FakeLocalStorage): FakeLocalStorage {
  return new Proxy(store, {
    ownKeys: () => [...store.items.keys()],
    getOwnPropertyDescriptor: (_, name) => ({
      value: store.items.get(String(name)),
      enumerable: true,
      configurable: true,
    }),
    get: (_, name) => {
      const value: unknown = Reflect.get(store, name);
      return typeof value === 'function' ? (value.bind(store) as unknown) : value;
    },
  });
}

/** A browser without tabs. `vi.unstubAllGlobals()` ends it. */
export function newBrowser(): FakeLocalStorage {
  const local = new FakeLocalStorage();
  vi.stubGlobal('navigator', { locks: new FakeLocks() });
  vi.stubGlobal('localStorage', withProperties(local));
  newTab();
  return local;
}

/** What follows runs in a tab that was opened just now. */
export function newTab(): void {
  vi.stubGlobal('sessionStorage', new FakeLocalStorage());
}

import type { Realm } from './realm.ts';

/** Those who listen to one event of an API object: `onX` and `offX`. */
export class Listeners {
  readonly #realm: Realm;
  readonly #listeners = new Set<unknown>();

  constructor(realm: Realm) {
    this.#realm = realm;
  }

  readonly on = (listener: unknown): void => {
    this.#listeners.add(listener);
  };

  readonly off = (listener?: unknown): void => {
    if (listener === undefined) this.#listeners.clear();
    else this.#listeners.delete(listener);
  };

  get count(): number {
    return this.#listeners.size;
  }

  tell(event: unknown): void {
    for (const listener of this.#listeners) this.#realm.post(listener, event);
  }
}

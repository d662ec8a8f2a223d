/** Who is there: asked of the relay for those whom somebody looks at. */
import { nextTask } from '../next-task.js';
import type { Client, Presence } from '../types.js';
import { Shared, View, type Observable } from './observable.js';

/** Users whose store is kept for the next who asks for it. */
const KNOWN_MAX = 200;

export class Presences {
  readonly #client: Client;
  readonly #known = new Map<string, View<Presence | undefined>>();
  readonly #listening: Shared;
  readonly #presences = new Map<string, Presence>();
  /** Those whom the relay is to tell of. */
  readonly #watched = new Set<string>();
  #isUpdating = false;

  constructor(client: Client) {
    this.#client = client;
    this.#listening = new Shared(() =>
      client.on('presence', ({ users }) => {
        for (const presence of users) {
          const view = this.#known.get(presence.user);
          if (!view?.isWatched) continue;
          this.#presences.set(presence.user, presence);
          view.changed();
        }
      }),
    );
  }

  /** Whether a user is there, as far as she lets others see it; `undefined` until that is known. */
  of(user: string): Observable<Presence | undefined> {
    const view = this.#known.get(user) ?? this.#make(user);
    this.#known.delete(user);
    this.#known.set(user, view);
    for (const [oldest, known] of this.#known) {
      if (this.#known.size <= KNOWN_MAX) break;
      if (!known.isWatched && oldest !== user) this.#known.delete(oldest);
    }
    return view;
  }

  #make(user: string): View<Presence | undefined> {
    const view: View<Presence | undefined> = new View<Presence | undefined>({
      initial: undefined,
      read: () => this.#presences.get(user),
      watched: (isWatched) => {
        if (isWatched) {
          this.#known.set(user, view);
          this.#listening.use();
        } else {
          this.#presences.delete(user);
          view.changed();
          this.#listening.release();
        }
        void this.#update();
      },
    });
    return view;
  }

  /** Tells the client in one call of all who came into view, or went out of it, together. */
  async #update(): Promise<void> {
    if (this.#isUpdating) return;
    this.#isUpdating = true;
    await nextTask();
    this.#isUpdating = false;
    const wanted = [...this.#known].filter(([, view]) => view.isWatched).map(([user]) => user);
    const added = wanted.filter((user) => !this.#watched.has(user));
    const dropped = [...this.#watched].filter((user) => !wanted.includes(user));
    for (const user of added) this.#watched.add(user);
    for (const user of dropped) this.#watched.delete(user);
    // Best effort: without an answer nobody is shown as being there. First, as the relay counts.
    const { presence } = this.#client;
    if (dropped.length > 0) presence.unwatch(dropped).catch(() => undefined);
    if (added.length > 0) presence.watch(added).catch(() => undefined);
  }
}

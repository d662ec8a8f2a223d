/** What lasts as long as a connection, and is asked for again on the next one. */
import { kindOf, rawBody } from './drafts.js';
import { SeqlineError } from './error.js';
import type { CallMethod, PresenceCalls, RoomMessage, Rooms } from './methods.js';
import type { Events, Failure } from './types.js';

/** Users named in one call, at most. */
const USERS_MAX = 100;

export interface LiveParts {
  call: CallMethod;
  isConnected(): boolean;
  room(event: Events['room']): void;
  failed(failure: Failure): void;
}

export class Live {
  readonly presence: PresenceCalls;
  readonly rooms: Rooms;
  readonly #parts: LiveParts;
  readonly #watched = new Set<string>();
  /** The rooms that this session is in, with the time of the last message heard there. */
  readonly #joined = new Map<string, number>();

  constructor(parts: LiveParts) {
    const { call } = parts;
    this.#parts = parts;
    this.presence = {
      share: (shared) => call('presence.share', { shared }),
      get: (users) => call('presence.get', { users }),
      watch: async (users) => {
        for (const user of users) this.#watched.add(user);
        if (parts.isConnected()) await this.#watch(users);
      },
      unwatch: async (users) => {
        for (const user of users) this.#watched.delete(user);
        if (parts.isConnected()) await call('presence.unwatch', { users });
      },
    };
    this.rooms = {
      join: async (conv) => {
        const state = await call('rooms.join', { conv });
        this.#joined.set(conv, timeOf(state.recent));
        return state;
      },
      leave: async (conv) => {
        this.#joined.delete(conv);
        if (parts.isConnected()) await call('rooms.leave', { conv });
      },
      send: async (conv, body, { kind = kindOf(body), priority } = {}) =>
        call('rooms.send', {
          conv,
          kind,
          body: rawBody(kind, body),
          ...(priority === undefined ? {} : { priority }),
        }),
    };
  }

  /** There is a new connection, which knows of nothing yet. */
  connected(): void {
    this.#report(this.#watch([...this.#watched]));
    for (const conv of this.#joined.keys()) this.#report(this.#rejoin(conv));
  }

  /** Something happened in a room. */
  heard({ conv, messages }: Events['room']): void {
    const before = this.#joined.get(conv);
    if (before !== undefined) this.#joined.set(conv, Math.max(before, timeOf(messages)));
  }

  async #watch(users: string[]): Promise<void> {
    for (let at = 0; at < users.length; at += USERS_MAX) {
      await this.#parts.call('presence.watch', { users: users.slice(at, at + USERS_MAX) });
    }
  }

  async #rejoin(conv: string): Promise<void> {
    const { online, recent } = await this.#parts.call('rooms.join', { conv });
    const last = this.#joined.get(conv);
    // It was left meanwhile.
    if (last === undefined) return;
    this.#joined.set(conv, Math.max(last, timeOf(recent)));
    this.#parts.room({ conv, online, messages: recent.filter(({ at }) => at > last), dropped: 0 });
  }

  /** Nobody waits for it; the next connection tries again if this one ends. */
  #report(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (error instanceof SeqlineError && !error.retryable) this.#parts.failed(error);
    });
  }
}

const timeOf = (messages: RoomMessage[]): number => messages.at(-1)?.at ?? 0;

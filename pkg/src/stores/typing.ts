/** "… is typing": best effort, sent every few seconds, forgotten when no further sign comes. */
import { peerOf } from '../conversations.js';
import type { Client } from '../types.js';
import { Deadline, Shared, View, type Observable } from './observable.js';

/** The kind of `ephemeral` that says it. */
const KIND = 'typing';
/** For so long a sign counts. */
const SHOWN_MS = 6_000;
/** Less than that, so that it does not flicker. */
const SIGNAL_EVERY_MS = 3_000;
/** Users who are shown as typing in one conversation, at most. */
const USERS_MAX = 100;
/** Conversations whose store is kept for the next who asks for it. */
const KNOWN_MAX = 64;

/** Who is typing in a conversation. */
export interface TypingStore extends Observable<readonly string[]> {
  /** This user is typing: to be called at every key. */
  readonly typed: () => void;
}

interface Known {
  view: View<readonly string[]>;
  store: TypingStore;
  /** Until when each user is taken to be typing. */
  until: Map<string, number>;
}

const NOBODY: readonly string[] = [];

export class Typing {
  readonly #client: Client;
  readonly #known = new Map<string, Known>();
  readonly #deadline = new Deadline();
  readonly #listening: Shared;
  #last = { conv: '', at: 0 };

  constructor(client: Client) {
    this.#client = client;
    this.#listening = new Shared(() => {
      const stop = client.on('ephemeral', ({ conv, sender, kind }) => {
        if (kind === KIND && sender !== client.user) this.#heard(conv, sender);
      });
      return () => {
        stop();
        this.#deadline.clear();
      };
    });
  }

  in(conv: string): TypingStore {
    const known = this.#known.get(conv) ?? this.#make(conv);
    this.#known.delete(conv);
    this.#known.set(conv, known);
    for (const [oldest, { view }] of this.#known) {
      if (this.#known.size <= KNOWN_MAX) break;
      if (!view.isWatched && oldest !== conv) this.#known.delete(oldest);
    }
    return known.store;
  }

  #make(conv: string): Known {
    const until = new Map<string, number>();
    const view = new View<readonly string[]>({
      initial: NOBODY,
      read: () => [...until.keys()],
      watched: (isWatched) => {
        if (isWatched) {
          this.#known.set(conv, known);
          this.#listening.use();
          return;
        }
        until.clear();
        view.changed();
        this.#listening.release();
      },
    });
    const { get, subscribe, initial } = view;
    const typed = () => {
      this.#typed(conv);
    };
    const known = { view, until, store: { get, subscribe, initial, typed } };
    return known;
  }

  #typed(conv: string): void {
    const now = Date.now();
    const isRepeated = this.#last.conv === conv && now - this.#last.at < SIGNAL_EVERY_MS;
    const { user, state } = this.#client;
    if (isRepeated || state.state !== 'connected' || user === undefined) return;
    this.#last = { conv, at: now };
    const peer = peerOf(conv, user);
    // Whoever misses it misses nothing.
    this.#client
      .ephemeral(peer === undefined ? { conv } : { user: peer }, KIND, null)
      .catch(() => undefined);
  }

  #heard(conv: string, user: string): void {
    const known = this.#known.get(conv);
    if (!known?.view.isWatched || known.until.size >= USERS_MAX) return;
    known.until.set(user, Date.now() + SHOWN_MS);
    known.view.changed();
    this.#expire();
  }

  #expire(): void {
    const now = Date.now();
    let next = Infinity;
    for (const { view, until } of this.#known.values()) {
      for (const [user, at] of until) {
        if (at > now) {
          next = Math.min(next, at);
        } else {
          until.delete(user);
          view.changed();
        }
      }
    }
    this.#deadline.set(next, () => {
      this.#expire();
    });
  }
}

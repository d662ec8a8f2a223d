/** Messages to all users: what is valid, what was opened, and what is to be put before the user. */
import type { Broadcast, Client, Events, Failure } from '../types.js';
import { failureOf } from '../error.js';
import { Deadline, Shared, View, type Observable } from './observable.js';

/** Messages to all users, as far as this device holds them. */
export interface BroadcastsState {
  /** Valid ones, newest first. */
  broadcasts: readonly Broadcast[];
  /** New ones, to be put before the user: neither opened nor dismissed. Newest first. */
  fresh: readonly Broadcast[];
  /** How many the user has not opened on any device. */
  unopened: number;
  /** Whether those that the device holds have been read. */
  isLoaded: boolean;
  /** Why they could not be read. */
  failure?: Failure;
}

/** Messages to all users. They are kept up to date while somebody listens. */
export interface BroadcastsStore extends Observable<BroadcastsState> {
  /** The user opened one. Rejects with `broadcast_unknown` if it is not there any more. */
  readonly open: (id: number) => Promise<void>;
  /** The user does not want a new one put before her any longer; without an id, none of them. */
  readonly dismiss: (id?: number) => void;
}

const NOTHING: BroadcastsState = { broadcasts: [], fresh: [], unopened: 0, isLoaded: false };

export function broadcastsStore(client: Client): BroadcastsStore {
  const held = new Map<number, Broadcast>();
  const fresh = new Set<number>();
  /** What has happened since the list was asked for: it may be older. */
  const told = new Set<number>();
  const deadline = new Deadline();
  let isLoaded = false;
  let failure: Failure | undefined;

  const running = new Shared(() => {
    const stop = client.on('broadcast', heard);
    let isOver = false;
    client.broadcasts().then(
      (list) => {
        if (isOver) return;
        for (const broadcast of list)
          if (!told.has(broadcast.id)) held.set(broadcast.id, broadcast);
        told.clear();
        isLoaded = true;
        view.changed();
      },
      (error: unknown) => {
        failure = failureOf(error);
        view.changed();
      },
    );
    return () => {
      isOver = true;
      stop();
      deadline.clear();
      // Others pass by now. Which were new stays in mind.
      held.clear();
      told.clear();
      isLoaded = false;
      failure = undefined;
      view.changed();
    };
  });

  const view = new View({
    initial: NOTHING,
    read,
    watched: (isWatched) => {
      if (isWatched) running.use();
      else running.release();
    },
  });

  function heard({ change, id, broadcast }: Events['broadcast']): void {
    if (!isLoaded) told.add(id);
    if (change === 'withdrawn') {
      held.delete(id);
      fresh.delete(id);
    } else {
      held.set(id, broadcast);
      if (change === 'new') fresh.add(id);
      if (broadcast.opened) fresh.delete(id);
    }
    view.changed();
  }

  function read(): BroadcastsState {
    const now = Date.now();
    let next = Infinity;
    for (const [id, { expiresAt = Infinity }] of held) {
      if (expiresAt > now) next = Math.min(next, expiresAt);
      else held.delete(id);
    }
    deadline.set(view.isWatched ? next : Infinity, () => {
      view.changed();
    });
    const broadcasts = [...held.values()].sort(
      (a, b) => b.publishedAt - a.publishedAt || b.id - a.id,
    );
    return {
      broadcasts,
      fresh: broadcasts.filter(({ id }) => fresh.has(id)),
      unopened: broadcasts.filter(({ opened }) => !opened).length,
      isLoaded,
      ...(failure ? { failure } : {}),
    };
  }

  return {
    get: view.get,
    subscribe: view.subscribe,
    initial: NOTHING,
    open: async (id) => {
      await client.opened(id);
      fresh.delete(id);
      const broadcast = held.get(id);
      if (broadcast) held.set(id, { ...broadcast, seen: true, opened: true });
      view.changed();
    },
    dismiss: (id) => {
      if (id === undefined) fresh.clear();
      else fresh.delete(id);
      view.changed();
    },
  };
}

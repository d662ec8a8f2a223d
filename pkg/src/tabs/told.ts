/** What a tab was told, of things without a place in a timeline: the next leader tells it again. */
import type { Events, Status } from '../types.js';

/** As many broadcasts as a device holds. */
const BROADCASTS_MAX = 256;
/** More than an outbox holds, so that what is on its way is known. */
const MESSAGES_MAX = 2_000;

interface Shown {
  version: number;
  publishedAt: number;
  seen: boolean;
  opened: boolean;
}

/** Broadcasts, by what the app knows of them. */
export class ToldBroadcasts {
  /** None if it was withdrawn. */
  readonly #shown = new Map<number, Shown | undefined>();

  isNews({ change, id, broadcast }: Events['broadcast']): boolean {
    if (!this.#shown.has(id)) return true;
    const shown = this.#shown.get(id);
    if (change === 'withdrawn') return shown !== undefined;
    // An id is given anew after data went back to a backup.
    if (shown?.publishedAt !== broadcast.publishedAt) return true;
    if (shown.version !== broadcast.version) return true;
    return (
      change === 'seen' && (shown.seen !== broadcast.seen || shown.opened !== broadcast.opened)
    );
  }

  take({ id, broadcast }: Events['broadcast']): void {
    this.#shown.delete(id);
    this.#shown.set(id, broadcast && { ...broadcast });
    forgetOldest(this.#shown, BROADCASTS_MAX);
  }
}

const RANKS: Record<Status, number> = {
  queued: 0,
  sending: 1,
  sent: 2,
  delivered: 3,
  read: 4,
  failed: 1.5,
};

/** Own messages, by how far the app knows them to be. */
export class ToldStatuses {
  readonly #last = new Map<string, Status>();

  /** Whether the app is to hear of it; then it counts as told. */
  take({ clientMsgId, status }: Events['status'], isRestored: boolean): boolean {
    const last = this.#last.get(clientMsgId);
    // A message that is sent, or tried again, begins from the start.
    const begins = status === 'queued' && !isRestored;
    if (!begins && last !== undefined && RANKS[status] <= RANKS[last]) return false;
    this.#last.delete(clientMsgId);
    this.#last.set(clientMsgId, status);
    forgetOldest(this.#last, MESSAGES_MAX);
    return true;
  }
}

function forgetOldest(map: Map<unknown, unknown>, countMax: number): void {
  if (map.size <= countMax) return;
  const [oldest] = map.keys();
  map.delete(oldest);
}

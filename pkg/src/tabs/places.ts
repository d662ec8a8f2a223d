/** How far a tab is in each timeline: what tells news from what it had of an earlier leader. */
import type { EventName, Events } from '../types.js';

export interface PlacesRecord {
  /** The numbering of `own`, if known. */
  epoch?: number;
  /** In the user's timeline. */
  own: number;
  /** In those of large conversations, by conversation. */
  crowds: Record<string, number>;
}

/** An event with a place, as far as it matters here. */
interface Placed {
  seq?: number;
  crowd?: boolean;
  conv?: string;
}

export class Places {
  #epoch: number | undefined;
  #own = 0;
  readonly #crowds = new Map<string, number>();

  constructor(record?: PlacesRecord) {
    if (record) this.set(record);
  }

  record(): PlacesRecord {
    const crowds = Object.fromEntries(this.#crowds);
    return {
      own: this.#own,
      crowds,
      ...(this.#epoch === undefined ? {} : { epoch: this.#epoch }),
    };
  }

  /** False for an event that was taken. */
  isNews(event: Events[EventName]): boolean {
    const { seq, crowd, conv = '' } = event as Placed;
    if (seq === undefined) return true;
    return seq > (crowd ? (this.#crowds.get(conv) ?? 0) : this.#own);
  }

  /** It was taken, or handed out. */
  take(name: EventName, event: Events[EventName]): void {
    if (name === 'reset') {
      this.#reset(event as Events['reset']);
      return;
    }
    const { seq, crowd, conv = '' } = event as Placed;
    if (seq === undefined) return;
    if (crowd) this.#crowds.set(conv, Math.max(seq, this.#crowds.get(conv) ?? 0));
    else this.#own = Math.max(seq, this.#own);
  }

  /** Whoever took everything so far is at these places, at least. */
  pass({ epoch, own, crowds }: PlacesRecord): void {
    if (epoch !== undefined) this.#epoch = epoch;
    this.#own = Math.max(this.#own, own);
    for (const [conv, seq] of Object.entries(crowds)) {
      this.#crowds.set(conv, Math.max(seq, this.#crowds.get(conv) ?? 0));
    }
  }

  /** These, and no others. */
  set({ epoch, own, crowds }: PlacesRecord): void {
    this.#epoch = epoch;
    this.#own = own;
    this.#crowds.clear();
    for (const [conv, seq] of Object.entries(crowds)) this.#crowds.set(conv, seq);
  }

  setCrowd(conv: string, seq: number): void {
    this.#crowds.set(conv, seq);
  }

  #reset({ reason, head, conv }: Events['reset']): void {
    if (conv !== undefined) {
      this.#crowds.set(conv, head);
      return;
    }
    this.#own = head;
    if (reason === 'below_floor') return;
    // Another numbering, of everything.
    this.#epoch = undefined;
    this.#crowds.clear();
  }
}

/**
 * What someone at `places` lacks if things go on from `start`: everything, these large
 * conversations, or nothing.
 */
export function missing(places: PlacesRecord, start: PlacesRecord): 'all' | string[] {
  const isOtherNumbering =
    places.epoch !== undefined && start.epoch !== undefined && places.epoch !== start.epoch;
  if (isOtherNumbering || places.own < start.own) return 'all';
  return Object.entries(start.crowds).flatMap(([conv, seq]) =>
    (places.crowds[conv] ?? 0) < seq ? [conv] : [],
  );
}

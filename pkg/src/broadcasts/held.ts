/** What this device holds of the public mailbox: in memory, and as records of the storage. */
import { decode, encode } from '../cbor.js';
import type { RawBroadcast } from '../raw.js';
import type { Changes } from '../types.js';

/** As many as a relay has for one app. Beyond them the lowest ids are let go of. */
const HELD_MAX = 256;
const KEY = 'broadcast/';

/** What is known of one broadcast. */
export interface Held {
  /** Absent if it is withdrawn, or if nothing but a marker of another device has come yet. */
  broadcast?: RawBroadcast;
  /** The version that the app was told of last; 0 if it does not know of it. */
  told: number;
  seen: boolean;
  opened: boolean;
  /** The relay is still to be told that it was opened. */
  unsent: boolean;
}

export class HeldBroadcasts {
  readonly #held = new Map<number, Held>();
  readonly #unwritten = new Set<number>();

  /** Takes over what was stored. @returns keys of what cannot be read, which is let go of */
  restore(records: [key: string, value: Uint8Array][]): string[] {
    return records
      .filter(([key]) => isBroadcastKey(key))
      .filter(([key, value]) => {
        const id = Number(key.slice(KEY.length));
        const held = read(value);
        if (held) this.#held.set(id, held);
        else this.#unwritten.add(id);
        return !held;
      })
      .map(([key]) => key);
  }

  get(id: number): Held | undefined {
    return this.#held.get(id);
  }

  /** Also one of which nothing is known yet. */
  make(id: number): Held {
    const held = this.#held.get(id) ?? { told: 0, seen: false, opened: false, unsent: false };
    this.#held.set(id, held);
    this.touch(id);
    this.#bound();
    return held;
  }

  /** It changed: `changes()` has it. */
  touch(id: number): void {
    this.#unwritten.add(id);
  }

  delete(id: number): void {
    if (this.#held.delete(id)) this.touch(id);
  }

  ids(): number[] {
    return [...this.#held.keys()];
  }

  all(): [id: number, held: Held][] {
    return [...this.#held];
  }

  /** What is to be written since the last time. */
  changes(): Changes {
    const ids = [...this.#unwritten];
    this.#unwritten.clear();
    return ids.map((id) => {
      const held = this.#held.get(id);
      return [`${KEY}${id}`, held ? encode(held) : null];
    });
  }

  #bound(): void {
    if (this.#held.size > HELD_MAX) this.delete(Math.min(...this.#held.keys()));
  }
}

function read(value: Uint8Array): Held | undefined {
  let record: Partial<Held> | undefined;
  try {
    record = decode(value) as Partial<Held> | undefined;
  } catch {
    return undefined;
  }
  const { told, broadcast } = record ?? {};
  const isOne = typeof told === 'number' && ['undefined', 'object'].includes(typeof broadcast);
  return isOne ? (record as Held) : undefined;
}

/** Whether a record of the storage is one of these. */
export const isBroadcastKey = (key: string): boolean => key.startsWith(KEY);

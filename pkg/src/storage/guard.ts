/**
 * Stands between the session and a storage that may fail, never answer, or give nonsense.
 *
 * One write is under way at a time, and all that comes meanwhile is the next one. What a write
 * could not keep goes along with the next, whoever that is from: so no write is durable before
 * an earlier one is, also after a failure. A cursor cannot pass what was to be kept before it.
 */
import { after } from '../alarm.js';
import type { Changes, Host, Storage } from '../types.js';

/** After this long a storage counts as failing. What it does later than that does no harm. */
const ANSWER_TIMEOUT_MS = 10_000;
/** Opening may have to wait for the page before this one. */
const OPEN_TIMEOUT_MS = 20_000;

/** Waiting is counted in such slices: while the page sleeps, hardly any time counts. */
const SLICE_MS = 1_000;

type Timers = Pick<Host, 'after'>;

/**
 * Opens a storage, and puts a guard before it.
 * @throws what `open` throws, and if it takes too long
 */
export async function openGuarded(
  timers: Timers,
  open: () => Promise<Storage>,
): Promise<StorageGuard> {
  const opening = Promise.resolve().then(open);
  try {
    return new StorageGuard(timers, await inTime(timers, opening, OPEN_TIMEOUT_MS));
  } catch (error) {
    // Nobody will use one that comes late.
    opening.then(closeQuietly, () => undefined);
    throw error;
  }
}

export class StorageGuard implements Storage {
  readonly #timers: Timers;
  readonly #storage: Storage;
  /** What is not durable yet, the last value of each record. */
  readonly #pending = new Map<string, Uint8Array | null>();
  #next: Promise<void> | undefined;
  #underWay: Promise<unknown> | undefined;

  constructor(timers: Timers, storage: Storage) {
    this.#timers = timers;
    this.#storage = storage;
  }

  /** Records that are none come empty: whoever reads them finds that they cannot be read. */
  async load(): Promise<[key: string, value: Uint8Array][]> {
    const loading = Promise.resolve().then(() => this.#storage.load());
    const records = await inTime(this.#timers, loading, ANSWER_TIMEOUT_MS);
    return records.map(([key, value]: [unknown, unknown]) => [
      String(key),
      value instanceof Uint8Array ? value : new Uint8Array(),
    ]);
  }

  /** Writes these, and whatever could not be written before; resolves when all is durable. */
  write(changes: Changes): Promise<void> {
    for (const [key, value] of changes) this.#pending.set(key, value);
    this.#next ??= this.#flush();
    return this.#next;
  }

  close(): void {
    closeQuietly(this.#storage);
  }

  async #flush(): Promise<void> {
    try {
      // At least a turn of the microtasks: what is written together stays together.
      await (this.#underWay && inTime(this.#timers, this.#underWay, ANSWER_TIMEOUT_MS));
    } finally {
      this.#next = undefined;
    }
    const changes: Changes = [...this.#pending];
    if (changes.length === 0) return;
    this.#pending.clear();
    const writing = Promise.resolve().then(() => this.#storage.write(changes));
    const settled: Promise<unknown> = writing
      .catch(() => undefined)
      .then(() => {
        if (this.#underWay === settled) this.#underWay = undefined;
      });
    this.#underWay = settled;
    try {
      await inTime(this.#timers, writing, ANSWER_TIMEOUT_MS);
    } catch (error) {
      for (const [key, value] of changes) {
        if (!this.#pending.has(key)) this.#pending.set(key, value);
      }
      throw error;
    }
  }
}

/** @throws if it is not settled in time */
async function inTime<T>(timers: Timers, promise: Promise<T>, timeoutMs: number): Promise<T> {
  let stop: (() => void) | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const wait = (leftMs: number): void => {
      stop = after(timers, SLICE_MS, () => {
        if (leftMs > SLICE_MS) wait(leftMs - SLICE_MS);
        else reject(new Error(`the storage has not answered for ${timeoutMs / 1_000} seconds`));
      });
    };
    wait(timeoutMs);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    stop?.();
  }
}

function closeQuietly(storage: Storage): void {
  try {
    storage.close();
  } catch {
    // It was no good, and nobody needs it any more.
  }
}

/**
 * Messages that a tab had not sent when it was closed for good, and those that were kept in
 * localStorage while IndexedDB did not work: whoever opens the account next takes them into its
 * own outbox, behind its own.
 *
 * They are written here before they are removed there. Who is cut off in between has them twice:
 * the session makes one of two with the same id, and the relay knows a sender's ids for good, from
 * whichever device they come.
 */
import type { Changes, Storage } from '../types.js';
import type { Place } from './browser.js';
import { databaseName, databaseNames, openIndexedDb } from './indexed-db.js';
import { localItem, openLocalStorage } from './local.js';
import { slotName, SLOTS_MAX, takeFreeSlot } from './slot.js';

/** As the compiled client names them: the place in the outbox follows, as 16 hexadecimal digits. */
const OUTBOX = 'outbox/';
const PLACE_DIGITS = 16;
/** The protocol's limit of an outbox. What is beyond stays where it is. */
const OUTBOX_MESSAGES_MAX = 1_000;
/** Who has this record goes on from somewhere: a tab that takes the slot again needs it. */
const POSITION = 'position';

type Records = [key: string, value: Uint8Array][];

interface Orphan {
  storage: Storage;
  /** Deletes all of it. */
  remove: () => Promise<void>;
}

/** The tab that adopts. */
interface Adopter {
  account: string;
  /** Its slot. */
  number: number;
  storage: Storage;
  place: Place;
  warn: (message: string) => void;
}

export async function adoptOrphans(adopter: Adopter): Promise<void> {
  const outbox = new Outbox(adopter.storage);
  await outbox.load();
  let failure: { error: unknown } | undefined;
  for (const { number, place } of await possibleOrphans(adopter)) {
    if (outbox.isFull()) break;
    const isOwn = number === adopter.number;
    const slot = isOwn ? OWN : await takeFreeSlot(adopter.account, number);
    if (!slot) continue;
    try {
      const name = slotName(adopter.account, number);
      const orphan =
        place === 'indexedDB' ? await findDatabase(name) : findItem(name, adopter.warn);
      if (orphan) await adopt(orphan, outbox);
    } catch (error) {
      // The others do not wait for it.
      failure ??= { error };
    } finally {
      slot.release();
    }
  }
  if (failure) throw failure.error;
}

/** This tab has it anyway. */
const OWN = { release: () => undefined };

async function adopt({ storage, remove }: Orphan, outbox: Outbox): Promise<void> {
  let left: Records;
  try {
    const records = await storage.load();
    const adopted = await outbox.add(records.filter(([key]) => key.startsWith(OUTBOX)));
    await storage.write(adopted.map((key) => [key, null]));
    left = records.filter(([key]) => !adopted.includes(key));
  } finally {
    storage.close();
  }
  const isOfUse = left.some(([key]) => key === POSITION || key.startsWith(OUTBOX));
  if (!isOfUse) await remove();
}

/** The outbox of the tab that adopts. */
class Outbox {
  readonly #storage: Storage;
  #nextPlace = 0;
  #room = OUTBOX_MESSAGES_MAX;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  async load(): Promise<void> {
    for (const [key] of await this.#storage.load()) {
      const place = placeOf(key);
      if (!key.startsWith(OUTBOX) || !Number.isSafeInteger(place)) continue;
      this.#nextPlace = Math.max(this.#nextPlace, place + 1);
      this.#room -= 1;
    }
  }

  isFull(): boolean {
    return this.#room <= 0;
  }

  /** Adds as many as there is room for, in their order. @returns their keys, once they are kept */
  async add(messages: Records): Promise<string[]> {
    const inOrder = messages
      .filter(([key]) => Number.isSafeInteger(placeOf(key)))
      .sort(([one], [other]) => placeOf(one) - placeOf(other))
      .slice(0, this.#room);
    const changes: Changes = inOrder.map(([, record], at) => [keyOf(this.#nextPlace + at), record]);
    if (changes.length > 0) await this.#storage.write(changes);
    this.#nextPlace += changes.length;
    this.#room -= changes.length;
    return inOrder.map(([key]) => key);
  }
}

const placeOf = (key: string): number => Number.parseInt(key.slice(OUTBOX.length), 16);
const keyOf = (place: number): string => OUTBOX + place.toString(16).padStart(PLACE_DIGITS, '0');

async function possibleOrphans({ account, number: own, place }: Adopter) {
  const numbers = Array.from({ length: SLOTS_MAX }, (_, number) => number);
  const items = numbers.filter((number) => number !== own || place !== 'localStorage');
  const known = place === 'indexedDB' ? await databaseNames() : [];
  const databases = numbers.filter(
    (number) =>
      number !== own && (known?.includes(databaseName(slotName(account, number))) ?? true),
  );
  return [
    ...databases.map((number) => ({ number, place: 'indexedDB' as const })),
    ...items
      .filter((number) => findText(slotName(account, number)) !== null)
      .map((number) => ({ number, place: 'localStorage' as const })),
  ];
}

async function findDatabase(name: string): Promise<Orphan | undefined> {
  if (!(await hasDatabase(databaseName(name)))) return undefined;
  return { storage: await openIndexedDb(name), remove: () => deleteDatabase(databaseName(name)) };
}

/** Leaves none behind that was not there. */
function hasDatabase(name: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name);
    request.onupgradeneeded = () => request.transaction?.abort();
    request.onsuccess = () => {
      request.result.close();
      resolve(true);
    };
    request.onerror = () => {
      if (request.error?.name === 'AbortError') resolve(false);
      else reject(request.error ?? new Error('IndexedDB cannot be opened'));
    };
  });
}

function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name);
    // It is empty: if it cannot be deleted now, it is the next time.
    request.onsuccess =
      request.onerror =
      request.onblocked =
        () => {
          resolve();
        };
  });
}

function findItem(name: string, warn: Adopter['warn']): Orphan | undefined {
  const text = findText(name);
  if (text === null) return undefined;
  return {
    storage: openLocalStorage(name, warn),
    remove: () => {
      localStorage.removeItem(localItem(name));
      return Promise.resolve();
    },
  };
}

function findText(name: string): string | null {
  try {
    return localStorage.getItem(localItem(name));
  } catch {
    return null;
  }
}

import { messageOf } from '../error.js';
import type { Storage } from '../types.js';
import { databaseName, databaseNames, openIndexedDb } from './indexed-db.js';
import { memoryStorage } from './memory.js';
import { slotName, takeSlot } from './slot.js';

/** Where a tab keeps its records. */
export type Place = 'indexedDB' | 'localStorage';

export interface OpenedSlot {
  storage: Storage;
  /** None if it keeps nothing over a reload. */
  place?: Place;
}

/** What this tab keeps of an account: in IndexedDB, else in localStorage, else in memory. */
export async function openBrowserStorage(
  account: string,
  warn: (message: string) => void,
): Promise<Storage> {
  const slot = await takeSlot(account);
  if (!slot) {
    warn('too many tabs of this account are open; this one keeps nothing over a reload');
    return memoryStorage()(account);
  }
  const storage = await openStorageIn({ account, number: slot.number, warn }).catch(
    (error: unknown) => {
      slot.release();
      throw error;
    },
  );
  return {
    load: () => storage.load(),
    write: (changes) => storage.write(changes),
    close: () => {
      storage.close();
      slot.release();
    },
  };
}

export interface SlotOptions {
  account: string;
  /** Of a slot that the caller has. */
  number: number;
  warn: (message: string) => void;
  /** Whoever opened it before cannot write any more. */
  isFenced?: boolean;
}

/** What is kept in a slot, and what was left unsent in those that no tab has. */
export async function openStorageIn({
  account,
  number,
  warn,
  isFenced = false,
}: SlotOptions): Promise<Storage> {
  const { storage, place } = await openSlot(slotName(account, number), warn, isFenced);
  try {
    if (place && (await hasOrphans(account, number, place))) {
      const { adoptOrphans } = await import('./orphans.js');
      await adoptOrphans({ account, number, storage, place, warn });
    }
  } catch (error) {
    warn(`what other tabs left unsent stays where it is for now: ${messageOf(error)}`);
  }
  return storage;
}

/** Whether there may be anything of this account beside what this tab has opened. */
async function hasOrphans(account: string, own: number, place: Place): Promise<boolean> {
  const isOther = (name: string, itsPlace: Place) =>
    name.startsWith(databaseName(slotName(account, ''))) &&
    (place !== itsPlace || name !== databaseName(slotName(account, own)));
  if (localNames().some((name) => isOther(name, 'localStorage') && /\/\d+$/.test(name)))
    return true;
  if (place === 'localStorage') return false;
  const names = await databaseNames();
  // Where the browser does not tell, it takes a look.
  return names?.some((name) => isOther(name, 'indexedDB')) ?? true;
}

function localNames(): string[] {
  try {
    return Object.keys(localStorage);
  } catch {
    // Workers have none, and pages may be denied theirs.
    return [];
  }
}

async function openSlot(
  name: string,
  warn: SlotOptions['warn'],
  isFenced: boolean,
): Promise<OpenedSlot> {
  try {
    return { storage: await openIndexedDb(name, isFenced), place: 'indexedDB' };
  } catch (error) {
    // Loaded only by who needs it, as what looks after orphans is.
    const { openFallback } = await import('./fallback.js');
    return openFallback(name, messageOf(error), warn, isFenced);
  }
}

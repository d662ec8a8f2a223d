import { messageOf } from '../error.js';
import type { Storage } from '../types.js';
import { databaseName, databaseNames, openIndexedDb } from './indexed-db.js';
import { localItem, openLocalStorage } from './local.js';
import { memoryStorage } from './memory.js';
import { slotName, SLOTS_MAX, takeSlot } from './slot.js';

/** Where a tab keeps its records. */
export type Place = 'indexedDB' | 'localStorage';

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
  const storage = await openStorageIn({ account, number: slot.number, warn });
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
      // Loaded only by who needs it.
      const { adoptOrphans } = await import('./orphans.js');
      await adoptOrphans({ account, number, storage, place, warn });
    }
  } catch (error) {
    warn(`what other tabs left unsent stays where it is for now: ${messageOf(error)}`);
  }
  return storage;
}

async function openSlot(
  name: string,
  warn: (message: string) => void,
  isFenced: boolean,
): Promise<{ storage: Storage; place?: Place }> {
  let cause: unknown;
  try {
    return { storage: await openIndexedDb(name, isFenced), place: 'indexedDB' };
  } catch (error) {
    cause = error;
  }
  try {
    const storage = openLocalStorage(name, warn, isFenced);
    warn(`IndexedDB does not work here (${messageOf(cause)}); localStorage is used`);
    return { storage, place: 'localStorage' };
  } catch (error) {
    warn(
      `neither IndexedDB (${messageOf(cause)}) nor localStorage (${messageOf(error)}) works here; ` +
        'nothing is kept over a reload',
    );
    return { storage: await memoryStorage()(name) };
  }
}

/** Whether there may be anything of this account beside what this tab has opened. */
async function hasOrphans(account: string, own: number, place: Place): Promise<boolean> {
  for (let number = 0; number < SLOTS_MAX; number += 1) {
    if (number === own && place === 'localStorage') continue;
    if (hasLocalItem(slotName(account, number))) return true;
  }
  if (place === 'localStorage') return false;
  const names = await databaseNames();
  // Where the browser does not tell, it takes a look.
  if (!names) return true;
  const ours = [...names].filter((name) => name.startsWith(databaseName(`${account}/`)));
  return ours.length > 1;
}

function hasLocalItem(name: string): boolean {
  try {
    return localStorage.getItem(localItem(name)) !== null;
  } catch {
    // Workers have none, and pages may be denied theirs.
    return false;
  }
}

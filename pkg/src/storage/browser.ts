import { messageOf } from '../error.js';
import type { Storage } from '../types.js';
import { openIndexedDb } from './indexed-db.js';
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
  const { storage, place } = await openSlot(slotName(account, slot.number), warn);
  try {
    if (place && (await hasOrphans(account, slot.number, place))) {
      // Loaded only by who needs it.
      const { adoptOrphans } = await import('./orphans.js');
      await adoptOrphans({ account, number: slot.number, storage, place });
    }
  } catch (error) {
    warn(`what other tabs left unsent stays where it is for now: ${messageOf(error)}`);
  }
  return {
    load: () => storage.load(),
    write: (changes) => storage.write(changes),
    close: () => {
      storage.close();
      slot.release();
    },
  };
}

async function openSlot(
  name: string,
  warn: (message: string) => void,
): Promise<{ storage: Storage; place?: Place }> {
  let cause: unknown;
  try {
    return { storage: await openIndexedDb(name), place: 'indexedDB' };
  } catch (error) {
    cause = error;
  }
  try {
    const storage = openLocalStorage(name, warn);
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
  // Older browsers do not tell: then it takes a look.
  const list = indexedDB.databases as (() => Promise<IDBDatabaseInfo[]>) | undefined;
  const databases = await list?.call(indexedDB);
  const ours = databases?.filter(({ name }) => name?.startsWith(localItem(`${account}/`)));
  return ours === undefined || ours.length > 1;
}

function hasLocalItem(name: string): boolean {
  try {
    return localStorage.getItem(localItem(name)) !== null;
  } catch {
    // Workers have none, and pages may be denied theirs.
    return false;
  }
}

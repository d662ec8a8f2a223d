import { messageOf } from '../error.js';
import type { Storage } from '../types.js';
import { openIndexedDb } from './indexed-db.js';
import { openLocalStorage } from './local.js';
import { memoryStorage } from './memory.js';
import { takeSlot } from './slot.js';

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
  const storage = await openSlot(`${account}/${slot.number}`, warn);
  return {
    load: () => storage.load(),
    write: (changes) => storage.write(changes),
    close: () => {
      storage.close();
      slot.release();
    },
  };
}

async function openSlot(name: string, warn: (message: string) => void): Promise<Storage> {
  let cause: unknown;
  try {
    return await openIndexedDb(name);
  } catch (error) {
    cause = error;
  }
  try {
    const storage = openLocalStorage(name);
    warn(`IndexedDB does not work here (${messageOf(cause)}); localStorage is used`);
    return storage;
  } catch (error) {
    warn(
      `neither IndexedDB (${messageOf(cause)}) nor localStorage (${messageOf(error)}) works here; ` +
        'nothing is kept over a reload',
    );
    return memoryStorage()(name);
  }
}

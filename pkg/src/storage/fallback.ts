import { messageOf } from '../error.js';
import type { OpenedSlot } from './browser.js';
import { openLocalStorage } from './local.js';
import { memoryStorage } from './memory.js';

/** Where records are kept while IndexedDB does not work, which `cause` says why. */
export async function openFallback(
  name: string,
  cause: string,
  warn: (message: string) => void,
  isFenced: boolean,
): Promise<OpenedSlot> {
  try {
    const storage = openLocalStorage(name, warn, isFenced);
    warn(`IndexedDB does not work here (${cause}); localStorage is used`);
    return { storage, place: 'localStorage' };
  } catch (error) {
    warn(
      `neither IndexedDB (${cause}) nor localStorage (${messageOf(error)}) works here; ` +
        'nothing is kept over a reload',
    );
    return { storage: await memoryStorage()(name) };
  }
}

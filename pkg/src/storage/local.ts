import type { Storage } from '../types.js';
import { apply, fromText, toText } from './records.js';

/**
 * All records in one item of `localStorage`, so that a write is all or nothing. Its few
 * megabytes are shared with the page, so IndexedDB comes first.
 * @throws if there is none, or it takes nothing
 */
export function openLocalStorage(name: string): Storage {
  const item = `seqline/${name}`;
  const store = localStorage;
  const text = store.getItem(item);
  const records = text === null ? new Map<string, Uint8Array>() : fromText(text);
  store.setItem(item, toText(records));
  return {
    load: () => Promise.resolve([...records]),
    write: (changes) =>
      new Promise((resolve) => {
        const changed = new Map(records);
        apply(changed, changes);
        store.setItem(item, toText(changed));
        apply(records, changes);
        resolve();
      }),
    close: () => undefined,
  };
}

import type { Storage } from '../types.js';
import { FencedError } from './fence.js';
import { apply, fromText, toText, type Records } from './records.js';

/**
 * All records in one item of `localStorage`, so that a write is all or nothing. Its few
 * megabytes are shared with the page, so IndexedDB comes first.
 * @throws if there is none, or it takes nothing
 */
export function openLocalStorage(
  name: string,
  warn: (message: string) => void,
  isFenced = false,
): Storage {
  const item = localItem(name);
  const store = localStorage;
  const records = read(store.getItem(item), () => {
    warn(`what localStorage has as ${item} cannot be read; it starts afresh`);
  });
  store.setItem(item, toText(records));
  // As good as it gets: nothing here is a transaction.
  const fence = `${item}/fence`;
  const generation = String(Number(store.getItem(fence) ?? 0) + 1);
  if (isFenced) store.setItem(fence, generation);
  return {
    load: () => Promise.resolve([...records]),
    write: (changes) =>
      new Promise((resolve) => {
        if (isFenced && store.getItem(fence) !== generation) throw new FencedError();
        const changed = new Map(records);
        apply(changed, changes);
        store.setItem(item, toText(changed));
        apply(records, changes);
        resolve();
      }),
    close: () => undefined,
  };
}

export const localItem = (name: string): string => `seqline/${name}`;

function read(text: string | null, unreadable: () => void): Records {
  if (text === null) return new Map();
  try {
    return fromText(text);
  } catch {
    unreadable();
    return new Map();
  }
}

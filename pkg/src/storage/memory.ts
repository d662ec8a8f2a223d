import type { Storage } from '../types.js';
import { apply, type Records } from './records.js';

/**
 * Keeps cursors and outboxes while the program runs, by account. Give the same one to the
 * next client to go on from where the last one was.
 * @returns a function for the option `storage`
 */
export function memoryStorage(): (account: string) => Promise<Storage> {
  const accounts = new Map<string, Records>();
  return (account) => {
    const records = accounts.get(account) ?? new Map<string, Uint8Array>();
    accounts.set(account, records);
    return Promise.resolve({
      load: () => Promise.resolve([...records]),
      write: (changes) => {
        apply(records, changes);
        return Promise.resolve();
      },
      close: () => undefined,
    });
  };
}

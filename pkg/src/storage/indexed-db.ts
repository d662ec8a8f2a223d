import type { Changes, Storage } from '../types.js';
import { Fence, FENCE, FencedError } from './fence.js';

const RECORDS = 'records';
/** Some versions of Safari never answer; nothing would work for ever. */
const OPEN_TIMEOUT_MS = 10_000;

/**
 * A small database for each name. Browsers may close it at any time; it is opened again.
 * @param isFenced whether whoever opened it before cannot write any more
 */
export async function openIndexedDb(name: string, isFenced = false): Promise<Storage> {
  let opening: Promise<IDBDatabase> | undefined;
  let isClosed = false;

  const current = (): Promise<IDBDatabase> => {
    if (isClosed) return Promise.reject(new Error('the storage is closed'));
    opening ??= open(name).then(
      (opened) => {
        if (isClosed) opened.close();
        opened.onclose = () => {
          opening = undefined;
        };
        // Another page deletes the database: do not stand in its way.
        opened.onversionchange = () => {
          opened.close();
          opening = undefined;
        };
        return opened;
      },
      (error: unknown) => {
        opening = undefined;
        throw error;
      },
    );
    return opening;
  };
  const begin = async (mode: IDBTransactionMode): Promise<IDBTransaction> => {
    const start = async () =>
      (await current()).transaction(RECORDS, mode, { durability: 'strict' });
    try {
      return await start();
    } catch {
      // Not every browser tells of a connection that it has lost: once more, with a new one.
      await opening?.then(
        (lost) => {
          lost.close();
        },
        () => undefined,
      );
      opening = undefined;
      return start();
    }
  };
  await current();
  let fence: Fence | undefined;
  if (isFenced) {
    const transaction = await begin('readwrite');
    fence = new Fence(transaction.objectStore(RECORDS));
    await finished(transaction);
  }

  return {
    load: async () => {
      const transaction = await begin('readonly');
      const records = transaction.objectStore(RECORDS);
      const keys = records.getAllKeys();
      const values = records.getAll();
      await finished(transaction);
      return keys.result
        .map((key, at): [string, Uint8Array] => [key as string, values.result[at] as Uint8Array])
        .filter(([key]) => key !== FENCE);
    },
    // Transactions that write to the same store take effect in the order of their making.
    write: async (changes) => {
      const transaction = await begin('readwrite');
      const records = transaction.objectStore(RECORDS);
      const apply = () => {
        try {
          applyTo(records, changes);
        } catch (error) {
          // What was put so far would be kept otherwise.
          transaction.abort();
          throw error;
        }
      };
      if (!fence) apply();
      const isKeptOut = fence?.pass(records, apply);
      await finished(transaction);
      if (isKeptOut?.()) throw new FencedError();
    },
    close: () => {
      isClosed = true;
      opening?.then(
        (opened) => {
          opened.close();
        },
        () => undefined,
      );
    },
  };
}

function applyTo(records: IDBObjectStore, changes: Changes): void {
  for (const [key, value] of changes) {
    if (value) records.put(value, key);
    else records.delete(key);
  }
}

/** Of all databases of this origin; none where the browser does not tell. */
export async function databaseNames(): Promise<string[] | undefined> {
  if (!('databases' in indexedDB)) return undefined;
  const databases = await indexedDB.databases();
  return databases.flatMap(({ name }) => name ?? []);
}

export const databaseName = (name: string): string => `seqline/${name}`;

function open(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(databaseName(name), 1);
    const fail = (error: Error) => {
      clearTimeout(timer);
      // One that comes nevertheless would stand in the way of whoever deletes it.
      request.onsuccess = () => {
        request.result.close();
      };
      reject(error);
    };
    const timer = setTimeout(() => {
      fail(new Error('IndexedDB does not answer'));
    }, OPEN_TIMEOUT_MS);
    request.onupgradeneeded = () => request.result.createObjectStore(RECORDS);
    request.onsuccess = () => {
      clearTimeout(timer);
      resolve(request.result);
    };
    request.onerror = () => {
      fail(request.error ?? new Error('IndexedDB cannot be opened'));
    };
    request.onblocked = () => {
      fail(new Error('IndexedDB is held by another page'));
    };
  });
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => {
      resolve();
    };
    transaction.onabort = () => {
      reject(transaction.error ?? new Error('IndexedDB gave up a transaction'));
    };
  });
}

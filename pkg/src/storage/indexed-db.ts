import type { Changes, Storage } from '../types.js';
import { createFence, Fence, fencedOff } from './fence.js';

const RECORDS = 'records';
/** 1 kept the fence as a record. */
const VERSION = 2;
const RECORD_OF_1 = 'fence';
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
  const transact = async <T>(
    mode: IDBTransactionMode,
    stores: string[],
    ask: (transaction: IDBTransaction) => T,
  ): Promise<T> => {
    const begin = (database: IDBDatabase) =>
      atOnce(database.transaction(stores, mode, { durability: 'strict' }), ask);
    const opened = await current();
    let begun: Begun<T>;
    try {
      begun = begin(opened);
    } catch {
      // Not every browser tells of a connection that it has lost: once more, with a new one.
      opened.close();
      opening = undefined;
      begun = begin(await current());
    }
    await begun.ended;
    return begun.asked;
  };
  await current();
  const fence = isFenced ? new Fence() : undefined;
  const stores = fence ? [RECORDS, Fence.STORE] : [RECORDS];
  if (fence) {
    await transact('readwrite', stores, (transaction) => {
      fence.take(transaction);
    });
  }

  return {
    load: () =>
      transact('readonly', [RECORDS], (transaction) => {
        const records = transaction.objectStore(RECORDS);
        return { keys: records.getAllKeys(), values: records.getAll() };
      }).then(({ keys, values }) =>
        keys.result.map((key, at) => [key as string, values.result[at] as Uint8Array]),
      ),
    // Transactions that write to the same store take effect in the order of their making.
    write: (changes) =>
      transact('readwrite', stores, (transaction) => {
        fence?.pass(transaction);
        applyTo(transaction.objectStore(RECORDS), changes);
      }),
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

/** A transaction that the page has nothing more to do with. */
interface Begun<T> {
  ended: Promise<void>;
  asked: T;
}

/**
 * All that is done in a transaction is asked for at once, and its end with it. Else it would wait
 * for this page, and other pages for it: for as long as this one hangs.
 */
function atOnce<T>(transaction: IDBTransaction, ask: (within: IDBTransaction) => T): Begun<T> {
  let asked: T;
  try {
    asked = ask(transaction);
  } catch (error) {
    // What was asked for so far would be done otherwise.
    transaction.abort();
    throw error;
  }
  // Unknown before Safari 15 and Firefox 74; there it ends when the page has heard of it.
  if ('commit' in transaction) transaction.commit();
  return { ended: finished(transaction), asked };
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
    const request = indexedDB.open(databaseName(name), VERSION);
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
    request.onupgradeneeded = ({ oldVersion }) => {
      if (oldVersion < 1) request.result.createObjectStore(RECORDS);
      else request.transaction?.objectStore(RECORDS).delete(RECORD_OF_1);
      createFence(request.result);
    };
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
      reject(fencedOff(transaction.error) ?? new Error('IndexedDB gave up a transaction'));
    };
  });
}

import type { Storage } from '../types.js';

const RECORDS = 'records';

/** A small database for each name. Browsers may close it at any time; it is opened again. */
export async function openIndexedDb(name: string): Promise<Storage> {
  let database: IDBDatabase | undefined = await open(name);
  let isClosed = false;

  const current = async (): Promise<IDBDatabase> => {
    if (database) return database;
    if (isClosed) throw new Error('the storage is closed');
    const opened = await open(name);
    forgetWhenClosed(opened);
    database = opened;
    return opened;
  };
  const forgetWhenClosed = (opened: IDBDatabase) => {
    const forget = () => {
      opened.close();
      if (database === opened) database = undefined;
    };
    opened.onclose = forget;
    // Another page deletes the database: do not stand in its way.
    opened.onversionchange = forget;
  };
  forgetWhenClosed(database);

  return {
    load: async () => {
      const transaction = (await current()).transaction(RECORDS);
      const records = transaction.objectStore(RECORDS);
      const keys = records.getAllKeys();
      const values = records.getAll();
      await finished(transaction);
      return keys.result.map((key, at) => [key as string, values.result[at] as Uint8Array]);
    },
    // Transactions that write to the same store take effect in the order of their making.
    write: async (changes) => {
      const transaction = (await current()).transaction(RECORDS, 'readwrite', {
        durability: 'strict',
      });
      const records = transaction.objectStore(RECORDS);
      for (const [key, value] of changes) {
        if (value) records.put(value, key);
        else records.delete(key);
      }
      await finished(transaction);
    },
    close: () => {
      isClosed = true;
      database?.close();
      database = undefined;
    },
  };
}

function open(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(`seqline/${name}`, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(RECORDS);
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error('IndexedDB cannot be opened'));
    };
    request.onblocked = () => {
      reject(new Error('IndexedDB is held by another page'));
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

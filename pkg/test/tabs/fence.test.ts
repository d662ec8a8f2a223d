import 'fake-indexeddb/auto';
import { expect, test, vi } from 'vitest';

import { FencedError } from '../../dist/storage/fence.js';
import { openIndexedDb } from '../../dist/storage/indexed-db.js';
import { openLocalStorage } from '../../dist/storage/local.js';

const bytes = (...values: number[]) => new Uint8Array(values);
const ignore = () => undefined;

test('in IndexedDB, whoever opened the records before can change nothing any more', async () => {
  const stale = await openIndexedDb('fenced', true);
  await stale.write([['position', bytes(1)]]);
  const current = await openIndexedDb('fenced', true);
  await current.write([['position', bytes(2)]]);
  await expect(stale.write([['position', bytes(3)]])).rejects.toBeInstanceOf(FencedError);
  await expect(stale.write([])).rejects.toBeInstanceOf(FencedError);
  await current.write([['device', bytes(4)]]);
  expect(await current.load()).toEqual([
    ['device', bytes(4)],
    ['position', bytes(2)],
  ]);
});

test('records of the form that had the fence among them are taken over without it', async () => {
  const old = indexedDB.open('seqline/earlier', 1);
  old.onupgradeneeded = () => {
    const records = old.result.createObjectStore('records');
    records.put(bytes(1), 'position');
    records.put(bytes(9), 'fence');
  };
  await new Promise((resolve) => (old.onsuccess = resolve));
  old.result.close();
  const storage = await openIndexedDb('earlier', true);
  expect(await storage.load()).toEqual([['position', bytes(1)]]);
  await storage.write([['position', bytes(2)]]);
  expect(await storage.load()).toEqual([['position', bytes(2)]]);
});

test('in localStorage too', async () => {
  const items = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (name: string) => items.get(name) ?? null,
    setItem: (name: string, value: string) => items.set(name, value),
  });
  const stale = openLocalStorage('fenced', ignore, true);
  const current = openLocalStorage('fenced', ignore, true);
  await current.write([['position', bytes(2)]]);
  await expect(stale.write([['position', bytes(3)]])).rejects.toBeInstanceOf(FencedError);
  expect(await openLocalStorage('fenced', ignore).load()).toEqual([['position', bytes(2)]]);
  vi.unstubAllGlobals();
});

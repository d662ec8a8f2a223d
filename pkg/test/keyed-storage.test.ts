import { expect, test } from 'vitest';

import { openKeyedStorage, type TextStore } from '../dist/storage/keyed.js';

const bytes = (...values: number[]) => Uint8Array.from(values);
const long = (value: number, length = 60_000) => new Uint8Array(length).fill(value);

/** A store that can be cut off at any of its changes, as when the app is ended. */
class FakeStore implements TextStore {
  readonly texts = new Map<string, string>();
  changes = 0;
  /** The change with which it breaks, and whether that one is done all the same. */
  breaks: { at: number; afterwards: boolean; isForGood: boolean } | undefined;
  longest = 0;
  /** It does not say what is in it. */
  isMute = false;

  keys(): Promise<string[]> {
    return Promise.resolve([...this.texts.keys()]);
  }

  get(key: string): Promise<string> {
    const text = this.texts.get(key);
    const isDead = this.breaks?.isForGood === true && this.changes >= this.breaks.at;
    return text === undefined || isDead || this.isMute
      ? Promise.reject(new Error(`there is no ${key}`))
      : Promise.resolve(text);
  }

  set(key: string, text: string): Promise<void> {
    this.longest = Math.max(this.longest, text.length);
    return this.#change(() => this.texts.set(key, text));
  }

  remove(key: string): Promise<void> {
    return this.#change(() => this.texts.delete(key));
  }

  #change(apply: () => void): Promise<void> {
    this.changes += 1;
    const { at, afterwards, isForGood } = this.breaks ?? { at: Infinity };
    const isBroken = isForGood ? this.changes >= at : this.changes === at;
    if (!isBroken || (afterwards && this.changes === at)) apply();
    return isBroken ? Promise.reject(new Error('the quota is used up')) : Promise.resolve();
  }
}

const noWarning = (message: string) => {
  throw new Error(message);
};

const open = (store: TextStore, name = 'demo/alice') => openKeyedStorage(store, name, noWarning);

async function records(store: TextStore, name?: string): Promise<Record<string, string>> {
  const loaded = await (await open(store, name)).load();
  return Object.fromEntries(loaded.map(([key, value]) => [key, `${value[0]} × ${value.length}`]));
}

test('keeps records of any size, by name', async () => {
  const store = new FakeStore();
  const storage = await open(store);
  expect(await storage.load()).toEqual([]);
  await storage.write([
    ['a', bytes(1, 2, 255)],
    ['b', bytes()],
    ['c', long(3)],
    ['gone', long(9)],
  ]);
  await storage.write([
    ['gone', null],
    ['never there', null],
    ['a', bytes(4)],
  ]);
  expect(await (await open(store)).load()).toEqual([
    ['b', bytes()],
    ['c', long(3)],
    ['a', bytes(4)],
  ]);
  expect(await (await open(store, 'demo')).load()).toEqual([]);
  await (await open(store, 'demo')).write([['x', long(1)]]);
  await (await open(store, 'demo/alice/x')).write([['x', long(2)]]);
  expect(await records(store)).toMatchObject({ c: '3 × 60000' });
});

test('no key gets more than it may hold', async () => {
  const store = new FakeStore();
  const storage = await open(store);
  await storage.write([['huge', long(1, 1_000_000)]]);
  for (let n = 0; n < 3_000; n += 500) {
    const many = Array.from({ length: 500 }, (_, at) => `outbox/${(n + at).toString(16)}`);
    await storage.write(many.map((key) => [key, long(2, 300)]));
  }
  expect(store.longest).toBeLessThanOrEqual(64 * 1024);
  expect(Object.keys(await records(store))).toHaveLength(3_001);
  await storage.write((await storage.load()).map(([key]) => [key, null]));
  expect([...store.texts.keys()]).toEqual(['seqline/demo%2Falice/index']);
});

test('a small change is one write of one key', async () => {
  const store = new FakeStore();
  const storage = await open(store);
  await storage.write([['outbox/1', long(1)]]);
  store.changes = 0;
  await storage.write([['position', bytes(1)]]);
  expect(store.changes).toBe(1);
});

/** From `before` to `after`, with everything that a write can do. */
const before = { a: '1 × 1', b: '2 × 60000', c: '3 × 60000' };
const after = { a: '4 × 60000', b: '5 × 60000', d: '6 × 1' };

async function change(store: FakeStore): Promise<void> {
  const storage = await open(store);
  await storage.write([
    ['a', long(4)],
    ['b', long(5)],
    ['c', null],
    ['d', bytes(6)],
  ]);
}

async function filled(): Promise<FakeStore> {
  const store = new FakeStore();
  await (
    await open(store)
  ).write([
    ['a', bytes(1)],
    ['b', long(2)],
    ['c', long(3)],
  ]);
  store.changes = 0;
  return store;
}

async function changesOfOneWrite(): Promise<number[]> {
  const store = await filled();
  await change(store);
  return Array.from({ length: store.changes }, (_, at) => at + 1);
}

test.each([false, true])(
  'an app that is ended anywhere has all or nothing (%s)',
  async (afterwards) => {
    const seen = new Set<string>();
    for (const at of await changesOfOneWrite()) {
      const store = await filled();
      store.breaks = { at, afterwards, isForGood: true };
      await change(store).catch(() => undefined);
      store.breaks = undefined;
      const found = await records(store);
      seen.add(JSON.stringify(found));
      expect([before, after]).toContainEqual(found);
      // Nothing is left over.
      const clean = await filled();
      if ('d' in found) await change(clean);
      expect(store.texts.size).toBe(clean.texts.size);
    }
    expect(seen.size).toBe(2);
  },
);

test.each([false, true])(
  'a change that fails once leaves a storage that works (%s)',
  async (afterwards) => {
    for (const at of await changesOfOneWrite()) {
      const store = await filled();
      const storage = await open(store);
      store.breaks = { at, afterwards, isForGood: false };
      const written = await storage
        .write([
          ['a', long(4)],
          ['b', long(5)],
          ['c', null],
          ['d', bytes(6)],
        ])
        .then(
          () => true,
          () => false,
        );
      const isThere = await records(store);
      expect(isThere).toEqual(written ? after : before);
      await storage.write([['e', long(7)]]);
      expect(await records(store)).toEqual({ ...isThere, e: '7 × 60000' });
    }
  },
);

test('what may be kept is not thrown away', async () => {
  const store = await filled();
  const storage = await open(store);
  store.breaks = { at: 2, afterwards: true, isForGood: false };
  store.isMute = true;
  // Two parts of one key would be another change: the index is the second.
  await expect(storage.write([['b', long(5, 10_000)]])).rejects.toThrow('the quota');
  store.isMute = false;
  expect(await records(store)).toEqual({ ...before, b: '5 × 10000' });
});

test('writes take effect one after the other', async () => {
  const store = new FakeStore();
  const storage = await open(store);
  const writes = Array.from({ length: 20 }, (_, n) =>
    storage.write([['n', n % 2 ? bytes(n) : long(n)]]),
  );
  await Promise.all(writes);
  expect(await records(store)).toEqual({ n: '19 × 1' });
});

test('what is lost is said, and the rest is there', async () => {
  const store = await filled();
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  store.texts.delete([...store.texts.keys()].find((key) => key.endsWith('/3')) ?? '');
  const storage = await openKeyedStorage(store, 'demo/alice', warn);
  // The session says which one cannot be read, and removes it.
  expect((await storage.load()).map(([key]) => key)).toEqual(['a', 'b', 'c']);
  expect(new Map(await storage.load()).get('c')).toEqual(bytes());

  store.texts.set('seqline/demo%2Falice/index', 'nonsense');
  const anew = await openKeyedStorage(store, 'demo/alice', warn);
  expect(await anew.load()).toEqual([]);
  expect(warnings).toEqual([expect.stringContaining('begins anew')]);
});

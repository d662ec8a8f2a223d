import 'fake-indexeddb/auto';

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { memoryStorage, type Storage } from 'seqline';
import { fileStorage } from 'seqline/node';
import { checkStorage } from 'seqline/testing';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';

import { openBrowserStorage } from '../dist/storage/browser.js';
import { connectedClient, newClient, record, until } from './support/client.ts';
import { FakeLocalStorage } from './support/fake-browser.ts';
import { FakeRelay } from './support/fake-relay.ts';
import { Process } from './support/process.ts';

type OpenStorage = (account: string) => Promise<Storage>;

let local: FakeLocalStorage;

beforeEach(() => {
  local = new FakeLocalStorage();
  vi.stubGlobal('localStorage', local);
  return () => {
    vi.unstubAllGlobals();
  };
});

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'seqline-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

const noWarning = (message: string) => {
  throw new Error(message);
};

let databases = 0;

const kinds: [string, () => Promise<OpenStorage>][] = [
  ['memory', () => Promise.resolve(memoryStorage())],
  ['a file', async () => fileStorage(await temporaryFolder())],
  [
    'IndexedDB',
    () => {
      const test = (databases += 1);
      return Promise.resolve((account) => openBrowserStorage(`${test}/${account}`, noWarning));
    },
  ],
  [
    'localStorage',
    () => {
      vi.stubGlobal('indexedDB', undefined);
      return Promise.resolve((account) => openBrowserStorage(account, () => undefined));
    },
  ],
];

const bytes = (...values: number[]) => Uint8Array.from(values);

describe.each(kinds)('%s', (_, make) => {
  test('keeps what was written, by account', async () => {
    const open = await make();
    const storage = await open('demo/alice');
    expect(await storage.load()).toEqual([]);
    await storage.write([
      ['a', bytes(1, 2, 255)],
      ['b', bytes()],
      ['c', bytes(3)],
    ]);
    await storage.write([
      ['c', null],
      ['a', bytes(4)],
      ['never there', null],
    ]);
    storage.close();

    expect(sorted(await (await open('demo/alice')).load())).toEqual([
      ['a', bytes(4)],
      ['b', bytes()],
    ]);
    expect(await (await open('demo/bob')).load()).toEqual([]);
  });

  test('does all that a client asks of one', async () => {
    await checkStorage(await make());
  });

  test('a full outbox is told, and nothing in it is lost', async () => {
    const storage = await make();
    const relay = await FakeRelay.start();
    const client = newClient(relay, { storage });
    const sends = Array.from({ length: 1_001 }, (_, n) =>
      client.send({ to: { user: 'bob' }, body: String(n) }),
    );
    await expect(sends.at(-1)).rejects.toMatchObject({ code: 'outbox_full', retryable: true });
    await client.dispose();
    const after = newClient(relay, { storage });
    await after.broadcasts();
    expect(after.stats().outbox).toBe(1_000);
  });

  test('takes writes in their order', async () => {
    const open = await make();
    const storage = await open('demo/alice');
    const writes = Array.from({ length: 20 }, (_, n) => storage.write([['n', bytes(n)]]));
    await Promise.all(writes);
    expect(await (await open('demo/alice')).load()).toEqual([['n', bytes(19)]]);
  });

  test('a client goes on from where the one before it was', async () => {
    const storage = await make();
    const relay = await FakeRelay.start();
    const before = await connectedClient(relay, { storage });
    relay.sendMessages(3);
    await until(() => before.messages.length === 3);
    before.client.disconnect();
    const sending = before.client.send({ to: { user: 'bob' }, body: 'kept' });
    await until(() => before.client.stats().outbox === 1);
    const disposed = expect(sending).rejects.toMatchObject({ code: 'disconnected' });
    await before.client.dispose();
    await disposed;

    const after = newClient(relay, { storage });
    const [messages, statuses] = [record(after, 'message'), record(after, 'status')];
    await after.connect();
    await until(() => messages.length === 1);
    expect(messages).toMatchObject([{ seq: 4, body: 'kept', own: true }]);
    expect(statuses[0]).toMatchObject({
      clientMsgId: sending.clientMsgId,
      status: 'queued',
      draft: { body: 'kept' },
    });
    const [first, second] = relay.all('hello');
    expect(second).toMatchObject({ device: first?.['device'], resume: { epoch: 1, cursor: 3 } });
  });
});

test('the cursor is stored only after the handler is done', async () => {
  const storage = memoryStorage();
  const relay = await FakeRelay.start();
  const client = newClient(relay, { storage });
  let calls = 0;
  client.on('message', () => {
    calls += 1;
    return new Promise(() => undefined);
  });
  await client.connect();
  relay.sendMessages(2);
  await until(() => calls === 1);
  await client.dispose();

  const { messages } = await connectedClient(relay, { storage });
  expect(messages.map(({ seq }) => seq)).toEqual([1, 2]);
});

test('a message does not wait for the storage, but is only on its way when it is kept', async () => {
  const relay = await FakeRelay.start();
  const inner = await memoryStorage()('a');
  let finish: (() => void) | undefined;
  const holdsOutbox = (changes: [string, Uint8Array | null][]) =>
    changes.some(([key]) => key.startsWith('outbox'));
  const storage: Storage = {
    ...inner,
    write: async (changes) => {
      if (holdsOutbox(changes) && !finish) await new Promise<void>((done) => (finish = done));
      await inner.write(changes);
    },
  };
  const { client } = await connectedClient(relay, { storage: () => Promise.resolve(storage) });
  const statuses = record(client, 'status');
  const ways = () => statuses.map(({ status }) => status);
  let answer: (() => void) | undefined;
  const store = relay.usually('send');
  relay.on('send', (frame, socket) => {
    answer = () => {
      store(frame, socket);
    };
  });
  const sending = client.send({ to: { user: 'bob' }, body: 'x' });
  await until(() => finish !== undefined && answer !== undefined);
  await client.markRead('dm:alice:bob', 1);
  expect(ways()).toEqual(['queued']);
  finish?.();
  await until(() => ways().includes('sending'));
  answer?.();
  await sending;
  expect(ways()).toEqual(['queued', 'sending', 'sent']);
});

test('a store that fails is told, and the client works on', async () => {
  const relay = await FakeRelay.start();
  const storage: Storage = {
    load: () => Promise.resolve([]),
    write: () => Promise.reject(new Error('the disk is full')),
    close: () => undefined,
  };
  const client = newClient(relay, { storage: () => Promise.resolve(storage) });
  const errors = record(client, 'error');
  await client.connect();
  await client.send({ to: { user: 'bob' }, body: 'x' });
  expect(errors).toMatchObject([{ code: 'storage_failed', message: 'the disk is full' }]);
});

test('a store that cannot be opened is told, and memory is used', async () => {
  const relay = await FakeRelay.start();
  const client = newClient(relay, { storage: () => Promise.reject(new Error('no permission')) });
  const errors = record(client, 'error');
  await client.connect();
  expect(errors).toMatchObject([
    { code: 'storage_failed', message: expect.stringContaining('no permission') as string },
  ]);
});

test(
  'a store that never answers is told, and the client works on',
  { timeout: 60_000 },
  async () => {
    const relay = await FakeRelay.start();
    const process = new Process();
    const silent: Storage = {
      load: () => Promise.resolve([]),
      write: () => new Promise(() => undefined),
      close: () => undefined,
    };
    const client = newClient(relay, { storage: () => Promise.resolve(silent), host: process.host });
    const errors = record(client, 'error');
    await client.connect();
    await client.send({ to: { user: 'bob' }, body: 'x' });
    await until(() => errors.length > 0);
    expect(errors).toMatchObject([{ code: 'storage_failed' }]);
    await client.dispose();
  },
);

test.each([
  ['is never opened', () => new Promise<Storage>(() => undefined)],
  [
    'is never read',
    () =>
      Promise.resolve({
        load: () => new Promise<never>(() => undefined),
        write: () => Promise.resolve(),
        close: () => undefined,
      }),
  ],
])('a store that %s is told, and memory is used', async (_, storage) => {
  const relay = await FakeRelay.start();
  const client = newClient(relay, { storage, host: new Process().host });
  const errors = record(client, 'error');
  await client.connect();
  expect(errors).toMatchObject([{ code: 'storage_failed' }]);
});

test('records that cannot be read are told of once, and the others are used', async () => {
  const relay = await FakeRelay.start();
  const storage = memoryStorage();
  const { client, messages } = await connectedClient(relay, { storage, account: 'a' });
  relay.sendMessages(2);
  await until(() => messages.length === 2);
  await client.dispose();
  const records = await storage('a');
  await records.write([
    ['outbox/0000000000000000', bytes(0xff, 0x13)],
    ['crowd/g:team', bytes()],
    ['broadcast/7', bytes(0xf6)],
    ['device', 'a text' as never],
  ]);

  const after = newClient(relay, { storage, account: 'a' });
  const errors = record(after, 'error');
  after.on('message', () => undefined);
  await after.connect();
  expect(await after.broadcasts()).toEqual([]);
  expect(errors.map(({ code }) => code)).toEqual(Array(4).fill('storage_corrupt'));
  expect(relay.all('hello').at(-1)).toMatchObject({ resume: { cursor: 2 } });
  await after.dispose();

  const again = newClient(relay, { storage, account: 'a' });
  const later = record(again, 'error');
  await again.connect();
  expect(later).toEqual([]);
});

test('of a write that IndexedDB cannot take, nothing is kept', async () => {
  const storage = await openBrowserStorage('whole/alice', noWarning);
  const cannotBeKept = (() => undefined) as never;
  await expect(
    storage.write([
      ['a', bytes(1)],
      ['b', cannotBeKept],
    ]),
  ).rejects.toThrow();
  expect(await storage.load()).toEqual([]);
});

test('a browser without IndexedDB and with a full localStorage keeps nothing, and says so', async () => {
  vi.stubGlobal('indexedDB', undefined);
  local.isFull = true;
  const warnings: string[] = [];
  const storage = await openBrowserStorage('demo/alice', (message) => warnings.push(message));
  await storage.write([['a', bytes(1)]]);
  expect(await storage.load()).toEqual([['a', bytes(1)]]);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('nothing is kept over a reload');
});

test('a localStorage that is full takes nothing of a write', async () => {
  vi.stubGlobal('indexedDB', undefined);
  const storage = await openBrowserStorage('demo/alice', () => undefined);
  await storage.write([['a', bytes(1)]]);
  local.isFull = true;
  await expect(storage.write([['a', null]])).rejects.toThrow('the quota is used up');
  expect(await storage.load()).toEqual([['a', bytes(1)]]);
});

test('a database that the browser closed is opened again', async () => {
  const storage = await openBrowserStorage('closed/alice', noWarning);
  await storage.write([['a', bytes(1)]]);
  // Another page wants a newer version: ours has to let go.
  const deleted = indexedDB.deleteDatabase('seqline/closed/alice/0');
  await new Promise((resolve) => {
    deleted.onsuccess = resolve;
  });
  await storage.write([['b', bytes(2)]]);
  expect(await storage.load()).toEqual([['b', bytes(2)]]);
});

test('files have names that any folder takes, and are whole at any time', async () => {
  const folder = await temporaryFolder();
  const storage = await fileStorage(folder)('demo/../alice');
  await storage.write([['a', bytes(1)]]);
  expect(await readdir(folder)).toEqual(['demo%2F..%2Falice.json']);
  // What a crash in the middle of a write leaves behind is not looked at.
  await writeFile(join(folder, 'demo%2F..%2Falice.json.next'), '{"a":');
  expect(await (await fileStorage(folder)('demo/../alice')).load()).toEqual([['a', bytes(1)]]);
});

test('a file that is not ours is left alone, and said so', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'a.json');
  await writeFile(path, 'my diary');
  await expect(fileStorage(folder)('a')).rejects.toThrow('cannot be read; move it away');
  expect(await readFile(path, 'utf8')).toBe('my diary');
});

function sorted(records: [string, Uint8Array][]): [string, Uint8Array][] {
  return [...records].sort(([one], [other]) => (one < other ? -1 : 1));
}

import 'fake-indexeddb/auto';

import type { Storage } from 'seqline';
import { beforeEach, expect, test, vi } from 'vitest';

import { openBrowserStorage } from '../dist/storage/browser.js';
import { connectedClient, newClient, record, until } from './support/client.ts';
import { type FakeLocalStorage, newBrowser, newTab } from './support/fake-browser.ts';
import { FakeRelay } from './support/fake-relay.ts';

let account: string;
let accounts = 0;
let local: FakeLocalStorage;

beforeEach(() => {
  accounts += 1;
  account = `demo/alice-${accounts}`;
  local = newBrowser();
  return () => {
    vi.unstubAllGlobals();
  };
});

const bytes = (...values: number[]) => Uint8Array.from(values);

/** A tab of its own, which keeps its slot until it is closed. */
function openTab(): Promise<Storage> {
  newTab();
  return openBrowserStorage(account, (message) => {
    throw new Error(message);
  });
}

/** As the messages that lie in an outbox: only their keys are looked at. */
const message = (place: string, value: number): [string, Uint8Array] => [
  `outbox/${place.padStart(16, '0')}`,
  bytes(value),
];

const outboxOf = async (storage: Storage) =>
  (await storage.load()).filter(([key]) => key.startsWith('outbox/')).sort();

const ourDatabases = async () =>
  (await indexedDB.databases()).filter(({ name }) => name?.includes(`${account}/`));

/** What two tabs leave behind: the first two messages of its own, the second what is given. */
async function leave(...records: [string, Uint8Array][]): Promise<void> {
  const [first, second] = [await openTab(), await openTab()];
  await first.write([message('4', 1), message('5', 2)]);
  await second.write(records);
  first.close();
  second.close();
  await released();
}

/** Locks are given back a moment after. */
const released = () => new Promise((resolve) => setTimeout(resolve));

test('messages of a closed tab are taken over, in their order, behind the own ones', async () => {
  await leave(message('a', 3), message('10', 5), message('f', 4), ['device', bytes(9)]);
  const adopter = await openTab();
  const taken = [message('4', 1), message('5', 2), message('6', 3), message('7', 4)];
  expect(await outboxOf(adopter)).toEqual([...taken, message('8', 5)]);
  expect(await ourDatabases()).toHaveLength(1);
});

test('a tab that is open keeps its own', async () => {
  const [first, second] = [await openTab(), await openTab()];
  await second.write([message('0', 1)]);
  first.close();
  await released();
  expect(await outboxOf(await openTab())).toEqual([]);
  expect(await outboxOf(second)).toEqual([message('0', 1)]);
});

test('where a tab stood stays for the next tab', async () => {
  await leave(message('0', 3), ['position', bytes(7)]);
  const [first, second] = [await openTab(), await openTab()];
  expect(await outboxOf(first)).toHaveLength(3);
  expect(await second.load()).toEqual([['position', bytes(7)]]);
});

test('without being told which databases there are, all are looked at, and none is made', async () => {
  await leave(message('0', 3));
  const factory = Object.getPrototypeOf(indexedDB) as IDBFactory;
  const databases = Object.getOwnPropertyDescriptor(factory, 'databases') ?? {};
  Reflect.deleteProperty(factory, 'databases');
  const adopter = await openTab().finally(() => {
    Object.defineProperty(factory, 'databases', databases);
  });
  expect(await outboxOf(adopter)).toHaveLength(3);
  expect(await ourDatabases()).toHaveLength(1);
});

test('what was kept in localStorage while IndexedDB did not work comes along', async () => {
  const { indexedDB: working } = globalThis;
  vi.stubGlobal('indexedDB', undefined);
  newTab();
  const before = await openBrowserStorage(account, () => undefined);
  await before.write([message('0', 1)]);
  before.close();
  await released();
  vi.stubGlobal('indexedDB', working);
  expect(await outboxOf(await openTab())).toEqual([message('0', 1)]);
  expect(local.items.size).toBe(0);
});

test('what does not fit into an outbox stays where it is', async () => {
  const many = Array.from({ length: 1_000 }, (_, n) => message(n.toString(16), n % 256));
  await leave(...many);
  const [first, second] = [await openTab(), await openTab()];
  expect(await outboxOf(first)).toHaveLength(1_000);
  expect(await outboxOf(second)).toEqual(many.slice(998));
});

test.each([
  ['before it is kept here', 1, 'aborted'],
  ['before it is gone there', 2, 'aborted'],
  ['after it is kept here', 1, 'cut off'],
  ['after it is gone there', 2, 'cut off'],
] as const)('cut off %s, nothing is lost or doubled', async (_, nth, how) => {
  // Real ones, which the session can read.
  const relay = await FakeRelay.start();
  for (const [tab, body] of [
    [0, 'first'],
    [1, 'second'],
  ] as const) {
    newTab();
    const client = newClient(relay, { account, storage: onceOf(tab) });
    void client
      .send({ to: { user: 'bob' }, body, clientMsgId: `id-${body}` })
      .catch(() => undefined);
    await until(() => client.stats().outbox === 1);
    await client.dispose();
  }
  await released();

  const interruption = interrupt(nth, how);
  newTab();
  const warnings: string[] = [];
  const opened = await openBrowserStorage(account, (warning) => warnings.push(warning));
  interruption.stop();
  expect(interruption.hasCome()).toBe(true);
  opened.close();
  await released();

  newTab();
  const client = newClient(relay, { account, storage: openOf(account) });
  const statuses = record(client, 'status');
  client.on('message', () => undefined);
  await client.connect();
  await until(() => client.stats().outbox === 0);
  expect(relay.timeline.map(({ item }) => (item['message'] as { body: string }).body)).toEqual([
    'first',
    'second',
  ]);
  const queued = statuses.filter(({ status }) => status === 'queued');
  expect(queued.map(({ clientMsgId }) => clientMsgId)).toEqual(['id-first', 'id-second']);
});

test('failed ones come along as failed', async () => {
  const relay = await FakeRelay.start();
  relay.on('send', ({ client_msg_id }, socket) => {
    socket.say({
      error: { code: 'not_allowed', message: 'no', retryable: false, client_msg_id },
    });
  });
  newTab();
  const { client } = await connectedClient(relay, { account, storage: onceOf(1) });
  await expect(client.send({ to: { user: 'bob' }, body: 'x' })).rejects.toMatchObject({
    code: 'not_allowed',
  });
  await client.dispose();
  await released();

  newTab();
  const other = newClient(relay, { account, storage: openOf(account) });
  const statuses = record(other, 'status');
  await other.connect();
  await until(() => statuses.length === 1);
  expect(statuses).toMatchObject([{ status: 'failed', draft: { body: 'x' } }]);
});

const openOf = (name: string) => () => openBrowserStorage(name, () => undefined);

/** Opens the slot of the nth tab. */
function onceOf(tab: number): () => Promise<Storage> {
  return async () => {
    const before = [];
    for (let at = 0; at < tab; at += 1) before.push(await openTab());
    newTab();
    const storage = await openBrowserStorage(account, () => undefined);
    for (const other of before) other.close();
    return storage;
  };
}

/** The nth write to a database fails, or is done and is the last thing that is. */
function interrupt(nth: number, how: 'aborted' | 'cut off') {
  let writes = 0;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the one it is of
  const begin = IDBDatabase.prototype.transaction;
  const spy = vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (
    this: IDBDatabase,
    ...args
  ) {
    const transaction = begin.apply(this, args);
    if (args[1] !== 'readwrite') return transaction;
    writes += 1;
    if (writes === nth && how === 'aborted') transaction.abort();
    if (writes > nth && how === 'cut off') transaction.abort();
    return transaction;
  });
  return {
    hasCome: () => writes >= nth,
    stop: () => {
      spy.mockRestore();
    },
  };
}

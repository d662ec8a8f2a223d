import { memoryStorage, type Client, type Events } from 'seqline';
import { expect, test } from 'vitest';

import { connectedClient, newClient, record, until } from './support/client.ts';
import { FakeRelay } from './support/fake-relay.ts';
import { messageEntry, shows } from './support/wire.ts';

const summary = (changes: Events['broadcast'][]) =>
  changes.map(({ change, id }) => `${change} ${id}`);

const ids = async (client: Client) => (await client.broadcasts()).map(({ id }) => id);

/** A relay that says of each broadcast once that it is new, as it does for one user. */
async function startRelay(): Promise<FakeRelay> {
  const relay = await FakeRelay.start();
  const claimed = new Set<number>();
  relay.answer('broadcasts.seen', (params) => {
    const found = (params['ids'] as number[]).filter((id) => !claimed.has(id));
    for (const id of found) claimed.add(id);
    return { new: found };
  });
  return relay;
}

/** The answer to the device that has claimed them before. */
const ownClaim = (params: Record<string, unknown>) => ({ new: params['ids'] });

async function listen(relay: FakeRelay, storage = memoryStorage()) {
  const client = newClient(relay, { storage });
  const changes = record(client, 'broadcast');
  const messages = record(client, 'message');
  await client.connect();
  return { client, changes, messages };
}

test('what is published, changed and withdrawn is told and listed', async () => {
  const relay = await startRelay();
  relay.publish(shows(1));
  const { client, changes } = await listen(relay);
  await until(() => changes.length === 1);
  relay.publish(shows(2), shows(1, { version: 2 }));
  await until(() => changes.length === 3);
  expect(await ids(client)).toEqual([2, 1]);
  relay.publish({ id: 1 });
  await until(() => changes.length === 4);
  expect(summary(changes)).toEqual(['new 1', 'new 2', 'changed 1', 'withdrawn 1']);
  expect(await ids(client)).toEqual([2]);
});

test('on two devices it is new on one, and opened on both', async () => {
  const relay = await startRelay();
  const one = await listen(relay);
  relay.publish(shows(7));
  await until(() => one.changes.length === 1);
  const other = await listen(relay);
  await until(() => other.changes.length === 1);
  expect([summary(one.changes), summary(other.changes)]).toEqual([['new 7'], ['seen 7']]);

  await one.client.opened(7);
  await until(() => relay.calls('broadcasts.opened').length === 1);
  const item = { seen: { broadcast: 7, opened: true } };
  relay.add({ seq: 1, item });
  for (const socket of relay.sockets) socket.say({ push: { entries: [{ seq: 1, item }] } });
  await until(() => other.changes.length === 2);
  expect(other.changes[1]).toMatchObject({ change: 'seen', id: 7, broadcast: { opened: true } });
  await until(() => one.client.stats().cursor === 1);
  expect(summary(one.changes)).toEqual(['new 7']);
});

test('the list is there before connecting, and what is opened offline is told later', async () => {
  const relay = await startRelay();
  relay.publish(shows(7), shows(8));
  const storage = memoryStorage();
  const first = await listen(relay, storage);
  await until(() => first.changes.length === 2);
  await first.client.dispose();

  const offline = newClient(relay, { storage });
  expect(await ids(offline)).toEqual([8, 7]);
  await offline.opened(8);
  expect(await offline.broadcasts()).toMatchObject([{ opened: true }, { opened: false }]);
  await offline.dispose();

  const again = await listen(relay, storage);
  await until(() => relay.calls('broadcasts.opened').length === 1);
  expect(relay.calls('broadcasts.opened')).toEqual([{ ids: [8] }]);
  expect(summary(again.changes)).toEqual([]);
});

test('one that was withdrawn while the device was away is gone', async () => {
  const relay = await startRelay();
  relay.publish(shows(7), shows(8));
  const storage = memoryStorage();
  const before = await listen(relay, storage);
  await until(() => before.changes.length === 2);
  await before.client.dispose();
  // The whole list: what is not in it is gone.
  relay.publish({ id: 7 });
  relay.publicView = 'v2';

  const after = await listen(relay, storage);
  await until(() => after.changes.length === 1);
  expect(summary(after.changes)).toEqual(['withdrawn 7']);
  expect(await ids(after.client)).toEqual([8]);
});

test('the place moves when the handler is done: what was not taken comes again', async () => {
  const relay = await startRelay();
  relay.publish(shows(7));
  const storage = memoryStorage();
  const client = newClient(relay, { storage });
  client.on('message', () => undefined);
  let isTold = false;
  client.on('broadcast', () => {
    isTold = true;
    return new Promise(() => undefined);
  });
  await client.connect();
  await until(() => isTold);
  await client.dispose();
  relay.answer('broadcasts.seen', ownClaim);

  const again = await listen(relay, storage);
  await until(() => again.changes.length === 1);
  expect(summary(again.changes)).toEqual(['new 7']);
  await again.client.dispose();
  const third = await listen(relay, storage);
  relay.sendMessages(1);
  await until(() => third.messages.length === 1);
  expect(third.changes).toEqual([]);
});

test('a handler that fails is reported, and gets the event again', async () => {
  const relay = await startRelay();
  relay.answer('broadcasts.seen', ownClaim);
  const { client } = await connectedClient(relay);
  const errors = record(client, 'error');
  const told: string[] = [];
  client.on('broadcast', ({ change, id }) => {
    told.push(`${change} ${id}`);
    if (told.length === 1) throw new Error('no room');
  });
  relay.publish(shows(7), shows(8));
  await until(() => told.length === 3);
  expect(told).toEqual(['new 7', 'new 8', 'new 7']);
  expect(errors).toMatchObject([{ code: 'handler_failed' }]);
  expect(errors[0]?.message).toContain('a handler of `broadcast` failed');
});

test('messages and broadcasts do not hold each other up', async () => {
  const relay = await startRelay();
  relay.add(messageEntry(1));
  relay.publish(shows(7));
  const { changes, messages } = await listen(relay);
  await until(() => changes.length === 1 && messages.length === 1);
  relay.publish(shows(8));
  relay.sendMessages(1);
  await until(() => changes.length === 2 && messages.length === 2);
});

test('a client that is disposed of lists nothing', async () => {
  const relay = await startRelay();
  const { client } = await listen(relay);
  await client.dispose();
  await expect(client.broadcasts()).rejects.toMatchObject({ code: 'disconnected' });
  await expect(client.opened(7)).rejects.toMatchObject({ code: 'disconnected' });
});

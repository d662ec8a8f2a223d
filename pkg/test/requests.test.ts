import { expect, test } from 'vitest';

import { connectedClient, record, until } from './support/client.ts';
import { FakeRelay } from './support/fake-relay.ts';
import { CREATED_MS, CREATED_US, wireMessage } from './support/wire.ts';

const conv = 'dm:alice:bob';

test('history gives a page, with the query passed on', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  relay.on('history', ({ req }, socket) => {
    socket.say({ history: { req, conv, messages: [wireMessage(8), wireMessage(9)], more: true } });
  });
  const page = await client.history(conv, { before: 10, limit: 2 });
  expect(relay.all('history')).toMatchObject([{ conv, before: 10, limit: 2 }]);
  expect(page.more).toBe(true);
  expect(page.messages).toEqual([8, 9].map((n) => publicMessage(n)));
});

test('conversations give a page, with the other user of direct ones', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  const receipts = [{ conv, user: 'bob', delivered: 9, read: 7 }];
  const row = { conv, head: 9, unread: 2, read: 7, receipts, active_us: CREATED_US };
  const group = { conv: 'group:team', head: 0, unread: 0, read: 0, active_us: CREATED_US };
  relay.on('conversations', ({ req }, socket) => {
    const conversations = [{ ...row, last: wireMessage(9) }, group];
    socket.say({ conversations: { req, conversations, next: 'page-2' } });
  });
  const { conversations, next: page } = await client.conversations({ page: 'page-1', limit: 2 });
  expect(relay.all('conversations')).toMatchObject([{ page: 'page-1', limit: 2 }]);
  expect(page).toBe('page-2');
  expect(conversations).toEqual([
    {
      conv,
      peer: 'bob',
      head: 9,
      last: publicMessage(9),
      unread: 2,
      read: 7,
      receipts,
      activeAt: CREATED_MS,
      crowd: false,
    },
    {
      conv: 'group:team',
      head: 0,
      unread: 0,
      read: 0,
      receipts: [],
      activeAt: CREATED_MS,
      crowd: false,
    },
  ]);
});

test('marks and recalls are passed on, and refusals come back', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  await client.markRead(conv, 7);
  await client.recall(conv, 3);
  expect(relay.all('read')).toMatchObject([{ conv, conv_seq: 7 }]);
  expect(relay.all('recall')).toMatchObject([{ conv, conv_seq: 3 }]);

  relay.on('recall', ({ req }, socket) => {
    const message = 'Only the sender may.';
    socket.say({ error: { code: 'recall_refused', message, retryable: false, req } });
  });
  await expect(client.recall(conv, 4)).rejects.toMatchObject({ code: 'recall_refused' });
  await expect(client.markRead(conv, -1)).rejects.toMatchObject({ code: 'field_invalid' });
});

test('a request without an answer is given up', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay, { requestTimeoutMs: 20 });
  relay.on('history', () => undefined);
  await expect(client.history(conv)).rejects.toMatchObject({ code: 'timeout', retryable: true });
});

test('typing reaches the relay while connected, and is refused while not', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  await client.ephemeral({ user: 'bob' }, 'typing', { on: true });
  await relay.nth('ephemeral', 1);
  expect(relay.all('ephemeral')).toEqual([
    { to: { user: 'bob' }, kind: 'typing', body: '{"on":true}' },
  ]);
  client.disconnect();
  await expect(client.ephemeral({ user: 'bob' }, 'typing', '')).rejects.toMatchObject({
    code: 'not_connected',
  });
});

test('every event comes in the words of the app', async () => {
  const relay = await FakeRelay.start();
  const { client, messages } = await connectedClient(relay);
  const [recalls, reads, receipts, ephemerals] = [
    record(client, 'recall'),
    record(client, 'read'),
    record(client, 'receipt'),
    record(client, 'ephemeral'),
  ];
  const [edits, deletions, groups] = [
    record(client, 'edit'),
    record(client, 'delete'),
    record(client, 'group'),
  ];
  const at_us = CREATED_US;
  const items = [
    {
      message: wireMessage(1, {
        kind: 'image',
        body: '{"url":"x"}',
        priority: 'high',
        expires_us: CREATED_US + 5_000,
      }),
    },
    { message: wireMessage(2, { kind: 'note', body: 'not JSON' }) },
    { message: wireMessage(3, { kind: 'note', body: '', recalled: true }) },
    { recall: { conv, conv_seq: 3, msg_id: 103, by: 'bob' } },
    { read: { conv, conv_seq: 2 } },
    { receipt: { conv, user: 'bob', delivered: 2, read: 1 } },
    { edit: wireMessage(1, { body: 'better', edited_us: CREATED_US }) },
    { delete: { conv, conv_seq: 2 } },
    { group: { conv: 'group:a', by: 'bob', at_us, op: { joined: { users: ['alice'] } } } },
    { group: { conv: 'group:a', at_us, op: { muted: { user: 'bob', until_us: 7_000 } } } },
    { group: { conv: 'group:a', by: 'bob', at_us, op: 'dissolved' } },
  ];
  relay.add(...items.map((item, at) => ({ seq: at + 1, item })));
  relay.socket.say({ push: { entries: relay.timeline } });
  relay.socket.say({ ephemeral: { conv, sender: 'bob', kind: 'typing', body: '{"on":true}' } });
  await until(() => groups.length === 3);

  expect(messages).toEqual([
    {
      ...publicMessage(1),
      kind: 'image',
      body: { url: 'x' },
      priority: 'high',
      expiresAt: CREATED_MS + 5,
      seq: 1,
      own: false,
    },
    { ...publicMessage(2), kind: 'note', body: 'not JSON', seq: 2, own: false },
    { ...publicMessage(3), kind: 'note', body: '', recalled: true, seq: 3, own: false },
  ]);
  expect(recalls).toEqual([{ seq: 4, conv, convSeq: 3, msgId: 103, by: 'bob' }]);
  expect(reads).toEqual([{ seq: 5, conv, convSeq: 2 }]);
  expect(receipts).toEqual([{ seq: 6, conv, user: 'bob', delivered: 2, read: 1 }]);
  expect(edits).toEqual([
    { ...publicMessage(1), body: 'better', editedAt: CREATED_MS, seq: 7, own: false },
  ]);
  expect(deletions).toEqual([{ seq: 8, conv, convSeq: 2 }]);
  const [group, at] = ['group:a', CREATED_MS];
  expect(groups).toEqual([
    { seq: 9, conv: group, by: 'bob', at, op: 'joined', users: ['alice'] },
    { seq: 10, conv: group, at, op: 'muted', user: 'bob', until: 7 },
    { seq: 11, conv: group, by: 'bob', at, op: 'dissolved' },
  ]);
  expect(ephemerals).toEqual([{ conv, sender: 'bob', kind: 'typing', body: { on: true } }]);
});

test('stats are there from the beginning to the end', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  await client.send({ to: { user: 'bob' }, body: 'measures the round trip' });
  const stats = client.stats();
  expect(Object.keys(stats).sort()).toEqual([
    'bytesIn',
    'bytesOut',
    'connects',
    'crowds',
    'cursor',
    'duplicatesDropped',
    'engine',
    'framesIn',
    'framesOut',
    'gapsHealed',
    'head',
    'heartbeatMs',
    'inbox',
    'losses',
    'network',
    'outbox',
    'resets',
    'retransmissions',
    'role',
    'rttMs',
    'tabs',
    'transport',
  ]);
  expect(stats).toMatchObject({ connects: 1, heartbeatMs: 25_000 });
  await client.dispose();
  expect(client.stats()).toMatchObject({ connects: 0, heartbeatMs: 0 });
});

function publicMessage(n: number) {
  return {
    msgId: 100 + n,
    clientMsgId: `from-bob-${n}`,
    sender: 'bob',
    conv,
    convSeq: n,
    kind: 'text',
    body: `text ${n}`,
    priority: 'normal',
    createdAt: CREATED_MS,
    recalled: false,
    replaced: false,
    mentions: [],
  };
}

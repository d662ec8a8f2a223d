import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { Body, DraftMessage } from 'seqline';
import { expect, test } from 'vitest';

import { connectedClient, newClient, next, record, until } from './support/client.ts';
import { FakeRelay } from './support/fake-relay.ts';
import { CREATED_MS } from './support/wire.ts';

const to = { user: 'bob' };

test('send() has an id at once, and resolves when the relay has stored it', async () => {
  const relay = await FakeRelay.start();
  const { client, messages } = await connectedClient(relay);
  const statuses = record(client, 'status');

  const sending = client.send({ to, body: 'hello' });
  const { clientMsgId } = sending;
  expect(clientMsgId).toMatch(/^[0-9a-f]{32}$/);
  const sent = await sending;

  expect(sent).toEqual({ msgId: 101, conv: 'dm:alice:bob', convSeq: 1, createdAt: CREATED_MS });
  expect(statuses).toEqual([
    {
      clientMsgId,
      status: 'queued',
      draft: { clientMsgId, to, kind: 'text', body: 'hello', priority: 'normal' },
    },
    { clientMsgId, status: 'sending' },
    { clientMsgId, status: 'sent', sent },
  ]);
  await until(() => messages.length === 1);
  expect(messages).toMatchObject([{ clientMsgId, own: true, body: 'hello' }]);
});

test('what is sent before connect() is sent in that order afterwards', async () => {
  const relay = await FakeRelay.start();
  const client = newClient(relay);
  const sending = [1, 2, 3].map((n) => client.send({ to, body: `text ${n}` }));
  const connecting = client.connect();
  sending.push(client.send({ to, body: 'text 4' }));
  await connecting;
  const sent = await Promise.all(sending);
  expect(sent.map(({ convSeq }) => convSeq)).toEqual([1, 2, 3, 4]);
  expect(relay.all('send').map(({ body }) => body)).toEqual([1, 2, 3, 4].map((n) => `text ${n}`));
});

test('what the connection was lost over is sent again, and stored once', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  relay.on('send', (_, socket) => {
    relay.off('send');
    socket.cut();
  });
  const sent = await client.send({ to, body: 'once' });
  expect(sent.convSeq).toBe(1);
  expect(relay.all('send')).toHaveLength(2);
  expect(client.stats().retransmissions).toBe(1);
});

test.each<[Partial<DraftMessage>, string, string]>([
  [{ body: 'plain' }, 'text', 'plain'],
  [{ body: { a: [1, true, null] } }, 'json', '{"a":[1,true,null]}'],
  [{ body: 'quoted', kind: 'json' }, 'json', '"quoted"'],
  [{ body: { url: 'x' }, kind: 'image' }, 'image', '{"url":"x"}'],
])('of %j the relay gets kind %s and body %s', async (draft, kind, body) => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  await client.send({ to, body: '', ...draft });
  expect(relay.all('send')).toMatchObject([{ kind, body }]);
});

test('priority, expiry and an own id go with it', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  const expiresAt = 1_900_000_000_000;
  await client.send({ to, body: 'x', priority: 'high', expiresAt, clientMsgId: 'mine-1' });
  expect(relay.all('send')).toMatchObject([
    { client_msg_id: 'mine-1', priority: 'high', expires_us: expiresAt * 1000, to },
  ]);
});

const circular: Record<string, Body> = {};
circular['self'] = circular;

test.each<[string, unknown, string]>([
  ['no target', { body: 'x' }, '`to` is either'],
  ['two targets', { to: { user: 'a', conv: 'b' }, body: 'x' }, '`to` is either'],
  ['a user that is no id', { to: { user: 'a b' }, body: 'x' }, "found ' '"],
  ['a conversation that is none', { to: { conv: 'nowhere' }, body: 'x' }, 'a conversation id is'],
  ['a kind that is none', { to, body: 'x', kind: 'Ä' }, 'a kind has'],
  ['text that is no string', { to, body: 1, kind: 'text' }, 'is a string'],
  ['no body', { to }, 'cannot be written as JSON'],
  ['a body that is no JSON', { to, body: circular }, 'cannot be written as JSON'],
  ['an expiry that is no time', { to, body: 'x', expiresAt: Number.NaN }, 'is not a whole number'],
  ['an unknown priority', { to, body: 'x', priority: 'urgent' }, 'another type'],
])('%s is refused, and nothing of it is sent', async (_, draft, reason) => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  await expect(client.send(draft as DraftMessage)).rejects.toMatchObject({
    code: 'field_invalid',
    message: expect.stringContaining(reason) as string,
    retryable: false,
  });
  await client.send({ to, body: 'the next one' });
  expect(relay.all('send')).toHaveLength(1);
});

test('a refused message fails with its reason, and can be tried again', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  const failed = next(client, 'status', ({ status }) => status === 'failed');
  const message = 'The body is too large.';
  relay.on('send', ({ client_msg_id }, socket) => {
    socket.say({ error: { code: 'body_too_large', message, retryable: false, client_msg_id } });
  });
  const sending = client.send({ to, body: 'x' });
  await expect(sending).rejects.toMatchObject({ code: 'body_too_large', message });
  const { clientMsgId } = sending;
  expect(await failed).toMatchObject({ clientMsgId, failure: { code: 'body_too_large', message } });

  relay.off('send');
  expect(await client.retry(clientMsgId)).toMatchObject({ convSeq: 1 });
  await expect(client.retry(clientMsgId)).rejects.toMatchObject({ code: 'not_failed' });
  await expect(client.discard('unknown')).rejects.toMatchObject({ code: 'not_failed' });
});

test('receipts take a sent message further', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  await client.send({ to, body: 'x' });
  const receipts = record(client, 'receipt');
  const receipt = { conv: 'dm:alice:bob', user: 'bob', delivered: 1, read: 0 };
  for (const [status, read] of [
    ['delivered', 0],
    ['read', 1],
  ] as const) {
    const changed = next(client, 'status');
    const entry = { seq: relay.timeline.length + 1, item: { receipt: { ...receipt, read } } };
    relay.add(entry);
    relay.socket.say({ push: { entries: [entry] } });
    expect(await changed).toMatchObject({ status, sent: { convSeq: 1 } });
  }
  await until(() => receipts.length === 2);
  expect(receipts[1]).toEqual({ ...receipt, read: 1, seq: 3 });
});

test('a failure that nobody waits for ends no process', async () => {
  const script = fileURLToPath(new URL('support/unawaited.js', import.meta.url));
  const child = fork(script, { stdio: 'pipe' });
  const [code] = (await once(child, 'exit')) as [number];
  expect(code).toBe(0);
});

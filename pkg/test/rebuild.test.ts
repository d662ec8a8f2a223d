import { rebuild, type RebuildOptions } from 'seqline';
import { expect, test } from 'vitest';

import { connectedClient, until } from './support/client.ts';
import { FakeRelay } from './support/fake-relay.ts';
import { CREATED_US, wireMessage } from './support/wire.ts';

const PAGE = 3;

interface Row {
  conv: string;
  active_us: number;
}

/** A relay with conversations, the lately active ones first, three on a page. */
async function relayOf(count: number) {
  const relay = await FakeRelay.start();
  const rows: Row[] = Array.from({ length: count }, (_, at) => ({
    conv: `group:g${at + 1}`,
    active_us: CREATED_US - at * 1_000_000,
  }));
  relay.on('conversations', ({ req, page }, socket) => {
    const before = page === undefined ? Infinity : Number(page);
    const sorted = rows
      .filter((row) => row.active_us < before)
      .sort((a, b) => b.active_us - a.active_us);
    const conversations = sorted
      .slice(0, PAGE)
      .map((row) => ({ ...row, head: 9, unread: 2, read: 7 }));
    const last = conversations.at(-1);
    const next = sorted.length > PAGE && last ? { next: String(last.active_us) } : {};
    socket.say({ conversations: { req, conversations, ...next } });
  });
  relay.on('history', ({ req, conv }, socket) => {
    const messages = [
      wireMessage(8, { conv: conv as string }),
      wireMessage(9, { conv: conv as string }),
    ];
    socket.say({ history: { req, conv, messages, more: true } });
  });
  const { client } = await connectedClient(relay);
  return { relay, client, rows };
}

async function read(client: Parameters<typeof rebuild>[0], options?: RebuildOptions) {
  const convs: string[] = [];
  for await (const { conversation } of rebuild(client, options)) convs.push(conversation.conv);
  return convs;
}

const names = (...numbers: number[]) => numbers.map((n) => `group:g${n}`);

test('every conversation is read in order, with its newest messages', async () => {
  const { relay, client } = await relayOf(7);
  const rebuilt = [];
  for await (const one of rebuild(client, { messagesPer: 2 })) rebuilt.push(one);
  expect(rebuilt.map(({ conversation }) => conversation.conv)).toEqual(names(1, 2, 3, 4, 5, 6, 7));
  expect(rebuilt[0]).toMatchObject({
    conversation: { unread: 2, read: 7, head: 9 },
    messages: [{ convSeq: 8 }, { convSeq: 9 }],
    more: true,
  });
  expect(relay.all('history').every(({ limit }) => limit === 2)).toBe(true);
});

test('as many as are asked for, and the list alone where no messages are', async () => {
  const { relay, client } = await relayOf(7);
  expect(await read(client, { conversationsMax: 4, messagesPer: 0 })).toEqual(names(1, 2, 3, 4));
  expect(relay.all('history')).toEqual([]);
});

test('one conversation alone', async () => {
  const { relay, client } = await relayOf(7);
  expect(await read(client, { conv: 'group:g5' })).toEqual(names(5));
  expect(relay.all('history')).toHaveLength(1);
});

test('what becomes active while others are read is not missed', async () => {
  const { client, rows } = await relayOf(7);
  const convs: string[] = [];
  for await (const { conversation } of rebuild(client)) {
    convs.push(conversation.conv);
    const [first, last] = [rows[0], rows[6]];
    if (convs.length !== 2 || !first || !last) continue;
    // To the top, before its page was read; and one that was read already.
    last.active_us = CREATED_US + 5_000;
    first.active_us = CREATED_US + 6_000;
  }
  expect(convs).toEqual(names(1, 2, 3, 4, 5, 6, 7));
});

test('it goes on after the last one that was taken, also when the list has changed', async () => {
  const { client, rows } = await relayOf(7);
  let resume = '';
  const convs: string[] = [];
  for await (const one of rebuild(client)) {
    convs.push(one.conversation.conv);
    resume = one.resume;
    if (convs.length === 5) break;
  }
  expect(await read(client, { from: resume })).toEqual(names(6, 7));

  const [, , , moved] = rows;
  if (moved) moved.active_us = CREATED_US + 5_000;
  convs.push(...(await read(client, { from: resume })));
  // The one that became active is told again, as it is now.
  expect(convs).toEqual(names(1, 2, 3, 4, 5, 6, 7, 4));
});

test('a lost connection is waited for, and nothing is read twice or left out', async () => {
  const { relay, client } = await relayOf(7);
  const convs: string[] = [];
  for await (const { conversation } of rebuild(client)) {
    convs.push(conversation.conv);
    if (convs.length === 2) relay.socket.cut();
  }
  expect(convs).toEqual(names(1, 2, 3, 4, 5, 6, 7));
  expect(client.stats().connects).toBe(2);
});

test('a refusal, the end of the connection and a signal end it', async () => {
  const { relay, client } = await relayOf(2);
  const message = 'no';
  relay.on('conversations', ({ req }, socket) => {
    socket.say({ error: { code: 'field_invalid', message, retryable: false, req } });
  });
  await expect(read(client)).rejects.toMatchObject({ code: 'field_invalid' });

  relay.on('conversations', ({ req }, socket) => {
    socket.say({ error: { code: 'overloaded', message, retryable: true, req } });
  });
  const abort = new AbortController();
  const reading = read(client, { signal: abort.signal });
  await until(() => relay.all('conversations').length === 2);
  abort.abort(new Error('not needed any more'));
  await expect(reading).rejects.toThrow('not needed any more');

  const ended = read(client);
  client.disconnect();
  await expect(ended).rejects.toMatchObject({ code: 'disconnected' });
});

test('a conversation that has ended meanwhile is told without messages', async () => {
  const { relay, client } = await relayOf(2);
  relay.on('history', ({ req }, socket) => {
    socket.say({ error: { code: 'conversation_unknown', message: 'no', retryable: false, req } });
  });
  expect(await read(client)).toEqual(names(1, 2));
});

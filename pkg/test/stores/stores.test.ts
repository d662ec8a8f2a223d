import type { Events } from 'seqline';
import { storesOf, type Observable } from 'seqline/stores';
import { expect, test, vi } from 'vitest';

import { CONV, ME, ModelClient, nothing, PEER, settled } from '../support/model-client.ts';

/** A client that is connected, and a look at one of its stores. */
async function looking<T>(pick: (stores: ReturnType<typeof storesOf>) => Observable<T>) {
  const client = new ModelClient();
  const stores = storesOf(client.asClient);
  const listener = vi.fn();
  const stop = pick(stores).subscribe(listener);
  await client.goOnline();
  await settled();
  return { client, stores, stop, listener };
}

const queued = (clientMsgId: string, body = 'x'): Events['status'] => ({
  clientMsgId,
  status: 'queued',
  draft: { clientMsgId, to: { user: PEER }, kind: 'text', body },
});

test('the same stores each time, and none of another client', () => {
  const client = new ModelClient().asClient;
  expect(storesOf(client)).toBe(storesOf(client));
  expect(storesOf(client).messages(CONV)).toBe(storesOf(client).messages(CONV));
  expect(storesOf(client)).not.toBe(storesOf(new ModelClient().asClient));
});

test('nothing that holds messages back or takes them is heard before somebody looks', async () => {
  const client = new ModelClient();
  const { connection, messages } = storesOf(client.asClient);
  const before = { status: 1, discard: 1, state: 1, kicked: 1 };
  expect(client.handlerCounts).toEqual(before);
  connection.subscribe(() => undefined);
  expect(client.handlerCounts).toEqual(before);
  messages(CONV);
  expect(client.handlerCounts).toEqual(before);
  await settled();
  expect(client.calls).toEqual([]);
});

test('whoever stops looking leaves no handler behind, however often', async () => {
  const client = new ModelClient();
  const stores = storesOf(client.asClient);
  const before = client.handlerCounts;
  await client.goOnline();
  client.presence = { watch: vi.fn(nothing), unwatch: vi.fn(nothing) };
  client.broadcasts = () => Promise.resolve([]);
  const all = () => [
    stores.connection,
    stores.conversations,
    stores.unread,
    stores.broadcasts,
    stores.messages(CONV),
    stores.messages(CONV),
    stores.typing(CONV),
    stores.presence(PEER),
  ];
  for (let round = 0; round < 20; round += 1) {
    const stops = all().map((store) => store.subscribe(() => undefined));
    await client.answerAll();
    expect(Math.max(...Object.values(client.handlerCounts))).toBeLessThanOrEqual(2);
    for (const stop of stops) stop();
    await client.answerAll();
    expect(client.handlerCounts).toEqual(before);
  }
  expect(client.presence.watch).toHaveBeenCalledTimes(20);
  expect(client.presence.unwatch).toHaveBeenCalledTimes(20);
});

test('from one page to the next nothing is forgotten, and nothing is asked again', async () => {
  const { client, stores, stop } = await looking(({ messages }) => messages(CONV));
  await client.answerAll();
  await client.receive('hello');
  const asked = client.calls.length;
  stop();
  const again = stores.messages(CONV);
  again.subscribe(() => undefined);
  await client.answerAll();
  expect(again.get().messages.map(({ body }) => body)).toEqual(['hello']);
  expect(client.calls).toHaveLength(asked);
});

test('what passed by while nobody looked is read again', async () => {
  const { client, stores, stop } = await looking(({ messages }) => messages(CONV));
  await client.answerAll();
  stop();
  await settled();
  client.store(PEER, 'missed');
  const store = stores.messages(CONV);
  expect(store.get()).toEqual(store.initial);
  store.subscribe(() => undefined);
  await client.answerAll();
  expect(store.get().messages.map(({ clientMsgId }) => clientMsgId)).toEqual(['missed']);
});

test('listeners are told once for all that happens together', async () => {
  const { client, stores, listener } = await looking(({ messages }) => messages(CONV));
  await client.answerAll();
  listener.mockClear();
  for (let count = 0; count < 100; count += 1) void client.receive(`text ${count}`);
  await settled();
  expect(listener.mock.calls.length).toBeLessThan(5);
  expect(stores.messages(CONV).get().messages).toHaveLength(100);
});

test('a value is the same object until something changes, and so is each message in it', async () => {
  const { client, stores } = await looking(({ messages }) => messages(CONV));
  await client.answerAll();
  await client.receive('one');
  const store = stores.messages(CONV);
  const before = store.get();
  expect(store.get()).toBe(before);
  await client.receive('two');
  const after = store.get();
  expect(after).not.toBe(before);
  expect(after.messages[0]).toBe(before.messages[0]);
});

test('an own message is shown at once, and goes through its states in its place', async () => {
  const { client, stores } = await looking(({ messages }) => messages(CONV));
  await client.answerAll();
  const store = stores.messages(CONV);
  const { clientMsgId } = store.send('hello', { mentions: [PEER] });
  const shown = () => store.get().messages.map(({ key, body, status }) => [key, body, status]);
  expect(shown()).toEqual([[clientMsgId, 'hello', 'queued']]);
  expect(store.get().messages[0]).toMatchObject({ own: true, sender: ME, mentions: [PEER] });

  await client.emit('status', { clientMsgId, status: 'sending' });
  expect(shown()).toEqual([[clientMsgId, 'hello', 'sending']]);
  const { msgId, convSeq, createdAt } = client.store(ME, clientMsgId, 'hello');
  const sent = { msgId, conv: CONV, convSeq, createdAt };
  await client.emit('status', { clientMsgId, status: 'sent', sent });
  expect(shown()).toEqual([[clientMsgId, 'hello', 'sent']]);
  await client.emit('receipt', { conv: CONV, user: PEER, delivered: 1, read: 0, seq: 2 });
  expect(shown()).toEqual([[clientMsgId, 'hello', 'delivered']]);
  await client.emit('status', { clientMsgId, status: 'read', sent });
  expect(shown()).toEqual([[clientMsgId, 'hello', 'read']]);
});

test('a message that the client does not take is shown as failed, and can be tried again', async () => {
  const { client, stores } = await looking(({ messages }) => messages(CONV));
  await client.answerAll();
  const failure = { code: 'outbox_full', message: 'full', retryable: true };
  const error = Object.assign(new Error('full'), failure);
  const refuse = (draft: { clientMsgId?: string }) => {
    const clientMsgId = draft.clientMsgId ?? 'c-refused';
    const promise = Promise.reject(error);
    promise.catch(() => undefined);
    return Object.assign(promise, { clientMsgId });
  };
  const store = stores.messages(CONV);
  const send = vi.spyOn(client, 'send').mockImplementation(refuse);
  store.send('hello').catch(() => undefined);
  await settled();
  expect(store.get().messages[0]).toMatchObject({ status: 'failed', failure });

  send.mockRestore();
  const notFailed = Object.assign(new Error('no'), { code: 'not_failed', retryable: false });
  client.retry = () => Promise.reject(notFailed);
  await store.retry('c-refused');
  expect(client.waiting).toEqual([{ clientMsgId: 'c-refused', body: 'hello' }]);
  expect(store.get().messages).toMatchObject([{ status: 'queued', body: 'hello' }]);
});

test('what waits in the outbox after a reload is shown, told of before anybody looked', async () => {
  const client = new ModelClient();
  const store = storesOf(client.asClient).messages(CONV);
  client.user = undefined;
  await client.emit('status', queued('c1', 'from before'));
  await client.emit('status', {
    ...queued('c2'),
    status: 'failed',
    failure: { code: 'timeout', message: 'late', retryable: true },
  });
  store.subscribe(() => undefined);
  // Whose conversation it is of is known with the connection.
  client.user = ME;
  await client.goOnline();
  await client.answerAll();
  expect(store.get().messages).toMatchObject([
    { body: 'from before', status: 'queued' },
    { status: 'failed', failure: { code: 'timeout' } },
  ]);
});

test('a failed message is forgotten on request', async () => {
  const { client, stores } = await looking(({ messages }) => messages(CONV));
  await client.emit('status', queued('c1'));
  await client.emit('status', { clientMsgId: 'c1', status: 'failed' });
  client.discard = () => Promise.resolve();
  await stores.messages(CONV).discard('c1');
  expect(stores.messages(CONV).get().messages).toEqual([]);
});

test('a failed message that another tab forgets is shown no longer; one on its way is', async () => {
  const { client, stores } = await looking(({ messages }) => messages(CONV));
  for (const id of ['c1', 'c2']) await client.emit('status', queued(id));
  await client.emit('status', { clientMsgId: 'c1', status: 'failed' });
  for (const id of ['c1', 'c2']) await client.emit('discard', { clientMsgId: id });
  expect(stores.messages(CONV).get().messages).toMatchObject([{ clientMsgId: 'c2' }]);
});

test('edits, recalls and deletions change what is shown, in the list, too', async () => {
  const { client, stores } = await looking(({ conversations }) => conversations);
  const store = stores.messages(CONV);
  store.subscribe(() => undefined);
  await client.answerAll();
  const message = await client.receive('first');
  const last = () => stores.conversations.get().conversations[0]?.last?.body;
  const edit = { ...message, body: 'edited', editedAt: 5, seq: 2, own: false };
  await client.emit('edit', edit);
  expect([store.get().messages[0]?.body, last()]).toEqual(['edited', 'edited']);
  await client.emit('edit', { ...edit, body: 'older', editedAt: 4 });
  expect(last()).toBe('edited');
  const { conv, convSeq, msgId } = message;
  await client.emit('recall', { conv, convSeq, msgId, by: PEER, seq: 3 });
  expect(store.get().messages[0]).toMatchObject({ recalled: true, body: '' });
  expect(last()).toBe('');

  client.deleted.add(convSeq);
  await client.emit('delete', { conv, convSeq, seq: 4 });
  expect(store.get().messages).toEqual([]);
  await client.answerAll();
  expect(last()).toBeUndefined();
});

test('a message that another one replaces is shown no longer', async () => {
  const { client, stores } = await looking(({ messages }) => messages(CONV));
  await client.answerAll();
  await client.receive('draft');
  const next = client.store(PEER, 'c-next', 'final');
  await client.emit('message', { ...next, replaces: 1, seq: 2, own: false });
  expect(
    stores
      .messages(CONV)
      .get()
      .messages.map(({ body }) => body),
  ).toEqual(['final']);
});

test('a message that expires is shown no longer, also while nothing else happens', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  try {
    const { client, stores, listener } = await looking(({ messages }) => messages(CONV));
    await client.answerAll();
    const message = client.store(PEER, 'c-short');
    const expiresAt = Date.now() + 60_000;
    await client.emit('message', { ...message, expiresAt, seq: 1, own: false });
    await settled();
    expect(stores.messages(CONV).get().messages).toHaveLength(1);
    listener.mockClear();
    vi.advanceTimersByTime(60_000);
    await settled();
    expect(listener).toHaveBeenCalled();
    expect(stores.messages(CONV).get().messages).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});

test('of a long conversation, a bounded part is kept; the rest is loaded again', async () => {
  const { client, stores } = await looking(({ messages }) => messages(CONV));
  for (let count = 0; count < 1_200; count += 1) client.store(PEER, client.name());
  const store = stores.messages(CONV);
  await client.answerAll();
  const load = async (loading: Promise<void>) => {
    await settled();
    await client.answerAll();
    await loading;
  };
  while (store.get().hasOlder) await load(store.loadOlder());
  expect(store.get().messages).toHaveLength(500);
  expect(store.get().messages[0]?.convSeq).toBe(1);
  expect(store.get().hasNewer).toBe(true);

  // Not in its place there: it would stand behind a hole.
  await client.receive('far away');
  expect(store.get().messages.at(-1)?.convSeq).toBe(500);
  await load(store.loadNewer());
  expect(store.get().messages.at(-1)?.convSeq).toBe(550);
  await load(store.toNewest());
  expect(store.get()).toMatchObject({ hasNewer: false });
  expect(store.get().messages.at(-1)?.body).toBe('far away');
  while (store.get().messages.length < 500) await load(store.loadOlder());
  await client.receive('one more');
  expect(store.get().messages).toHaveLength(500);
});

test('unread messages are counted, marked, and marked again after a lost connection', async () => {
  const { client, stores } = await looking(({ unread }) => unread);
  const store = stores.messages(CONV);
  store.subscribe(() => undefined);
  await client.answerAll();
  await client.receive('one');
  const meant = client.store(PEER, 'c-meant');
  await client.emit('message', { ...meant, mentions: [ME], seq: 2, own: false });
  expect(stores.unread.get()).toEqual({
    messages: 2,
    conversations: 1,
    mentioned: 1,
    isComplete: true,
  });
  await client.goOffline();
  store.markRead();
  expect(stores.unread.get()).toMatchObject({ messages: 0, mentioned: 0 });
  expect(client.calls).not.toContain('read 2');
  await client.goOnline();
  await client.answerAll();
  expect(client.calls).toContain('read 2');
  expect(stores.unread.get()).toMatchObject({ messages: 0 });
});

test('the list goes on where it ended, page by page', async () => {
  const { client, stores } = await looking(({ conversations }) => conversations);
  const page = (from: number, next?: string) => ({
    conversations: Array.from({ length: 50 }, (_, at) => ({
      conv: `group:g${from + at}`,
      ...{ head: 1, unread: 1, read: 0, receipts: [], crowd: false },
      activeAt: 1_000 - from - at,
    })),
    ...(next === undefined ? {} : { next }),
  });
  for (const { resolve } of client.questions.splice(0)) resolve(page(0, 'p2') as never);
  await settled();
  expect(stores.conversations.get()).toMatchObject({ isLoaded: true, hasMore: true });
  expect(stores.unread.get()).toMatchObject({ messages: 50, isComplete: false });
  const loading = stores.conversations.loadMore();
  for (const { resolve } of client.questions.splice(0)) resolve(page(50) as never);
  await loading;
  expect(
    stores.conversations
      .get()
      .conversations.map(({ conv }) => conv)
      .at(-1),
  ).toBe('group:g99');
  expect(stores.conversations.get().hasMore).toBe(false);
});

test('why something could not be loaded is told, and the next connection tries again', async () => {
  const { client, stores } = await looking(({ messages }) => messages(CONV));
  const error = Object.assign(new Error('not yours'), { code: 'not_allowed', retryable: false });
  for (const { reject } of client.questions.splice(0)) reject(error);
  await settled();
  const failure = { code: 'not_allowed', message: 'not yours', retryable: false };
  expect(stores.messages(CONV).get()).toMatchObject({ isLoaded: false, failure });
  await client.goOffline();
  await client.goOnline();
  await client.answerAll();
  expect(stores.messages(CONV).get()).toMatchObject({ isLoaded: true });
  expect(stores.messages(CONV).get().failure).toBeUndefined();
});

test('after a reset the conversations are read anew, and later events wait for that', async () => {
  const { client, stores } = await looking(({ conversations }) => conversations);
  const store = stores.messages(CONV);
  store.subscribe(() => undefined);
  await client.answerAll();
  await client.receive('before');
  client.stored = [];
  client.store(PEER, 'c-new', 'of another numbering');
  let isTaken = false;
  const taken = client.emit('reset', { reason: 'epoch_changed', head: 9 }).then(() => {
    isTaken = true;
  });
  await settled();
  expect(isTaken).toBe(false);
  expect(stores.conversations.get().conversations).toEqual([]);
  await client.answerAll();
  await taken;
  expect(stores.conversations.get()).toMatchObject({
    isLoaded: true,
    conversations: [{ head: 1 }],
  });
  expect(store.get().messages.map(({ body }) => body)).toEqual(['of another numbering']);
});

test('who stops looking does not hold a reset back', async () => {
  const { client, stop } = await looking(({ conversations }) => conversations);
  await client.answerAll();
  const taken = client.emit('reset', { reason: 'below_floor', head: 9 });
  await settled();
  await client.goOffline();
  stop();
  await taken;
});

test('groups: a title that is changed, and one that is left', async () => {
  const { client, stores } = await looking(({ conversations }) => conversations);
  await client.answerAll();
  const conv = 'group:team';
  await client.emit('group', { op: 'created', conv, at: 5, users: [ME], title: 'Team', seq: 1 });
  const rows = () => stores.conversations.get().conversations.map(({ title }) => title);
  expect(rows()).toEqual(['Team']);
  await client.emit('group', { op: 'edited', conv, at: 6, title: 'The team', seq: 2 });
  expect(rows()).toEqual(['The team']);
  await client.emit('group', { op: 'left', conv, at: 7, users: [ME], seq: 3 });
  expect(rows()).toEqual([]);
});

test('the connection: what it is, when it is tried again, and why it ended', async () => {
  const { client, stores } = await looking(({ connection }) => connection);
  expect(stores.connection.get()).toMatchObject({
    state: { state: 'connected' },
    wasConnected: true,
  });
  await client.goOffline();
  const { since, retryAt } = stores.connection.get();
  expect(retryAt).toBe(since + 500);
  await client.emit('state', { state: 'disconnected', reason: 'kicked' });
  const kicked = { reason: 'replaced', message: 'elsewhere' } as const;
  await client.emit('kicked', kicked);
  expect(stores.connection.get()).toMatchObject({ kicked, state: { reason: 'kicked' } });
  await client.goOnline();
  expect(stores.connection.get().kicked).toBeUndefined();
});

test('typing: shown for a while, told at most every few seconds', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  try {
    const { client, stores } = await looking(({ typing }) => typing(CONV));
    const { get, typed } = stores.typing(CONV);
    client.ephemeral = vi.fn(nothing);
    const sign = { conv: CONV, kind: 'typing', body: null };
    await client.emit('ephemeral', { ...sign, sender: PEER });
    await client.emit('ephemeral', { ...sign, sender: ME });
    await client.emit('ephemeral', { ...sign, sender: 'carol', kind: 'other' });
    expect(get()).toEqual([PEER]);
    vi.advanceTimersByTime(6_000);
    expect(get()).toEqual([]);
    for (let key = 0; key < 10; key += 1) typed();
    expect(client.ephemeral).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(3_000);
    typed();
    expect(client.ephemeral).toHaveBeenCalledTimes(2);
    expect(client.ephemeral).toHaveBeenLastCalledWith({ user: PEER }, 'typing', null);
  } finally {
    vi.useRealTimers();
  }
});

test('presence: asked for those who are shown, together', async () => {
  const client = new ModelClient();
  const watch = vi.fn<(users: string[]) => Promise<void>>(nothing);
  const unwatch = vi.fn<(users: string[]) => Promise<void>>(nothing);
  client.presence = { watch, unwatch };
  const { presence } = storesOf(client.asClient);
  const stops = ['carol', 'bob', 'bob'].map((user) => presence(user).subscribe(() => undefined));
  await settled();
  expect(watch.mock.calls).toEqual([[['carol', 'bob']]]);
  await client.emit('presence', { users: [{ user: 'bob', online: true, lastSeenAt: 0 }] });
  expect(presence('bob').get()).toMatchObject({ online: true });
  stops[0]?.();
  stops[1]?.();
  await settled();
  expect(unwatch.mock.calls).toEqual([[['carol']]]);
  expect(presence('bob').get()).toMatchObject({ online: true });
});

const broadcast = (id: number, changes: object = {}) => ({
  ...{ id, version: 1, kind: 'text', title: `Title ${id}`, body: 'x', publishedAt: id },
  ...{ everyDevice: false, seen: false, opened: false },
  ...changes,
});

test('broadcasts: held, new, changed, opened, dismissed, withdrawn', async () => {
  const client = new ModelClient();
  client.broadcasts = () => Promise.resolve([broadcast(1, { seen: true })]);
  client.opened = vi.fn(nothing);
  const { broadcasts } = storesOf(client.asClient);
  broadcasts.subscribe(() => undefined);
  // What is told before the list comes is newer than the list.
  await client.emit('broadcast', {
    change: 'changed',
    id: 1,
    broadcast: broadcast(1, { version: 2 }),
  });
  await settled();
  expect(broadcasts.get()).toMatchObject({ isLoaded: true, broadcasts: [{ id: 1, version: 2 }] });

  await client.emit('broadcast', { change: 'new', id: 2, broadcast: broadcast(2) });
  await client.emit('broadcast', { change: 'new', id: 3, broadcast: broadcast(3) });
  expect(broadcasts.get().fresh.map(({ id }) => id)).toEqual([3, 2]);
  expect(broadcasts.get().unopened).toBe(3);
  await broadcasts.open(3);
  broadcasts.dismiss(2);
  expect(broadcasts.get()).toMatchObject({ fresh: [], unopened: 2 });
  expect(client.opened).toHaveBeenCalledWith(3);
  await client.emit('broadcast', { change: 'withdrawn', id: 3 });
  expect(broadcasts.get().broadcasts.map(({ id }) => id)).toEqual([2, 1]);
});

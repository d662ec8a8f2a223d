import type { Client } from 'seqline';
import { expect, test } from 'vitest';

import { connectedClient, until } from './support/client.ts';
import { FakeRelay } from './support/fake-relay.ts';
import { CREATED_MS, CREATED_US, wireMessage } from './support/wire.ts';

const conv = 'group:team';

async function connected() {
  const relay = await FakeRelay.start();
  return { relay, ...(await connectedClient(relay)) };
}

test('a method is called by its name, in the words of both sides', async () => {
  const { relay, client } = await connected();
  relay.answer('groups.get', () => ({ conv, created_us: CREATED_US, own: { muted_until_us: 0 } }));
  expect(await client.call('groups.get', { conv })).toEqual({
    conv,
    createdAt: CREATED_MS,
    own: { mutedUntil: 0 },
  });
  relay.answer('some.newer', ({ some_value }) => ({ other_value: some_value }));
  expect(await client.call('some.newer', { someValue: 1 })).toEqual({ otherValue: 1 });
  expect(relay.calls('some.newer')).toEqual([{ some_value: 1 }]);
});

type Ask = (client: Client) => Promise<unknown>;

test.each<[string, Ask, object]>([
  ['groups.create', (c) => c.groups.create({ conv, title: 'T' }), { conv, title: 'T' }],
  ['groups.get', (c) => c.groups.get(conv), { conv }],
  ['groups.members', (c) => c.groups.members(conv, { after: 'bob' }), { conv, after: 'bob' }],
  ['groups.invite', (c) => c.groups.invite(conv, ['bob']), { conv, users: ['bob'] }],
  ['groups.join', (c) => c.groups.join(conv), { conv }],
  ['groups.leave', (c) => c.groups.leave(conv), { conv }],
  ['groups.remove', (c) => c.groups.remove(conv, ['bob']), { conv, users: ['bob'] }],
  ['groups.transfer', (c) => c.groups.transfer(conv, 'bob'), { conv, user: 'bob' }],
  ['groups.role', (c) => c.groups.role(conv, 'bob', 'admin'), { conv, user: 'bob', role: 'admin' }],
  ['groups.mute', (c) => c.groups.mute(conv, 'bob', 5), { conv, user: 'bob', until_us: 5_000 }],
  ['groups.mute_all', (c) => c.groups.muteAll(conv, true), { conv, muted: true }],
  ['groups.edit', (c) => c.groups.edit(conv, { join: 'open' }), { conv, join: 'open' }],
  ['groups.dissolve', (c) => c.groups.dissolve(conv), { conv }],
  ['messages.edit', (c) => c.messages.edit(conv, 3, 'x'), { conv, conv_seq: 3, body: 'x' }],
  ['messages.edit', (c) => c.messages.edit(conv, 3, [1]), { conv, conv_seq: 3, body: '[1]' }],
  ['messages.delete', (c) => c.messages.delete(conv, 3), { conv, conv_seq: 3 }],
  ['messages.receipts', (c) => c.messages.receipts(conv, 3), { conv, conv_seq: 3 }],
  ['conversations.clear', (c) => c.conversations.clear(conv), { conv }],
  ['devices.list', (c) => c.devices.list(), {}],
  ['devices.end', (c) => c.devices.end('d1'), { device: 'd1' }],
  ['presence.share', (c) => c.presence.share(true), { shared: true }],
  ['presence.get', (c) => c.presence.get(['bob']), { users: ['bob'] }],
])('%s', async (method, ask, params) => {
  const { relay, client } = await connected();
  await ask(client);
  expect(relay.calls(method)).toEqual([params]);
});

test('records and what is found are messages', async () => {
  const { relay, client } = await connected();
  const record = {
    ...wireMessage(3, { edited_us: 9_000 }),
    app: 'demo',
    category: 'direct',
    read: true,
  };
  relay.answer('messages.list', () => ({ messages: [record], more: false }));
  relay.answer('messages.search', () => ({ messages: [record], next: 7 }));
  const shown = {
    convSeq: 3,
    body: 'text 3',
    recalled: false,
    editedAt: 9,
    category: 'direct',
    read: true,
  };
  const { messages } = await client.messages.list(conv, { since: 5 });
  expect(messages).toMatchObject([shown]);
  expect(relay.calls('messages.list')).toEqual([{ conv, since_us: 5_000 }]);
  const found = await client.messages.search('text', { sender: 'bob', before: 9 });
  expect(found).toMatchObject({ messages: [shown], next: 7 });
  expect(relay.calls('messages.search')).toEqual([{ text: 'text', sender: 'bob', before: 9 }]);
});

test('a refusal says why; a body that is none is not asked about', async () => {
  const { relay, client } = await connected();
  relay.on('call', ({ req }, socket) => {
    const message = 'only admins may';
    socket.say({ error: { code: 'not_allowed', message, retryable: false, req } });
  });
  const removing = client.groups.remove(conv, ['bob']);
  await expect(removing).rejects.toMatchObject({ code: 'not_allowed', message: 'only admins may' });
  const editing = client.messages.edit(conv, 3, (() => 1) as never);
  await expect(editing).rejects.toMatchObject({ code: 'field_invalid' });
});

test('what can be done twice is asked again after a lost connection, other things are told', async () => {
  const { relay, client } = await connected();
  relay.on('call', (_, socket) => {
    relay.off('call');
    socket.cut();
  });
  expect(await client.groups.get(conv)).toEqual({});
  expect(relay.calls('groups.get')).toHaveLength(2);

  relay.on('call', (_, socket) => {
    relay.off('call');
    socket.cut();
  });
  await expect(client.groups.create({ conv, title: 'T' })).rejects.toMatchObject({
    code: 'connection_lost',
  });
  expect(relay.calls('groups.create')).toHaveLength(1);
  await until(() => client.state.state === 'connected');
});

test('a draft carries key, business and mentions', async () => {
  const { relay, client } = await connected();
  await client.send({
    to: { conv },
    body: 'x',
    key: 'order-1',
    replace: true,
    business: 'order',
    mentions: ['bob', '@all'],
  });
  expect(relay.all('send')).toMatchObject([
    { key: 'order-1', replace: true, business: 'order', mentions: ['bob', '@all'] },
  ]);
});

test('the platform is told', async () => {
  const relay = await FakeRelay.start();
  await connectedClient(relay, { platform: 'phone' });
  expect(relay.all('hello')).toMatchObject([{ platform: 'phone' }]);
});

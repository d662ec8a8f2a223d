import { expect, test } from 'vitest';

import { connectedClient, newClient, next, record, until } from './support/client.ts';
import { FakeRelay } from './support/fake-relay.ts';

const room = 'room:stage';

/** What bob said, at a time in seconds. */
const said = (at_s: number) => ({
  sender: 'bob',
  kind: 'text',
  body: `at ${at_s}`,
  priority: 'normal',
  at_us: at_s * 1_000_000,
});

test('presence is told in the words of the app', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  const told = next(client, 'presence');
  await client.presence.watch(['bob', 'carol']);
  const users = [
    { user: 'bob', online: true },
    { user: 'carol', online: false, last_seen_us: 9_000 },
  ];
  relay.socket.say({ event: { name: 'presence', value: JSON.stringify({ users }) } });
  expect(await told).toEqual({
    users: [
      { user: 'bob', online: true },
      { user: 'carol', online: false, lastSeenAt: 9 },
    ],
  });
});

test('who is watched is watched on the next connection, too', async () => {
  const relay = await FakeRelay.start();
  const client = newClient(relay);
  await client.presence.watch(['bob', 'carol']);
  await client.presence.watch(['dave']);
  await client.presence.unwatch(['carol']);
  await client.connect();
  await until(() => relay.calls('presence.watch').length === 1);
  relay.socket.cut();
  await until(() => relay.calls('presence.watch').length === 2);
  expect(relay.calls('presence.watch')).toEqual([
    { users: ['bob', 'dave'] },
    { users: ['bob', 'dave'] },
  ]);
});

test('a room is entered again, and what was missed is told once', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  const told = record(client, 'room');
  relay.answer('rooms.join', () => ({ online: 2, recent: [said(1), said(2)] }));
  const state = await client.rooms.join(room);
  expect(state).toMatchObject({ online: 2, recent: [{ body: 'at 1', at: 1_000 }, { at: 2_000 }] });

  const event = { conv: room, online: 3, messages: [said(3)], dropped: 4 };
  relay.socket.say({ event: { name: 'room', value: JSON.stringify(event) } });
  await until(() => told.length === 1);
  expect(told[0]).toMatchObject({ conv: room, online: 3, messages: [{ at: 3_000 }], dropped: 4 });

  relay.answer('rooms.join', () => ({ online: 5, recent: [said(2), said(3), said(4)] }));
  relay.socket.cut();
  await until(() => told.length === 2);
  expect(told[1]).toMatchObject({ conv: room, online: 5, messages: [{ at: 4_000 }], dropped: 0 });
});

test('a room that was left is not entered again', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  relay.answer('rooms.join', () => ({ online: 1, recent: [] }));
  await client.rooms.join(room);
  await client.rooms.send(room, { emoji: 'heart' }, { priority: 'low' });
  expect(relay.calls('rooms.send')).toEqual([
    { conv: room, kind: 'json', body: '{"emoji":"heart"}', priority: 'low' },
  ]);
  await client.rooms.leave(room);
  const connected = next(client, 'state', ({ state }) => state === 'connected');
  relay.socket.cut();
  await connected;
  await client.devices.list();
  expect(relay.calls('rooms.join')).toHaveLength(1);
});

test('a room that one may not enter any more is told as an error', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  relay.answer('rooms.join', () => ({ online: 1, recent: [] }));
  await client.rooms.join(room);
  relay.on('call', ({ req }, socket) => {
    socket.say({ error: { code: 'not_allowed', message: 'no', retryable: false, req } });
  });
  const failed = next(client, 'error');
  relay.socket.cut();
  expect(await failed).toMatchObject({ code: 'not_allowed' });
});

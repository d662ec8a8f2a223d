import { createClient, SeqlineError } from 'seqline';
import { expect, test } from 'vitest';

import { connectedClient, newClient, next, record, until } from './support/client.ts';
import { FakeRelay } from './support/fake-relay.ts';

test('connects, and says who it is', async () => {
  const relay = await FakeRelay.start();
  const client = newClient(relay, { appVersion: '1.2.3' });
  const states = record(client, 'state');
  expect(client.state).toEqual({ state: 'disconnected', reason: 'initial' });
  expect(client.user).toBeUndefined();

  await client.connect();

  expect(client.user).toBe('alice');
  expect(client.state).toEqual({
    state: 'connected',
    user: 'alice',
    session: 's-1',
    transport: 'socket',
  });
  expect(states).toEqual([
    { state: 'connecting', attempt: 0, retryInMs: 0, offline: false },
    { state: 'connected', user: 'alice', session: 's-1', transport: 'socket' },
  ]);
  expect(relay.all('hello')).toMatchObject([{ host: 'node', app_version: '1.2.3', version: 1 }]);
});

test('calls of connect() share one connection', async () => {
  const relay = await FakeRelay.start();
  const client = newClient(relay);
  await Promise.all([client.connect(), client.connect()]);
  await client.connect();
  expect(relay.sockets).toHaveLength(1);
});

test('comes back by itself when the connection is lost', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  const connected = next(client, 'state', ({ state }) => state === 'connected');
  relay.socket.cut();
  await connected;
  expect(client.stats()).toMatchObject({ connects: 2, losses: 1 });
});

test('after disconnect() nothing comes back by itself, and connect() does', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  client.disconnect();
  expect(client.state).toEqual({ state: 'disconnected', reason: 'requested' });
  await client.connect();
  expect(relay.sockets).toHaveLength(2);
});

test('disconnect() before the connection is there rejects connect()', async () => {
  const relay = await FakeRelay.start();
  relay.on('hello', () => undefined);
  const client = newClient(relay);
  const connecting = client.connect();
  await relay.nth('hello', 1);
  client.disconnect();
  await expect(connecting).rejects.toMatchObject({ code: 'disconnected' });
});

test('disconnect() while everything is still being loaded opens no socket', async () => {
  const relay = await FakeRelay.start();
  const client = newClient(relay);
  const connecting = client.connect();
  client.disconnect();
  await expect(connecting).rejects.toMatchObject({ code: 'disconnected' });
  // Anything that waited for loading has had its turn once this is answered.
  await expect(client.ephemeral({ user: 'bob' }, 'typing', '')).rejects.toMatchObject({
    code: 'not_connected',
  });
  expect(relay.sockets).toHaveLength(0);
});

test('a kick is final', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  const kicks = record(client, 'kicked');
  const down = next(client, 'state', ({ state }) => state === 'disconnected');
  relay.socket.say({ kick: { reason: 'replaced', message: 'Another tab took over.' } });
  relay.socket.close(4020);
  expect(await down).toMatchObject({ reason: 'kicked', failure: { code: 'kicked' } });
  expect(kicks).toEqual([{ reason: 'replaced', message: 'Another tab took over.' }]);
  expect(relay.sockets).toHaveLength(1);
});

test('a refusal that cannot heal rejects connect() and is told', async () => {
  const relay = await FakeRelay.start();
  relay.on('hello', (_, socket) => {
    const message = 'The signature is wrong.';
    socket.say({ error: { code: 'token_invalid', message, retryable: false } });
    socket.close(4010);
  });
  const client = newClient(relay);
  const errors = record(client, 'error');
  await expect(client.connect()).rejects.toThrow(SeqlineError);
  await expect(client.connect()).rejects.toMatchObject({
    code: 'token_invalid',
    message: 'The signature is wrong.',
    retryable: false,
  });
  expect(client.state).toMatchObject({
    state: 'disconnected',
    reason: 'refused',
    failure: { code: 'token_invalid' },
  });
  expect(errors[0]).toMatchObject({ code: 'token_invalid' });
});

test('what is not a frame is told, and heals by a new connection', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  const errors = record(client, 'error');
  const connected = next(client, 'state', ({ state }) => state === 'connected');
  relay.socket.say({ welcome: { nonsense: true } });
  await connected;
  expect(errors).toMatchObject([{ code: 'protocol_violation' }]);
});

test.each([
  ['nonsense', 'is not an absolute URL'],
  ['/v1/socket', 'is not an absolute URL'],
  ['ftp://chat.example.com', 'has the protocol ftp:'],
  ['https://me:secret@chat.example.com', 'has a user or a password'],
  ['https://chat.example.com/#top', 'has a fragment'],
])('the URL %s is an error at once', (url, reason) => {
  expect(() => createClient(url, { token: 'x' })).toThrow(reason);
  expect(() => createClient(url, { token: 'x' })).toThrow(
    expect.objectContaining({ code: 'url_invalid', retryable: false }),
  );
});

test('a path of its own is taken as it is', async () => {
  const relay = await FakeRelay.start();
  const client = createClient(`${relay.url.replace('http:', 'ws:')}/v1/socket`, { token: 'x' });
  await client.connect();
  await client.dispose();
});

test('after dispose() every call is refused', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  const waiting = client.history('dm:alice:bob');
  await Promise.all([
    client.dispose(),
    expect(waiting).rejects.toMatchObject({ code: 'disconnected' }),
  ]);
  await expect(client.connect()).rejects.toMatchObject({ code: 'disconnected' });
  await expect(client.send({ to: { user: 'bob' }, body: 'x' })).rejects.toMatchObject({
    code: 'disconnected',
  });
  expect(client.state).toEqual({ state: 'disconnected', reason: 'requested' });
});

test('may be disposed of from within a handler', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  let done: Promise<void> | undefined;
  client.on('ephemeral', () => {
    done = client.dispose();
  });
  relay.socket.say({
    ephemeral: { conv: 'dm:alice:bob', sender: 'bob', kind: 'typing', body: '' },
  });
  await until(() => done !== undefined);
  await done;
  expect(client.state).toEqual({ state: 'disconnected', reason: 'requested' });
});

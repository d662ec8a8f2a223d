import type { TokenReason } from 'seqline';
import { expect, test } from 'vitest';

import { connectedClient, newClient, next, record, TOKEN, until } from './support/client.ts';
import { FakeRelay, type FakeSocket } from './support/fake-relay.ts';

/** Refuses tokens as expired, except one. */
function acceptOnly(relay: FakeRelay, token: string): void {
  relay.on('hello', (content, socket: FakeSocket) => {
    if (content['token'] === token) {
      socket.say(relay.welcome(content));
    } else {
      const message = 'The token has expired.';
      socket.say({ error: { code: 'token_expired', message, retryable: true } });
      socket.close(4011);
    }
  });
}

test('a token is fetched once to connect', async () => {
  const relay = await FakeRelay.start();
  const reasons: TokenReason[] = [];
  await connectedClient(relay, {
    token: (reason) => {
      reasons.push(reason);
      return TOKEN;
    },
  });
  expect(reasons).toEqual(['connect']);
  expect(relay.all('hello')).toMatchObject([{ token: TOKEN }]);
});

test('an expired token is replaced by a fresh one', async () => {
  const relay = await FakeRelay.start();
  acceptOnly(relay, 'fresh');
  const client = newClient(relay, {
    token: (reason) => Promise.resolve(reason === 'expired' ? 'fresh' : TOKEN),
  });
  await client.connect();
  expect(relay.all('hello').map(({ token }) => token)).toEqual([TOKEN, 'fresh']);
});

test('a plain token that has expired stops the client', async () => {
  const relay = await FakeRelay.start();
  acceptOnly(relay, 'another');
  const client = newClient(relay);
  const errors = record(client, 'error');
  await expect(client.connect()).rejects.toMatchObject({ code: 'token_expired' });
  expect(errors).toMatchObject([{ code: 'token_expired' }]);
  expect(client.state).toMatchObject({
    state: 'disconnected',
    reason: 'refused',
    failure: { code: 'token_expired' },
  });
});

test('a token that is about to expire is replaced on the open connection', async () => {
  const relay = await FakeRelay.start();
  relay.on('hello', (content, socket) => {
    const { welcome } = relay.welcome(content);
    const now_us = welcome?.['now_us'] as number;
    socket.say({ welcome: { ...welcome, token_expires_us: now_us + 50_000 } });
  });
  const { client } = await connectedClient(relay, {
    token: (reason) => (reason === 'refresh' ? 'fresh' : TOKEN),
  });
  expect(await relay.nth('refresh', 1)).toMatchObject({ token: 'fresh' });
  expect(client.state.state).toBe('connected');
});

test('without a token now, it is asked for again, and what was sent waits', async () => {
  const relay = await FakeRelay.start();
  let calls = 0;
  const client = newClient(relay, {
    account: 'demo/alice',
    token: () => {
      calls += 1;
      return calls < 3 ? Promise.reject(new Error('the server is down')) : TOKEN;
    },
  });
  const errors = record(client, 'error');
  const sending = client.send({ to: { user: 'bob' }, body: 'x' });
  await client.connect();
  await sending;
  expect(errors).toMatchObject(
    Array(2).fill({ code: 'token_unavailable', message: 'the server is down', retryable: true }),
  );
});

test('without an account, the first token is waited for before anything is stored', async () => {
  const relay = await FakeRelay.start();
  let isDown = true;
  const client = newClient(relay, {
    token: () => (isDown ? Promise.reject(new Error('down')) : TOKEN),
  });
  const errors = record(client, 'error');
  const retrying = next(client, 'state', (state) => 'retryInMs' in state && state.retryInMs > 0);
  const connecting = client.connect();
  const sending = client.send({ to: { user: 'bob' }, body: 'x' });
  expect(await retrying).toEqual({
    state: 'connecting',
    attempt: 1,
    retryInMs: 1000,
    offline: false,
  });
  // Trying again by hand does not sit out the pause.
  expect(errors).toMatchObject([{ code: 'token_unavailable' }]);
  client.disconnect();
  await expect(connecting).rejects.toMatchObject({ code: 'disconnected' });
  isDown = false;
  await client.connect();
  expect(await sending).toMatchObject({ convSeq: 1 });
});

test.each([
  ['nothing', undefined],
  ['an empty string', ''],
  ['a number', 1],
])('a function that gives %s has no token', async (_, value) => {
  const relay = await FakeRelay.start();
  const client = newClient(relay, { account: 'a', token: () => value as string });
  const errors = record(client, 'error');
  client.connect().catch(() => undefined);
  await until(() => errors.length > 0);
  expect(errors[0]).toMatchObject({ code: 'token_unavailable' });
});

test('a function that never answers is given up', async () => {
  const relay = await FakeRelay.start();
  const client = newClient(relay, {
    account: 'a',
    connectTimeoutMs: 20,
    token: () => new Promise(() => undefined),
  });
  const errors = record(client, 'error');
  client.connect().catch(() => undefined);
  await until(() => errors.length > 0);
  expect(errors[0]?.message).toBe('the `token` function gave nothing within 20 ms');
});

test('a failing function that throws at once is no different', async () => {
  const relay = await FakeRelay.start();
  const client = newClient(relay, {
    account: 'a',
    token: () => {
      throw new Error('not logged in');
    },
  });
  const errors = record(client, 'error');
  client.connect().catch(() => undefined);
  await until(() => errors.length > 0);
  expect(errors[0]).toMatchObject({ code: 'token_unavailable', message: 'not logged in' });
});

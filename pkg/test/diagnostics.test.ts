import { readFile } from 'node:fs/promises';

import type { LogEntry } from 'seqline';
import { expect, test, vi } from 'vitest';

import { connectedClient, newClient, next, record, TOKEN, until } from './support/client.ts';
import { FakeRelay } from './support/fake-relay.ts';
import { messageEntry, shows } from './support/wire.ts';

test('a report says what runs where, in what state, and what happened last', async () => {
  const relay = await FakeRelay.start();
  const { client } = await connectedClient(relay);
  const { version } = JSON.parse(
    await readFile(new URL('../package.json', import.meta.url), 'utf8'),
  ) as { version: string };
  const report = await client.report();
  expect(report).toMatchObject({ version, host: 'node', state: client.state });
  expect(Object.keys(report.stats)).toEqual(Object.keys(client.stats()));
  expect(report.log.map(({ level, event, state }) => [level, event, state])).toEqual([
    ['info', 'state', 'connecting'],
    ['info', 'state', 'connected'],
    ['info', 'synced', undefined],
  ]);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

test('a report says why the client ended, without what was caught', async () => {
  const relay = await FakeRelay.start();
  relay.on('hello', (_, socket) => {
    socket.say({ error: { code: 'token_invalid', message: 'bad signature', retryable: false } });
    socket.close(4010);
  });
  const client = newClient(relay);
  client.on('error', () => undefined);
  await client.connect().catch(() => undefined);
  const { state, log } = await client.report();
  expect(state).toMatchObject({ reason: 'refused', failure: { code: 'token_invalid' } });
  expect(log).toContainEqual(
    expect.objectContaining({ level: 'error', event: 'error', code: 'token_invalid' }),
  );
});

test('five hundred events are kept, the latest ones', async () => {
  const relay = await FakeRelay.start();
  const { client, messages } = await connectedClient(relay, {
    log: 'debug',
    logger: () => undefined,
  });
  relay.sendMessages(600);
  await until(() => messages.length === 600);
  const { log } = await client.report();
  expect(log).toHaveLength(500);
  expect(log.filter(({ event }) => event === 'message').at(-1)).toMatchObject({ convSeq: 600 });
});

test('neither what people wrote nor a token is ever logged or reported', async () => {
  const secret = 'Top-Secret-Text';
  const relay = await FakeRelay.start();
  relay.answer('broadcasts.seen', () => ({ new: [1] }));
  const entries: LogEntry[] = [];
  const { client } = await connectedClient(relay, {
    log: 'debug',
    logger: (entry) => entries.push(entry),
    token: () => TOKEN,
  });
  client.on('broadcast', () => undefined);
  client.on('error', () => undefined);
  await client.send({ to: { user: 'bob' }, body: secret });
  await client.send({ to: { user: 'bob' }, kind: 'card', body: { title: secret, list: [secret] } });
  const told = next(client, 'broadcast');
  relay.publish(shows(1, { title: secret, body: secret }));
  await told;
  relay.add(messageEntry(relay.timeline.length + 1, { body: secret }));
  const change = { message: { ...(messageEntry(1, { body: secret }).item['message'] as object) } };
  const seq = relay.timeline.length + 1;
  const edit = { seq, item: { edit: change } };
  relay.add(edit);
  relay.socket.say({ notify: { head: seq, pub_head: 1 } });
  relay.socket.say({ ephemeral: { conv: 'dm:alice:bob', sender: 'bob', kind: 'x', body: secret } });
  await next(client, 'edit');
  // An app's own error may have anything in its text.
  client.on('message', () => {
    throw new Error(`could not fetch with ${TOKEN}`);
  });
  const failed = next(client, 'error');
  relay.sendMessages(1);
  await failed;

  const all = JSON.stringify([entries, await client.report()]);
  expect(entries.length).toBeGreaterThan(20);
  expect(all).toContain('handler_failed');
  expect(all).not.toContain(secret);
  expect(all).not.toContain(TOKEN);
  expect(all).not.toContain(TOKEN.split('.')[1]);
});

test('frames are logged by kind and size, in both encodings', async () => {
  const relay = await FakeRelay.start();
  const frames: LogEntry[] = [];
  const { client } = await connectedClient(relay, {
    log: 'debug',
    logger: (entry) => entry.event === 'frame' && frames.push(entry),
  });
  await client.send({ to: { user: 'bob' }, body: 'x' });
  relay.socket.sayText('{ "notify": { "head": 1 } }');
  await until(() => frames.some(({ kind }) => kind === 'notify'));
  const kinds = (way: string) =>
    frames.filter((one) => one['way'] === way).map((one) => one['kind']);
  expect(kinds('out')).toEqual(expect.arrayContaining(['hello', 'send']));
  expect(kinds('in')).toEqual(expect.arrayContaining(['welcome', 'sent', 'push', 'notify']));
  expect(kinds('in')).not.toContain('unknown');
  expect(frames.find(({ kind }) => kind === 'notify')).toMatchObject({ level: 'debug', bytes: 27 });
});

test('a level tells what is as bad and worse, from the beginning', async () => {
  const relay = await FakeRelay.start();
  for (const [log, expected] of [
    ['error', []],
    ['warn', ['kicked']],
    ['info', ['state', 'state', 'kicked', 'state']],
    [undefined, ['state', 'state', 'kicked', 'state']],
  ] as const) {
    const entries: LogEntry[] = [];
    const client = newClient(relay, {
      ...(log ? { log } : {}),
      logger: (entry) => entries.push(entry),
    });
    await client.connect();
    const kicked = next(client, 'kicked');
    relay.socket.say({ kick: { reason: 'replaced', message: 'elsewhere' } });
    relay.socket.close(4020);
    await kicked;
    await until(() => client.state.state === 'disconnected');
    expect(entries.map(({ event }) => event)).toEqual(expected);
    expect(entries.every(({ at }) => Math.abs(at - Date.now()) < 60_000)).toBe(true);
  }
});

test('the console is where it goes by itself, at the level of each entry', async () => {
  const relay = await FakeRelay.start();
  const info = vi.spyOn(console, 'info').mockImplementation(() => undefined);
  const { client } = await connectedClient(relay, { log: 'info' });
  await client.dispose();
  expect(info).toHaveBeenCalledWith(
    expect.stringMatching(/^seqline \d{4}-.*Z state$/),
    expect.objectContaining({ state: 'connected' }),
  );
  info.mockRestore();
});

test('a logger that throws harms nothing', async () => {
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const relay = await FakeRelay.start();
  const { client, messages } = await connectedClient(relay, {
    logger: () => {
      throw new Error('full disk');
    },
  });
  relay.sendMessages(1);
  await until(() => messages.length === 1);
  expect(client.state.state).toBe('connected');
  expect(complaints).toHaveBeenCalledWith('seqline: `logger` failed', expect.any(Error));
  complaints.mockRestore();
});

test.each([
  ['by itself, an error that nobody listens to goes to the console', undefined, 1],
  ['a silent client leaves the console alone', 'silent' as const, 0],
])('%s', async (_, log, times) => {
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const relay = await FakeRelay.start();
  const client = newClient(relay, {
    ...(log ? { log } : {}),
    token: () => Promise.reject(new Error('no network')),
  });
  const states = record(client, 'state');
  client.connect().catch(() => undefined);
  await until(() => states.some((state) => state.state === 'connecting' && state.retryInMs > 0));
  expect(complaints).toHaveBeenCalledTimes(times);
  complaints.mockRestore();
});

import { memoryStorage, type Host } from 'seqline';
import { expect, test } from 'vitest';

import { Delivery } from '../dist/session/delivery.js';
import { Emitter } from '../dist/emitter.js';
import { connectedClient, newClient, next, record, until } from './support/client.ts';
import { FakeRelay } from './support/fake-relay.ts';
import { messageEntry, wireMessage } from './support/wire.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

test('messages come once and in order, whatever is pushed', async () => {
  const relay = await FakeRelay.start();
  const { client, messages } = await connectedClient(relay);
  relay.add(...numbers(5).map((seq) => messageEntry(seq)));
  const pushed = (...seqs: number[]) => ({
    push: { entries: seqs.map((seq) => messageEntry(seq)) },
  });
  relay.socket.say(pushed(1), pushed(4, 5), pushed(1, 2));
  await until(() => messages.length === 5);
  expect(messages.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  expect(client.stats()).toMatchObject({ gapsHealed: 1, cursor: 5, head: 5 });
  expect(client.stats().duplicatesDropped).toBeGreaterThan(0);
});

test('nothing is handed over before a message handler listens, and then all of it', async () => {
  const relay = await FakeRelay.start();
  const client = newClient(relay);
  const reads = record(client, 'read');
  relay.add({ seq: 1, item: { read: { conv: 'dm:alice:bob', conv_seq: 3 } } }, messageEntry(2));
  await client.connect();
  // With the list of the public mailbox.
  await until(() => client.stats().inbox === 3);
  expect(reads).toEqual([]);
  expect(client.stats().cursor).toBe(0);

  const messages = record(client, 'message');
  await until(() => messages.length === 1);
  expect(reads).toEqual([{ seq: 1, conv: 'dm:alice:bob', convSeq: 3 }]);
  expect(await relay.nth('ack', relay.all('ack').length + 1)).toEqual({ cursor: 2 });
});

test('the cursor moves when the handler is done, not before', async () => {
  const relay = await FakeRelay.start();
  const client = newClient(relay);
  let finish: (() => void) | undefined;
  client.on('message', () => new Promise((resolve) => (finish = resolve)));
  await client.connect();
  relay.sendMessages(1);
  await until(() => finish !== undefined);
  expect(client.stats().cursor).toBe(0);
  finish?.();
  await until(() => client.stats().cursor === 1);
});

test('handlers of one event are called one after the other, in the order of on()', async () => {
  const relay = await FakeRelay.start();
  const client = newClient(relay);
  const calls: string[] = [];
  client.on('message', async ({ seq }) => {
    await Promise.resolve();
    calls.push(`first ${seq}`);
  });
  client.on('message', ({ seq }) => {
    calls.push(`second ${seq}`);
  });
  await client.connect();
  relay.sendMessages(2);
  await until(() => calls.length === 4);
  expect(calls).toEqual(['first 1', 'second 1', 'first 2', 'second 2']);
});

test('an event that a handler refuses comes again, and nothing later comes before it', async () => {
  const relay = await FakeRelay.start();
  const client = newClient(relay);
  const errors = record(client, 'error');
  const seen: number[] = [];
  client.on('message', ({ seq }) => {
    seen.push(seq);
    if (seq === 2 && seen.length === 2) throw new Error('the disk is full');
  });
  await client.connect();
  relay.sendMessages(3);
  await until(() => seen.length === 4);
  expect(seen).toEqual([1, 2, 2, 3]);
  expect(errors).toMatchObject([{ code: 'handler_failed', retryable: true }]);
  expect(errors[0]?.message).toContain('the disk is full');
});

test('a handler that fails elsewhere is reported and breaks nothing', async () => {
  const relay = await FakeRelay.start();
  const client = newClient(relay);
  const errors = record(client, 'error');
  client.on('message', () => undefined);
  client.on('state', () => {
    throw new Error('no such element');
  });
  client.on('synced', () => Promise.reject(new Error('later')));
  // No promise: nothing to wait for.
  client.on('synced', (() => 17) as never);
  const synced = next(client, 'synced');
  await client.connect();
  await synced;
  await until(() => errors.length === 3);
  expect(errors.map(({ code }) => code)).toEqual(Array(3).fill('handler_failed'));
  expect(errors[0]?.message).toBe('a handler of `state` failed: no such element');
  expect(errors[2]?.message).toBe('a handler of `synced` failed: later');
});

test('off() and the function that on() gives stop a handler', async () => {
  const relay = await FakeRelay.start();
  const { client, messages } = await connectedClient(relay);
  const others: number[] = [];
  const handler = ({ seq }: { seq: number }) => void others.push(seq);
  client.on('message', handler);
  const stop = client.on('message', ({ seq }) => void others.push(seq));
  relay.sendMessages(1);
  await until(() => messages.length === 1 && others.length === 2);
  client.off('message', handler);
  stop();
  relay.sendMessages(1);
  await until(() => messages.length === 2);
  expect(others).toEqual([1, 1]);
});

test('a burst leaves room for others', async () => {
  let now_ms = 0;
  let count = 0;
  const emitter = new Emitter();
  emitter.add('message', () => {
    now_ms += 1;
    count += 1;
  });
  const taken: number[] = [];
  const report = { taken: (id: number) => void taken.push(id), refused: () => undefined };
  const host = { monotonicMs: () => now_ms } as Host;
  const delivery = new Delivery(emitter, undefined as never, report, host);
  const events = numbers(64).map((seq) => ({
    type: 'message' as const,
    seq,
    own: false,
    message: wireMessage(seq),
  }));
  delivery.add(1, events);
  delivery.add(2, events);

  const slices: number[] = [];
  while (taken.length < 2) {
    const before = count;
    await new Promise((resolve) => setImmediate(resolve));
    slices.push(count - before);
  }
  expect(Math.max(...slices)).toBe(8);
  expect(taken).toEqual([1, 2]);
});

test('a timeline that cannot be continued is told as a reset, before what follows', async () => {
  const relay = await FakeRelay.start();
  const { client, messages } = await connectedClient(relay);
  relay.sendMessages(2);
  await until(() => messages.length === 2);
  const order: string[] = [];
  client.on('reset', ({ reason, head }) => void order.push(`${reason} ${head}`));
  client.on('message', ({ seq }) => void order.push(`message ${seq}`));
  relay.epoch = 2;
  relay.on('hello', (content, socket) => {
    const { welcome } = relay.welcome(content);
    socket.say({ welcome: { ...welcome, cursor: 2, head: 2, reset: 'epoch_changed' } });
  });
  const connected = next(client, 'state', ({ state }) => state === 'connected');
  relay.socket.cut();
  await connected;
  relay.sendMessages(1);
  await until(() => order.length === 2);
  expect(order).toEqual(['epoch_changed 2', 'message 3']);
});

test('a large conversation is read from its own timeline, and its reset names it', async () => {
  const conv = 'channel:news';
  const relay = await FakeRelay.start();
  relay.on('hello', (content, socket) => {
    const { welcome } = relay.welcome(content);
    socket.say({ welcome: { ...welcome, crowds: [{ conv, after: 4, floor: 3, head: 4 }] } });
  });
  const client = newClient(relay);
  const order: string[] = [];
  client.on('message', (message) => {
    order.push(`${message.conv} ${message.seq} ${String(message.crowd)}`);
  });
  client.on('reset', (event) => {
    order.push(`reset ${String(event.conv)} ${event.reason} ${event.head}`);
  });
  await client.connect();
  relay.socket.say({ push: { conv, entries: [messageEntry(5, { conv })] } });
  await until(() => order.length === 1);
  relay.socket.say({ reset: { conv, reason: 'below_floor', epoch: 1, head: 90 } });
  await until(() => order.length === 2);
  relay.socket.say({ push: { conv, entries: [messageEntry(91, { conv })] } });
  relay.sendMessages(1);
  await until(() => order.length === 4);
  expect(order.slice(0, 3)).toEqual([
    `${conv} 5 true`,
    `reset ${conv} below_floor 90`,
    `${conv} 91 true`,
  ]);
  expect(order[3]).toBe('dm:alice:bob 1 undefined');
  expect(client.stats().crowds).toBe(1);
});

test('what a handler took before dispose() does not come again', async () => {
  const storage = memoryStorage();
  const relay = await FakeRelay.start();
  const before = newClient(relay, { storage });
  const seen: number[] = [];
  let finish: (() => void) | undefined;
  before.on('message', async ({ seq }) => {
    seen.push(seq);
    if (seq === 2) await new Promise<void>((resolve) => (finish = resolve));
  });
  await before.connect();
  // In one batch.
  relay.sendMessages(4);
  await until(() => finish !== undefined);
  const disposed = before.dispose();
  finish?.();
  await disposed;
  expect(seen).toEqual([1, 2]);

  const { messages } = await connectedClient(relay, { storage });
  await until(() => messages.length === 2);
  expect(messages.map(({ seq }) => seq)).toEqual([3, 4]);
});

test('a handler that waits for dispose() does not keep it from its end', async () => {
  const relay = await FakeRelay.start();
  const client = newClient(relay);
  let ended = false;
  client.on('message', async () => {
    await client.dispose();
    ended = true;
  });
  await client.connect();
  relay.sendMessages(1);
  await until(() => ended);
  expect(client.state).toEqual({ state: 'disconnected', reason: 'requested' });
});

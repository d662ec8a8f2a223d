import { onTestFinished, expect, test } from 'vitest';

import { pollUrl, PolledSocket } from '../dist/transport/polled-socket.js';
import { turn, VirtualHost, type VirtualRequest } from './support/virtual-host.ts';

const SOCKET_URL = 'wss://chat.example.com/v1/socket';

const frame = (...bytes: number[]) => Uint8Array.from(bytes);

/** One that is open, and what the app hears of it. */
function open() {
  const host = new VirtualHost();
  const heard: (string | number[])[] = [];
  const socket = new PolledSocket(host, SOCKET_URL, {
    works: () => {
      heard.push('opened');
      socket.adopt({
        opened: () => undefined,
        received: (bytes) => void heard.push([...(bytes as Uint8Array)]),
        closed: (code) => void heard.push(`closed ${code ?? ''}`.trim()),
      });
    },
    failed: () => void heard.push('failed'),
  });
  onTestFinished(() => {
    socket.close();
  });
  return { host, heard, socket };
}

function opened() {
  const parts = open();
  parts.host.asked.answer({ connection: 'c1', wait_ms: 25_000 });
  return parts;
}

const names = (requests: VirtualRequest[]) =>
  requests.map(({ content: { send, receive, close } }) =>
    close ? 'close' : send ? `send ${send as number}` : `receive ${(receive ?? 0) as number}`,
  );

test('the endpoint is beside that of sockets', () => {
  expect(pollUrl(SOCKET_URL)).toBe('https://chat.example.com/v1/poll');
  expect(pollUrl('ws://127.0.0.1:7340/v1/socket')).toBe('http://127.0.0.1:7340/v1/poll');
  expect(pollUrl('wss://example.com/relay/ws?zone=2')).toBe(
    'https://example.com/relay/poll?zone=2',
  );
});

test('opens, then waits for frames and sends them beside each other', async () => {
  const { host, heard, socket } = open();
  const [opening] = host.requests;
  expect(opening).toMatchObject({
    url: 'https://chat.example.com/v1/poll',
    headers: { 'content-type': 'application/cbor' },
    content: {},
  });
  expect(heard).toEqual([]);
  opening?.answer({ connection: 'c1', wait_ms: 20_000 });
  expect(heard).toEqual(['opened']);
  expect(host.asked.content).toEqual({ connection: 'c1', receive: 1, wait_ms: 20_000 });

  const waiting = host.asked;
  socket.send(frame(1));
  socket.send(frame(2));
  await turn();
  expect(host.asked.content).toEqual({ connection: 'c1', send: 1, frames: [frame(1), frame(2)] });
  socket.send(frame(3));
  await turn();
  expect(names(host.requests.slice(1))).toEqual(['receive 1', 'send 1']);
  host.asked.answer({});
  expect(host.asked.content).toEqual({ connection: 'c1', send: 2, frames: [frame(3)] });
  host.asked.answer({});

  waiting.answer({ frames: [frame(8), frame(9)] });
  expect(heard).toEqual(['opened', [8], [9]]);
  expect(names([host.asked])).toEqual(['receive 2']);
  // All requests of one connection find the same relay by it.
  const routes = new Set(host.requests.map(({ headers }) => headers['seqline-route']));
  expect([...routes]).toEqual([expect.stringMatching(/^.{8,}$/)]);
});

test('what was lost is asked again under its number', async () => {
  const { host, heard, socket } = opened();
  socket.send(frame(1));
  await turn();
  host.asked.answerRaw();
  socket.send(frame(2));
  await host.pass(0);
  expect(host.asked.content).toEqual({ connection: 'c1', send: 1, frames: [frame(1)] });
  for (const [status, afterMs] of [
    [503, 500],
    [408, 1_000],
    [429, 2_000],
  ] as const) {
    const { length } = host.requests;
    host.asked.answer({}, status);
    await host.pass(afterMs - 1);
    expect(host.requests).toHaveLength(length);
    await host.pass(1);
    expect(host.asked.content).toMatchObject({ send: 1 });
  }
  host.asked.answer({});
  expect(host.asked.content).toEqual({ connection: 'c1', send: 2, frames: [frame(2)] });

  const waiting = host.requests.find(({ content }) => content['receive']);
  waiting?.answerRaw();
  await host.pass(0);
  expect(host.asked.content).toMatchObject({ receive: 1 });
  host.asked.answer({ frames: [frame(9)] });
  expect(heard).toEqual(['opened', [9]]);
});

test('an answer that never comes is not waited for', async () => {
  const { host } = opened();
  const waiting = host.asked;
  await host.pass(34_999);
  expect(waiting.isCalledOff).toBe(false);
  await host.pass(1);
  expect(waiting.isCalledOff).toBe(true);
  expect(names([host.asked])).toEqual(['receive 1']);
  expect(host.asked).not.toBe(waiting);
});

test('waits for less where requests are cut after a while', async () => {
  const { host } = opened();
  await host.pass(12_000);
  host.asked.answer({}, 504);
  await host.pass(0);
  expect(host.asked.content).toMatchObject({ receive: 1, wait_ms: 6_000 });
  await host.pass(6_000);
  host.asked.answer({});
  expect(host.asked.content).toMatchObject({ receive: 2, wait_ms: 6_000 });
  // One that fails at once says nothing about that.
  host.asked.answerRaw();
  await host.pass(0);
  expect(host.asked.content).toMatchObject({ receive: 2, wait_ms: 6_000 });
});

test('gives up when nothing comes through any more', async () => {
  const { host, heard } = opened();
  const posted = () => host.requests.length - 1;
  for (let attempts = 1; heard.length === 1; attempts += 1) {
    expect(posted()).toBe(attempts);
    expect(attempts).toBeLessThan(7);
    host.asked.answerRaw();
    await host.pass(4_000);
  }
  expect(heard).toEqual(['opened', 'closed']);
  expect(names([host.asked])).toEqual(['close']);
});

test('what does not open has failed at once', () => {
  for (const fail of [
    (asked: VirtualRequest) => {
      asked.answerRaw();
    },
    (asked: VirtualRequest) => {
      asked.answer({ error: { code: 'overloaded' } }, 503);
    },
    // A network that wants to be logged in to.
    (asked: VirtualRequest) => {
      asked.answerRaw({ status: 200, body: new TextEncoder().encode('<html>Welcome!</html>') });
    },
  ]) {
    const { host, heard } = open();
    fail(host.asked);
    expect(heard).toEqual(['failed']);
    expect(host.requests).toHaveLength(1);
  }
});

test('a connection that the relay does not know any more is lost', async () => {
  for (const status of [410, 409]) {
    const { host, heard } = opened();
    host.asked.answer({}, status);
    expect(heard).toEqual(['opened', 'closed']);
    await host.pass(60_000);
    expect(heard).toHaveLength(2);
  }
});

test('the close of the relay comes after its last frames, and is confirmed', async () => {
  const { host, heard, socket } = opened();
  socket.send(frame(1));
  await turn();
  const [, receiving, sending] = host.requests;
  receiving?.answer({ frames: [frame(7)], close: 4020 });
  expect(heard).toEqual(['opened', [7], 'closed 4020']);
  expect(sending?.isCalledOff).toBe(true);
  expect(host.asked.content).toEqual({ connection: 'c1', close: true });
});

test('nothing is heard of it once it is closed', async () => {
  const { host, heard, socket } = opened();
  const waiting = host.asked;
  socket.close();
  expect(waiting.isCalledOff).toBe(true);
  expect(host.asked.content).toEqual({ connection: 'c1', close: true });
  socket.send(frame(1));
  socket.close();
  await host.pass(60_000);
  expect(host.requests).toHaveLength(3);
  expect(heard).toEqual(['opened']);
});

test('nor of what comes with the frame that made the app close it', () => {
  const host = new VirtualHost();
  const received: unknown[] = [];
  const socket = new PolledSocket(host, SOCKET_URL, {
    works: () => undefined,
    failed: () => void received.push('failed'),
  });
  socket.adopt({
    opened: () => undefined,
    received: (bytes) => {
      received.push(bytes);
      socket.close();
    },
    closed: () => void received.push('closed'),
  });
  host.asked.answer({ connection: 'c1', wait_ms: 1_000 });
  host.asked.answer({ frames: [frame(1), frame(2)], close: 4041 });
  expect(received).toEqual([frame(1)]);
});

test('requests are bounded', async () => {
  const { host, socket } = opened();
  for (let n = 0; n < 70; n += 1) socket.send(frame(n));
  const large = new Uint8Array(60_000);
  for (let n = 0; n < 4; n += 1) socket.send(large);
  await turn();
  const counts = [];
  for (let next = host.asked; next.content['send']; next = host.asked) {
    counts.push((next.content['frames'] as unknown[]).length);
    next.answer({});
    if (host.asked === next) break;
  }
  expect(counts).toEqual([64, 8, 2]);
});

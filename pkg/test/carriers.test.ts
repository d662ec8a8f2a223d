import type { SocketEvents } from 'seqline';
import { decode, encode } from 'cborg';
import { expect, test } from 'vitest';

import { Carriers } from '../dist/transport/carriers.js';
import { until } from './support/client.ts';
import { turn, VirtualHost } from './support/virtual-host.ts';

const URL = 'wss://chat.example.com/v1/socket';
const HELLO = encode({ hello: {} });

/** The compiled client's place: opens connections, and hears of them. */
class Desk {
  readonly host = new VirtualHost();
  readonly heard: string[] = [];
  isBusy = false;
  readonly carriers: Carriers;

  constructor(transport?: 'auto' | 'socket' | 'polling', canRequest = true) {
    const host = this.host;
    if (!canRequest) Object.assign(host, { request: undefined });
    const isBusy = () => this.isBusy;
    this.carriers = new Carriers({ host, url: URL, transport, isBusy });
  }

  open() {
    this.heard.length = 0;
    const events: SocketEvents = {
      opened: () => void this.heard.push('opened'),
      received: (frame) =>
        void this.heard.push(Object.keys(decode(frame as Uint8Array) as object)[0] ?? ''),
      closed: (code) => void this.heard.push(`closed ${code ?? ''}`.trim()),
    };
    return this.carriers.open(events);
  }

  /** Sockets that are never opened. */
  failSockets(count: number): void {
    for (let n = 0; n < count; n += 1) {
      this.open();
      this.host.socket.events.closed();
    }
  }

  /** The attempt that tries both; what polls is loaded by then. */
  async race() {
    const socket = this.open();
    await until(() => this.host.requests.length > 0);
    return socket;
  }

  /** A connection that polls, after sockets failed. */
  async poll() {
    this.failSockets(3);
    const socket = await this.race();
    this.host.socket.events.closed();
    this.answerPoll();
    expect(this.heard).toEqual(['opened']);
    expect(this.carriers.current).toBe('polling');
    return socket;
  }

  answerPoll(): void {
    this.host.requests
      .findLast(({ content }) => Object.keys(content).length === 0)
      ?.answer({ connection: 'c', wait_ms: 25_000 });
  }

  /** The newest socket shows that it works. */
  prove(): void {
    const { socket } = this.host;
    socket.events.opened();
    expect(socket.sent.map((frame) => decode(frame as Uint8Array) as unknown)).toEqual([
      { ping: { nonce: 1 } },
    ]);
    socket.events.received(encode({ pong: { nonce: 1, now_us: 1 } }));
  }

  /** Lets time pass, with a relay that has nothing to say. */
  async quiet(ms: number): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= 20_000) {
      await this.host.pass(Math.min(leftMs, 20_000));
      this.host.requests.findLast(({ content }) => content['receive'])?.answer({});
    }
  }
}

test('sockets are all there is while they work', async () => {
  const desk = new Desk();
  for (let n = 0; n < 10; n += 1) {
    const socket = desk.open();
    desk.host.socket.events.opened();
    desk.host.socket.events.received(HELLO);
    if (n % 2) desk.host.socket.events.closed(4041);
    else socket.close(4030, 'no answer');
  }
  await turn();
  expect(desk.host.sockets).toHaveLength(10);
  expect(desk.host.requests).toHaveLength(0);
  expect(desk.carriers.current).toBe('socket');
});

test('after three that never opened, HTTP is tried beside a socket', async () => {
  const desk = new Desk();
  desk.failSockets(3);
  expect(desk.host.requests).toHaveLength(0);
  const socket = await desk.race();
  expect(desk.host.sockets).toHaveLength(4);
  desk.answerPoll();
  expect(desk.heard).toEqual([]);
  desk.host.socket.events.closed();
  expect(desk.heard).toEqual(['opened']);
  expect(desk.carriers.current).toBe('polling');
  socket.send(HELLO);
  await turn();
  expect(desk.host.asked.content).toMatchObject({ send: 1, frames: [HELLO] });
});

test('sockets that open and carry nothing count too, and get no more than a moment', async () => {
  const desk = new Desk();
  for (let n = 0; n < 3; n += 1) {
    const socket = desk.open();
    desk.host.socket.events.opened();
    // No `welcome` in time.
    socket.close(4030, 'no welcome');
    desk.host.socket.events.closed();
  }
  await desk.race();
  const mute = desk.host.socket;
  mute.events.opened();
  desk.answerPoll();
  await desk.host.pass(1_999);
  expect(desk.heard).toEqual([]);
  await desk.host.pass(1);
  expect(desk.heard).toEqual(['opened']);
  expect(mute.closedWith).toBe(1000);
  expect(desk.carriers.current).toBe('polling');
});

test('one who has less time than that polls the next time', async () => {
  const desk = new Desk();
  desk.failSockets(3);
  const socket = await desk.race();
  desk.answerPoll();
  await desk.host.pass(1_000);
  socket.close(4030, 'no welcome');
  expect(desk.host.asked.content).toMatchObject({ close: true });
  const { length } = desk.host.sockets;
  desk.open();
  desk.answerPoll();
  expect(desk.heard).toEqual(['opened']);
  expect(desk.host.sockets).toHaveLength(length);
});

test('a socket that carries frames is preferred, and sockets are all there is again', async () => {
  const desk = new Desk();
  desk.failSockets(3);
  const socket = await desk.race();
  desk.answerPoll();
  await desk.host.pass(1_500);
  desk.prove();
  expect(desk.heard).toEqual(['opened']);
  expect(desk.carriers.current).toBe('socket');
  expect(desk.host.asked.content).toMatchObject({ close: true });
  socket.send(HELLO);
  expect(desk.host.socket.sent).toHaveLength(2);
  desk.host.socket.events.received(encode({ welcome: {} }));
  desk.host.socket.events.closed(4041);
  expect(desk.heard).toEqual(['opened', 'welcome', 'closed 4041']);
  const asked = desk.host.requests.length;
  desk.failSockets(2);
  desk.open();
  await turn();
  expect(desk.host.requests).toHaveLength(asked);
});

test('a relay that is down is down, over whatever', async () => {
  const desk = new Desk();
  desk.failSockets(3);
  await desk.race();
  desk.host.asked.answerRaw();
  expect(desk.heard).toEqual([]);
  desk.host.socket.events.closed();
  expect(desk.heard).toEqual(['closed']);
  const before = desk.host.requests.length;
  await desk.race();
  expect(desk.host.requests.length).toBe(before + 1);
  expect(desk.host.sockets).toHaveLength(5);
});

test('what the app closes by itself is no failure', async () => {
  const desk = new Desk();
  for (let n = 0; n < 5; n += 1) desk.open().close(1000, 'the app is done');
  desk.open();
  await turn();
  expect(desk.host.requests).toHaveLength(0);
  expect(desk.host.sockets).toHaveLength(6);
});

test('a host that refuses to open sockets polls all the same', async () => {
  const desk = new Desk();
  desk.failSockets(3);
  desk.host.openSocket = () => {
    throw new Error('five sockets are open');
  };
  await desk.race();
  desk.answerPoll();
  expect(desk.heard).toEqual(['opened']);
});

test('while it polls, the next connection does so at once', async () => {
  const desk = new Desk();
  const socket = await desk.poll();
  socket.close(4030, 'no answer');
  const { length } = desk.host.sockets;
  desk.open();
  desk.answerPoll();
  expect(desk.heard).toEqual(['opened']);
  expect(desk.host.sockets).toHaveLength(length);
});

test('polling that fails is no better than sockets: both are tried', async () => {
  const desk = new Desk();
  const socket = await desk.poll();
  socket.close(4030, 'no answer');
  desk.open();
  desk.host.asked.answerRaw();
  expect(desk.heard).toEqual(['closed']);
  const { length } = desk.host.sockets;
  await desk.race();
  expect(desk.host.sockets).toHaveLength(length + 1);
});

test('sockets are tried now and then, and less and less often', async () => {
  const desk = new Desk();
  await desk.poll();
  let sockets = desk.host.sockets.length;
  for (const waitMs of [30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000]) {
    await desk.quiet(waitMs - 1_000);
    expect(desk.host.sockets, `before ${waitMs}`).toHaveLength(sockets);
    await desk.quiet(2_000);
    sockets += 1;
    expect(desk.host.sockets, `after ${waitMs}`).toHaveLength(sockets);
    desk.host.socket.events.closed();
    // What it was late by.
    await desk.quiet(0);
  }
  expect(desk.heard).toEqual(['opened']);
});

test('one that works takes the place of HTTP, at a moment when nothing is asked', async () => {
  const desk = new Desk();
  await desk.poll();
  await desk.quiet(31_000);
  desk.isBusy = true;
  desk.prove();
  await desk.host.pass(3_000);
  expect(desk.heard).toEqual(['opened']);
  desk.isBusy = false;
  await desk.host.pass(100);
  expect(desk.heard).toEqual(['opened', 'closed']);
  expect(desk.host.asked.content).toMatchObject({ close: true });

  const found = desk.host.socket;
  const { length } = desk.host.sockets;
  const socket = desk.open();
  expect(desk.heard).toEqual([]);
  await turn();
  expect(desk.heard).toEqual(['opened']);
  expect(desk.carriers.current).toBe('socket');
  expect(desk.host.sockets).toHaveLength(length);
  socket.send(HELLO);
  expect(found.sent).toHaveLength(2);
  found.events.received(encode({ welcome: {} }));
  expect(desk.heard).toEqual(['opened', 'welcome']);
  socket.close(1000, 'done');
  expect(found.closedWith).toBe(1000);
  await desk.host.pass(3_600_000);
  expect(desk.host.sockets).toHaveLength(length);
  // Nothing is left of what was known before.
  desk.failSockets(3);
  await desk.race();
  expect(desk.host.sockets).toHaveLength(length + 4);
});

test('an app that is always busy is left alone', async () => {
  const desk = new Desk();
  await desk.poll();
  await desk.quiet(31_000);
  desk.isBusy = true;
  desk.prove();
  const found = desk.host.socket;
  await desk.host.pass(6_000);
  expect(desk.heard).toEqual(['opened']);
  expect(found.closedWith).toBe(1000);
  await desk.quiet(61_000);
  expect(desk.host.socket).not.toBe(found);
});

test('one that nobody takes over is closed', async () => {
  const desk = new Desk();
  await desk.poll();
  await desk.quiet(31_000);
  desk.prove();
  expect(desk.heard).toEqual(['opened', 'closed']);
  await desk.host.pass(3_000);
  expect(desk.host.socket.closedWith).toBe(1000);
  const { length } = desk.host.requests;
  desk.open();
  expect(desk.host.requests).toHaveLength(length + 1);
});

test('one that opens and carries nothing is given up', async () => {
  const desk = new Desk();
  await desk.poll();
  await desk.quiet(31_000);
  const mute = desk.host.socket;
  mute.events.opened();
  await desk.quiet(10_000);
  expect(mute.closedWith).toBe(1000);
  expect(desk.heard).toEqual(['opened']);
});

test('another network is another chance', async () => {
  const desk = new Desk();
  const socket = await desk.poll();
  const { length } = desk.host.sockets;
  desk.carriers.hint();
  desk.carriers.hint();
  expect(desk.host.sockets).toHaveLength(length + 1);
  socket.close(4030, 'no answer');
  expect(desk.host.socket.closedWith).toBe(1000);
  desk.carriers.hint();
  await desk.race();
  expect(desk.host.sockets).toHaveLength(length + 2);
});

test('the app can say what is used', async () => {
  const sockets = new Desk('socket');
  sockets.failSockets(9);
  await turn();
  expect(sockets.host.requests).toHaveLength(0);

  const polling = new Desk('polling');
  await polling.race();
  polling.answerPoll();
  expect(polling.heard).toEqual(['opened']);
  polling.carriers.hint();
  await polling.quiet(120_000);
  expect(polling.host.sockets).toHaveLength(0);
});

test('a host without HTTP has sockets alone', async () => {
  const desk = new Desk('auto', false);
  desk.failSockets(9);
  await turn();
  expect(desk.host.sockets).toHaveLength(9);
});

test('nothing is left of it when the client is disposed of', async () => {
  const desk = new Desk();
  const socket = await desk.poll();
  socket.close(1000, 'done');
  desk.carriers.stop();
  const { length } = desk.host.sockets;
  await desk.host.pass(3_600_000);
  expect(desk.host.sockets).toHaveLength(length);
});

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { FaultProxy } from './fault-proxy.ts';

// What is behind the proxy: sends back whatever comes.
let echo: Server;
let isUp: boolean;
let proxy: FaultProxy;
const sockets: Socket[] = [];

beforeEach(async () => {
  isUp = true;
  echo = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined).pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  proxy = await FaultProxy.start(() => (isUp ? echoPort() : undefined));
});

afterEach(async () => {
  await proxy.stop();
  for (const socket of sockets.splice(0)) socket.destroy();
  echo.close();
});

const echoPort = (): number => (echo.address() as AddressInfo).port;

/** The system tells of a connection that was cut in either way. */
const cutOff = /^(ECONNRESET|end)$/;

/** A client that keeps what it receives. */
class Caller {
  readonly socket: Socket;
  received = '';
  readonly #ended: Promise<string>;

  constructor() {
    this.socket = connect(proxy.port, '127.0.0.1');
    sockets.push(this.socket);
    this.socket.setEncoding('utf8').on('data', (text: string) => {
      this.received += text;
    });
    this.#ended = new Promise((resolve) => {
      this.socket
        .on('error', (error: NodeJS.ErrnoException) => {
          resolve(error.code ?? error.message);
        })
        .on('end', () => {
          resolve('end');
        });
    });
  }

  /** How the connection ended. */
  get ended(): Promise<string> {
    return this.#ended;
  }

  async receives(text: string): Promise<void> {
    while (this.received.length < text.length) await once(this.socket, 'data');
    expect(this.received).toBe(text);
  }
}

test('hands on in both directions, and closes with either side', async () => {
  const caller = new Caller();
  caller.socket.write('hello');
  await caller.receives('hello');
  expect([proxy.open, proxy.accepted]).toEqual([1, 1]);

  caller.socket.end('bye');
  expect(await caller.ended).toBe('end');
  expect(caller.received).toBe('hellobye');
  await expect.poll(() => proxy.open).toBe(0);
});

test('cuts every connection, and takes new ones', async () => {
  const [one, two] = [new Caller(), new Caller()];
  one.socket.write('1');
  two.socket.write('2');
  await Promise.all([one.receives('1'), two.receives('2')]);
  proxy.cut();
  expect(await one.ended).toMatch(cutOff);
  expect(await two.ended).toMatch(cutOff);

  const three = new Caller();
  three.socket.write('3');
  await three.receives('3');
});

test.for(['up', 'down'] as const)('cuts after so many bytes %s', async (direction) => {
  const caller = new Caller();
  caller.socket.write('12345');
  await caller.receives('12345');
  const cut = proxy.cutAfter(direction, 3);
  caller.socket.write('67890');
  await cut;
  expect(await caller.ended).toMatch(cutOff);
  // What went down in time has arrived; what came up may have been cut off on its way back.
  if (direction === 'down') expect(caller.received).toBe('12345678');
  else expect('12345678').toContain(caller.received);
});

test('lets nothing through a black hole, and everything once healed', async () => {
  const [before, leaver] = [new Caller(), new Caller()];
  before.socket.write('a');
  leaver.socket.write('b');
  await Promise.all([before.receives('a'), leaver.receives('b')]);

  proxy.blackHole();
  before.socket.write('c');
  leaver.socket.destroy();
  const during = new Caller();
  during.socket.write('d');
  await once(during.socket, 'connect');
  // Proof that time passes: a connection that goes round the proxy gets its answer.
  const direct = connect(echoPort(), '127.0.0.1');
  sockets.push(direct);
  direct.write('x');
  await once(direct, 'data');
  expect([before.received, during.received]).toEqual(['a', '']);
  expect(proxy.open).toBe(3);

  proxy.heal();
  await Promise.all([before.receives('ac'), during.receives('d')]);
  await expect.poll(() => proxy.open).toBe(2);
});

test('is a black hole in one direction only', async () => {
  const caller = new Caller();
  caller.socket.write('a');
  await caller.receives('a');
  proxy.blackHole('down');
  const [target] = sockets.filter((socket) => socket.localPort === echoPort());
  if (!target) throw new Error('nothing is connected');
  caller.socket.write('b');
  await once(target, 'data');
  expect(caller.received).toBe('a');
  proxy.heal();
  await caller.receives('ab');
});

test('strands the connections that are open, and no others', async () => {
  const caller = new Caller();
  caller.socket.write('a');
  await caller.receives('a');
  proxy.strand('up');
  caller.socket.end('b');
  const later = new Caller();
  later.socket.write('c');
  await later.receives('c');
  expect([caller.received, proxy.stranded]).toEqual(['a', 1]);
  proxy.heal();
  // What it had written arrives late, and then its end.
  expect(await caller.ended).toBe('end');
  expect(caller.received).toBe('ab');
  await expect.poll(() => proxy.stranded).toBe(0);
  expect(proxy.open).toBe(1);
});

test('delays', async () => {
  proxy.delay(50);
  const start_ms = performance.now();
  const caller = new Caller();
  caller.socket.write('late');
  await caller.receives('late');
  // Up and down again; timers may be early by a millisecond.
  expect(performance.now() - start_ms).toBeGreaterThan(98);
});

test('throttles', async () => {
  proxy.throttle(10_000);
  const start_ms = performance.now();
  const caller = new Caller();
  const text = 'x'.repeat(2_000);
  caller.socket.write(text);
  await caller.receives(text);
  expect(performance.now() - start_ms).toBeGreaterThan(150);
});

test('refuses new connections, and those to a target that is down', async () => {
  const open = new Caller();
  open.socket.write('a');
  await open.receives('a');
  proxy.refuse();
  expect(await new Caller().ended).toMatch(cutOff);
  open.socket.write('b');
  await open.receives('ab');

  proxy.heal();
  isUp = false;
  expect(await new Caller().ended).toMatch(cutOff);
  isUp = true;
  const again = new Caller();
  again.socket.write('c');
  await again.receives('c');
});

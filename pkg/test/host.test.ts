import {
  createClient,
  type Client,
  type Host,
  type LifecycleEvents,
  type SocketEvents,
} from 'seqline';
import { nodeHost } from 'seqline/node';
import { decode, encode } from 'cborg';
import { expect, onTestFinished, test, vi } from 'vitest';

import { wasm } from '../dist/wasm.js';
import { next, record, TOKEN, until } from './support/client.ts';
import { FakeRelay } from './support/fake-relay.ts';
import { CREATED_US, type Frame } from './support/wire.ts';

/** A host whose socket is the test itself. */
class TestHost implements Host {
  readonly name = 'my-app';
  readonly sockets: SocketEvents[] = [];
  readonly frames: (string | Uint8Array)[] = [];
  readonly closes: [number, string][] = [];
  lifecycle: LifecycleEvents | undefined;
  accounts: string[] = [];

  openSocket(_url: string, events: SocketEvents) {
    this.sockets.push(events);
    return {
      send: (frame: string | Uint8Array) => void this.frames.push(frame),
      close: (code: number, reason: string) => void this.closes.push([code, reason]),
    };
  }

  openStorage(account: string, warn: (message: string) => void) {
    this.accounts.push(account);
    return nodeHost.openStorage(account, warn);
  }

  watch(events: LifecycleEvents) {
    this.lifecycle = events;
    return () => (this.lifecycle = undefined);
  }

  random() {
    return nodeHost.random();
  }

  monotonicMs() {
    return nodeHost.monotonicMs();
  }

  frame(at: number): Frame {
    return decode(this.frames[at] as Uint8Array) as Frame;
  }
}

function start(): { host: TestHost; client: Client } {
  const host = new TestHost();
  const client = createClient('https://chat.example.com', { token: TOKEN, host, backoffBaseMs: 1 });
  onTestFinished(() => client.dispose());
  return { host, client };
}

const welcome = encode({
  welcome: {
    version: 1,
    session: 's',
    app: 'demo',
    user: 'alice',
    epoch: 1,
    head: 0,
    cursor: 0,
    pub_head: 0,
    pub_view: '',
    now_us: CREATED_US,
    token_expires_us: CREATED_US + 3_600_000_000,
    heartbeat: { interval_ms: 25_000, background_interval_ms: 60_000 },
    limits: {
      frame_bytes_max: 65_536,
      body_bytes_max: 32_768,
      page_entries_max: 200,
      send_window: 64,
    },
  },
});

async function connected(): Promise<{ host: TestHost; client: Client }> {
  const { host, client } = start();
  const connecting = client.connect();
  await until(() => host.sockets.length === 1);
  host.sockets[0]?.opened();
  host.sockets[0]?.received(welcome);
  await connecting;
  return { host, client };
}

test('a host of the own does all there is to do', async () => {
  const { host, client } = await connected();
  expect(host.accounts).toEqual(['demo/alice']);
  expect(host.frame(0)).toMatchObject({ hello: { host: 'my-app' } });

  host.frames.length = 0;
  host.lifecycle?.background(true);
  expect(host.frame(0)).toEqual({ state: { background: true } });
  host.frames.length = 0;
  host.lifecycle?.probe();
  expect(host.frame(0)).toMatchObject({ ping: {} });

  await client.dispose();
  expect(host.closes).toMatchObject([[1000, expect.any(String)]]);
  expect(host.lifecycle).toBeUndefined();
  // Late news of a socket that nobody waits for any more.
  host.sockets[0]?.received(welcome);
  host.sockets[0]?.closed();
});

test('another kind of network asks for a sign of life, and statistics tell of it', async () => {
  const { host, client } = await connected();
  expect(client.stats()).toMatchObject({ heartbeatMs: 25_000, network: 'unknown' });
  host.frames.length = 0;
  host.lifecycle?.network('cellular');
  expect(host.frame(0)).toMatchObject({ ping: {} });
  expect(client.stats().network).toBe('cellular');
  host.lifecycle?.network('cellular');
  expect(host.frames).toHaveLength(1);
});

test('frames have buffers of their own', async () => {
  const { host, client } = await connected();
  void client.send({ to: { user: 'bob' }, body: 'x' });
  await until(() => host.frames.some((_, at) => 'send' in host.frame(at)));
  for (const frame of host.frames as Uint8Array[]) {
    expect(frame.byteOffset).toBe(0);
    expect(frame.buffer.byteLength).toBe(frame.byteLength);
  }
});

test('offline, no socket is opened; online, at once', async () => {
  const { host, client } = await connected();
  host.lifecycle?.online(false);
  const offline = next(client, 'state', (state) => 'offline' in state && state.offline);
  host.sockets[0]?.closed();
  await offline;
  host.lifecycle?.online(true);
  await until(() => host.sockets.length === 2);
});

test('a socket that cannot be opened is tried again', async () => {
  const { host, client } = start();
  const open = vi.spyOn(host, 'openSocket').mockImplementationOnce(() => {
    throw new Error('five sockets are open');
  });
  void client.connect();
  await until(() => host.sockets.length === 1);
  expect(open).toHaveBeenCalledTimes(2);
});

test('a fault of the client itself is told, and nothing waits for ever', async () => {
  const { client } = await connected();
  const errors = record(client, 'error');
  const waiting = client.history('dm:alice:bob');
  vi.spyOn(wasm.Client.prototype, 'probe').mockImplementation(() => {
    throw new WebAssembly.RuntimeError('unreachable');
  });
  vi.spyOn(wasm.Client.prototype, 'call').mockImplementation(() => {
    throw new WebAssembly.RuntimeError('unreachable');
  });
  const crashed = next(client, 'state');
  await expect(client.markRead('dm:alice:bob', 1)).rejects.toMatchObject({
    code: 'client_crashed',
  });
  await expect(waiting).rejects.toMatchObject({ code: 'client_crashed' });
  expect(await crashed).toMatchObject({
    state: 'disconnected',
    reason: 'crashed',
    failure: { code: 'client_crashed' },
  });
  expect(errors).toMatchObject([{ code: 'client_crashed', retryable: false }]);
  vi.restoreAllMocks();
  await client.dispose();
});

test('two clients of one process do not disturb each other', async () => {
  const relay = await FakeRelay.start();
  const clients = [0, 1].map(() => createClient(relay.url, { token: TOKEN }));
  // A handler of one calls the other.
  const sent = clients.map((client, at) =>
    next(client, 'synced').then(() => clients[1 - at]?.send({ to: { user: 'bob' }, body: 'x' })),
  );
  for (const client of clients) client.on('message', () => undefined);
  await Promise.all(clients.map((client) => client.connect()));
  await Promise.all(sent);
  const [one, other] = relay.all('hello');
  expect(one?.['device']).not.toBe(other?.['device']);
  await Promise.all(clients.map((client) => client.dispose()));
});

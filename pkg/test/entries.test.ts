/** The ways in which the compiled client comes, beside a file that is fetched. */
import { readFile } from 'node:fs/promises';

import type { Client, ClientOptions } from 'seqline';
import { nodeHost } from 'seqline/node';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';

import { TOKEN } from './support/client.ts';
import { FakeRelay } from './support/fake-relay.ts';

const compiled = (name: string): Promise<Uint8Array<ArrayBuffer>> =>
  readFile(new URL(`../dist/wasm/${name}`, import.meta.url));

// Each test has a copy of the package that has not been loaded yet.
beforeEach(() => {
  vi.resetModules();
});

interface Entry {
  createClient: (url: string, options: ClientOptions) => Client;
}

/** Sends something, with the sockets of Node. */
async function sendWith({ createClient }: Entry): Promise<unknown> {
  const relay = await FakeRelay.start();
  const client = createClient(relay.url, { token: TOKEN, host: nodeHost });
  onTestFinished(() => client.dispose());
  await client.connect();
  await client.send({ to: { user: 'bob' }, body: 'hello' });
  return relay.all('send').map(({ body }) => body);
}

test('seqline/inline has its wasm inside', async () => {
  expect(await sendWith(await import('seqline/inline'))).toEqual(['hello']);
});

test('seqline/slim wants to be given its wasm, and says so', async () => {
  const slim = await import('seqline/slim');
  const client = slim.createClient('http://127.0.0.1:1', { token: TOKEN, host: nodeHost });
  client.on('error', () => undefined);
  await expect(client.connect()).rejects.toMatchObject({
    code: 'wasm_unavailable',
    message: expect.stringContaining('call `init(source)` before') as string,
  });
  await slim.init(compiled('seqline_bg.wasm'));
  expect(await sendWith(slim)).toEqual(['hello']);
});

test('seqline/asm needs no WebAssembly', async () => {
  vi.stubGlobal('WebAssembly', undefined);
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  expect(await sendWith(await import('seqline/asm'))).toEqual(['hello']);
});

test('seqline/mp is JavaScript where there is no WXWebAssembly', async () => {
  vi.stubGlobal('WebAssembly', undefined);
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  expect(await sendWith(await import('seqline/mp'))).toEqual(['hello']);
});

test.each(['seqline/asm', 'seqline/inline'])('the memory of %s grows', async (name) => {
  const { createClient } = (await import(name)) as Entry;
  const relay = await FakeRelay.start();
  const client = createClient(relay.url, { token: TOKEN, host: nodeHost });
  onTestFinished(() => client.dispose());
  // Several times as much as there is in the beginning, all of it held until it is sent.
  const bodies = Array.from({ length: 80 }, (_, n) => `${n} ${'ä'.repeat(15_000)}`);
  const sending = bodies.map((body) => client.send({ to: { user: 'bob' }, body }));
  await client.connect();
  await Promise.all(sending);
  // Some of it may have been sent twice.
  const received = [...new Set(relay.all('send').map(({ body }) => body))];
  expect(received.map((body) => bodies.indexOf(String(body)))).toEqual([...bodies.keys()]);
});

test('the wasm for WebAssembly 1.0 is the same client', async () => {
  const slim = await import('seqline/slim');
  await slim.init(compiled('seqline_mvp.wasm'));
  expect(await sendWith(slim)).toEqual(['hello']);
});

test.each(['seqline_bg.wasm', 'seqline_mvp.wasm'])(
  '%s exports functions and a memory, and no globals, which iOS lacks',
  async (name) => {
    const exported = WebAssembly.Module.exports(await WebAssembly.compile(await compiled(name)));
    expect(new Set(exported.map(({ kind }) => kind))).toEqual(new Set(['function', 'memory']));
  },
);

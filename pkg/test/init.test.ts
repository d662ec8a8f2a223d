import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import type * as Seqline from 'seqline';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';

const file = new URL('../dist/wasm/seqline_bg.wasm', import.meta.url);
let server: Server;
let origin: string;
let seqline: typeof Seqline;

beforeAll(async () => {
  const bytes = await readFile(file);
  server = createServer(({ url }, response) => {
    if (url === '/seqline.wasm') {
      response.setHeader('content-type', 'application/wasm').end(bytes);
    } else if (url === '/untyped.wasm') {
      response.end(bytes);
    } else if (url === '/spa.wasm') {
      response.setHeader('content-type', 'text/html').end('<!doctype html>');
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
});

// Each test has a copy of the package that has not been loaded yet.
beforeEach(async () => {
  vi.resetModules();
  seqline = await import('seqline');
});

const sources: [string, () => Seqline.WasmSource | Promise<Seqline.WasmSource> | undefined][] = [
  ['nothing, and so its own file', () => undefined],
  ['a path', () => fileURLToPath(file)],
  ['a file URL', () => file],
  ['the text of a file URL', () => file.href],
  ['a URL', () => new URL(`${origin}/seqline.wasm`)],
  ['the text of a URL', () => `${origin}/seqline.wasm`],
  ['a response', () => fetch(`${origin}/seqline.wasm`)],
  ['a response of no type', () => fetch(`${origin}/untyped.wasm`)],
  ['bytes', () => readFile(file)],
  ['a buffer', async () => new Uint8Array(await readFile(file)).buffer],
  ['a module', async () => WebAssembly.compile(await readFile(file))],
];

test.each(sources)('init() takes %s', async (_, source) => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  await seqline.init(source());
});

test('calls share one loading, and later ones do nothing', async () => {
  const instantiate = vi.spyOn(WebAssembly, 'instantiate');
  await Promise.all([seqline.init(), seqline.init()]);
  await seqline.init('/no/such/file');
  expect(instantiate).toHaveBeenCalledTimes(1);
  instantiate.mockRestore();
});

const failures: [string, () => Seqline.WasmSource, string][] = [
  ['a missing file', () => '/no/such/file.wasm', 'no such file'],
  ['a missing page', () => `${origin}/missing.wasm`, '/missing.wasm answered 404'],
  ['a web page in its place', () => `${origin}/spa.wasm`, '/spa.wasm is a web page'],
  ['bytes that are none', () => new Uint8Array([1, 2, 3]), 'WebAssembly.instantiate()'],
];

test.each(failures)(
  'of %s it says what is wrong, and may be called again',
  async (_, source, reason) => {
    await expect(seqline.init(source())).rejects.toMatchObject({
      code: 'wasm_unavailable',
      message: expect.stringContaining(reason) as string,
      retryable: true,
    });
    await seqline.init();
  },
);

test('a client that cannot be loaded says so, and can be connected later', async () => {
  const client = seqline.createClient('http://127.0.0.1:1', { token: 'x' });
  vi.spyOn(WebAssembly, 'instantiate').mockRejectedValueOnce(new Error('out of memory'));
  const errors: string[] = [];
  client.on('error', ({ code }) => void errors.push(code));
  const sending = client.send({ to: { user: 'bob' }, body: 'x' });
  await expect(client.connect()).rejects.toMatchObject({ code: 'wasm_unavailable' });
  await expect(sending).rejects.toMatchObject({ code: 'wasm_unavailable' });
  expect(client.state).toMatchObject({
    state: 'disconnected',
    reason: 'refused',
    failure: { code: 'wasm_unavailable' },
  });
  expect(errors).toEqual(['wasm_unavailable']);

  const connecting = new Promise<void>((resolve) => {
    client.on('status', () => {
      resolve();
    });
  });
  void client.send({ to: { user: 'bob' }, body: 'y' });
  await connecting;
  await client.dispose();
});

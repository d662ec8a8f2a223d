/** How `seqline/mp` finds the compiled client, and what it says of it. */
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type * as Seqline from 'seqline/mp';
import { beforeAll, expect, onTestFinished, test } from 'vitest';

import { MiniProgram } from './sandbox/sandbox.ts';
import { World } from './world.ts';

const INSTALLED = 'miniprogram_npm/seqline';

let world: World;

beforeAll(async () => {
  world = await World.create();
  return () => world.dispose();
});

/** An app with the package's files somewhere. */
async function appWith(
  folder: string,
  change: (place: string) => Promise<void> = () => Promise.resolve(),
  options: { wasm?: 'none'; api?: Record<string, unknown> } = {},
): Promise<{ app: MiniProgram; seqline: typeof Seqline }> {
  const top = await mkdtemp(join(tmpdir(), 'seqline-loading-'));
  await mkdir(join(top, folder), { recursive: true });
  await cp(join(world.folder, INSTALLED), join(top, folder), { recursive: true });
  await change(join(top, folder));
  const app = MiniProgram.start({ host: 'wx', folder: top, ...options });
  onTestFinished(async () => {
    app.close();
    await rm(top, { recursive: true });
  });
  return { app, seqline: app.require(`${folder}/index.js`) as typeof Seqline };
}

/** What a client says that was made by `seqline`. */
async function engineOf({ seqline }: { seqline: typeof Seqline }) {
  const client = seqline.createClient('https://chat.example.com', { token: 'none' });
  const warnings: Seqline.Events['error'][] = [];
  client.on('error', (error) => {
    warnings.push(error);
  });
  await client.broadcasts();
  const { engine } = client.stats();
  await client.dispose();
  return { engine, warnings };
}

const only = (kept: string) => (place: string) =>
  rm(join(place, kept === 'seqline.wasm' ? 'seqline.wasm.br' : 'seqline.wasm'));

test.each([
  [INSTALLED, 'seqline.wasm'],
  [INSTALLED, 'seqline.wasm.br'],
  ['seqline', 'seqline.wasm'],
  ['seqline', 'seqline.wasm.br'],
  ['static/seqline', 'seqline.wasm'],
  ['static/seqline', 'seqline.wasm.br'],
])('finds /%s/%s by itself', async (folder, file) => {
  const made = await appWith(folder, only(file));
  expect(await engineOf(made)).toEqual({ engine: 'wasm', warnings: [] });
});

test('takes a path of the own', async () => {
  const made = await appWith('lib', async (place) => {
    await mkdir(join(place, 'other'));
    await rename(join(place, 'seqline.wasm'), join(place, 'other/chat.wasm'));
  });
  await Promise.all([made.seqline.init('/lib/other/chat.wasm'), made.seqline.init()]);
  expect(await engineOf(made)).toEqual({ engine: 'wasm', warnings: [] });
});

test('without WebAssembly it is JavaScript, and nothing to warn of', async () => {
  const made = await appWith(INSTALLED, undefined, { wasm: 'none' });
  expect(await engineOf(made)).toEqual({ engine: 'javascript', warnings: [] });
});

test('where the wasm is not found it is JavaScript, and that is said', async () => {
  const made = await appWith('elsewhere');
  await made.seqline.init('/no/such/seqline.wasm');
  expect(await engineOf(made)).toMatchObject({
    engine: 'javascript',
    warnings: [
      {
        code: 'wasm_unavailable',
        message: expect.stringContaining('/no/such/seqline.wasm') as string,
        retryable: false,
      },
    ],
  });
});

test('a host of the own is taken, where none is found', async () => {
  const made = await appWith(INSTALLED, undefined, { api: { connectSocket: undefined } });
  const token = 'none';
  expect(() => made.seqline.createClient('https://chat.example.com', { token })).toThrow(
    'give the option `host`',
  );
  const host = made.seqline.wxHost;
  await made.seqline.createClient('https://chat.example.com', { token, host }).dispose();
});

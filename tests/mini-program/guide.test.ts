/** The example of docs/hosts/mini-programs.md, as it stands there, in WeChat's sandbox and in Alipay's. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { beforeAll, expect, onTestFinished, test } from 'vitest';

import { inRoot } from '../../tools/setup/paths.mjs';
import { devToken } from '../support/tokens.ts';
import { directConversation, Wire } from '../support/wire.ts';
import { MiniProgram } from './sandbox/sandbox.ts';
import { World } from './world.ts';

const INSTALLED = 'miniprogram_npm/seqline';

let world: World;
/** The guide's files, by path. */
let files: Map<string, string>;

beforeAll(async () => {
  world = await World.create();
  return () => world.dispose();
});

beforeAll(async () => {
  const guide = await readFile(inRoot('docs/hosts/mini-programs.md'), 'utf8');
  const blocks = guide.matchAll(/^`([\w/]+\.js)`[^\n]*:\n\n```js\n(.*?)^```$/gms);
  files = new Map(Array.from(blocks, ([, path = '', code = '']) => [path, code]));
});

/** The developer's own server: gives a token to whoever the code says it is. */
async function ownServer(): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { code } = JSON.parse(Buffer.concat(chunks).toString()) as { code: string };
      void devToken(world.relay.url, code).then((token) => {
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ token }));
      });
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What the guide says is different in Alipay. */
const forAlipay = (code: string): string =>
  code
    .replace("require('seqline')", "require('/seqline/index.js')")
    .replace(
      'wx.login({\n      success: ({ code })',
      "my.getAuthCode({\n      scopes: 'auth_base',\n      success: ({ authCode: code })",
    )
    .replace(/wx\./g, 'my.');

async function start(host: 'wx' | 'my', user: string): Promise<MiniProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'seqline-guide-'));
  const package_ = join(folder, host === 'wx' ? INSTALLED : 'seqline');
  await mkdir(package_, { recursive: true });
  await cp(join(world.folder, INSTALLED), package_, { recursive: true });
  const server = await ownServer();
  for (const [path, code] of files) {
    const served = code
      .replace('https://chat.example.com', world.relay.url)
      .replace('https://shop.example.com', server);
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), host === 'wx' ? served : forAlipay(served));
  }
  const answer = (value: object) => (options: { success: (value: object) => void }) => {
    options.success(value);
  };
  const api = { login: answer({ code: user }), getAuthCode: answer({ authCode: user }) };
  const app = MiniProgram.start({ host, folder, api });
  onTestFinished(async () => {
    app.close();
    await rm(folder, { recursive: true });
  });
  return app;
}

test.each(['wx', 'my'] as const)('the guide works in %s', async (host) => {
  const user = `guide-${host}`;
  const wire = await Wire.connect(world.relay.url, await devToken(world.relay.url, 'wire'));
  onTestFinished(() => {
    wire.drop();
  });
  const app = await start(host, user);
  app.launch('app.js');
  const page = app.open('pages/chat/chat', { peer: 'wire' });
  await app.until(() => page.data['state'] === 'connected');
  await wire.sendText(user, 'hello', `to-${user}`);
  await app.until(() => (page.data['messages'] as unknown[]).length === 1);
  page.dispatch('onInput', { detail: { value: 'hello, too' } });
  page.dispatch('onSend');
  await app.until(() => (page.data['messages'] as unknown[]).length === 2);
  expect(page.data).toMatchObject({
    state: 'connected',
    text: '',
    messages: [
      { from: 'wire', body: 'hello' },
      { from: 'me', body: 'hello, too' },
    ],
  });
  expect(await wire.history(directConversation('wire', user))).toHaveLength(2);
  expect(app.realm.output).toEqual([]);
  expect([...files.keys()]).toEqual(['chat.js', 'app.js', 'pages/chat/chat.js']);
});

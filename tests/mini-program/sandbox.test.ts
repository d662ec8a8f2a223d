/** The sandbox itself: a test that runs in it says something only if it lacks what hosts lack. */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';

import { MiniProgram, type MiniProgramOptions } from './sandbox/sandbox.ts';

/** An app of these files, by path. */
async function start(
  host: 'wx' | 'my',
  files: Record<string, string>,
  options: Partial<MiniProgramOptions> = {},
): Promise<MiniProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'seqline-sandbox-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  const app = MiniProgram.start({ host, folder, ...options });
  onTestFinished(async () => {
    app.close();
    await rm(folder, { recursive: true });
  });
  return app;
}

/** Says back what it hears. */
async function echoServer(): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => {
      socket.send(data, { binary: isBinary });
    });
  });
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Those of these names that are there. */
async function globalsOf(host: 'wx' | 'my', names: string[]): Promise<string[]> {
  const entries = names.map((name) => `['${name}', typeof ${name}]`);
  const app = await start(host, { 'a.js': `exports.types = [${entries.join()}];` });
  const { types } = app.require('a.js') as { types: [string, string][] };
  return types.filter(([, type]) => type !== 'undefined').map(([name]) => name);
}

test.each(['wx', 'my'] as const)('%s has no more than a host has', async (host) => {
  const web = [
    'fetch',
    'URL',
    'TextDecoder',
    'TextEncoder',
    'atob',
    'btoa',
    'crypto',
    'performance',
  ];
  const page = ['window', 'document', 'navigator', 'location', 'localStorage', 'WebSocket', 'self'];
  const node = ['process', 'Buffer', 'setImmediate', 'queueMicrotask', 'MessageChannel'];
  const engine = ['WebAssembly', 'FinalizationRegistry', 'WeakRef', 'SharedArrayBuffer'];
  expect(await globalsOf(host, [...web, ...page, ...node, ...engine])).toEqual([]);
  const own = [
    'App',
    'Page',
    'Component',
    'getApp',
    'getCurrentPages',
    'setTimeout',
    'console',
    'global',
  ];
  expect(await globalsOf(host, [...own, host])).toEqual([...own, host]);
  expect(await globalsOf(host, ['WXWebAssembly', 'globalThis'])).toEqual(
    host === 'wx' ? ['WXWebAssembly', 'globalThis'] : [],
  );
});

test('text does not become code', async () => {
  const app = await start('wx', {
    'a.js': `exports.tries = [
      function () { eval('1'); },
      function () { new Function('return 1')(); },
      function () { (function () {}).constructor('return 1')(); },
      function () { require('fs'); },
    ].map(function (run) { try { run(); return 'done'; } catch (error) { return error.name; } });`,
  });
  expect(app.require('a.js')).toEqual({
    tries: ['EvalError', 'EvalError', 'EvalError', 'Error'],
  });
});

test('modules are loaded once, and found from where they are named', async () => {
  const app = await start('wx', {
    'lib/a.js': `exports.b = require('./b'); exports.again = require('/lib/b.js'); exports.npm = require('some');`,
    'lib/b.js': `module.exports = { n: 1 };`,
    'miniprogram_npm/some/index.js': `module.exports = 'from npm';`,
  });
  const a = app.require('lib/a.js') as Record<string, unknown>;
  expect(a['b']).toBe(a['again']);
  expect(a['npm']).toBe('from npm');
});

const SOCKETS = `exports.open = function (url, count) {
  var log = [];
  for (var n = 0; n < count; n += 1) (function () {
    var task = wx.connectSocket({ url: url,
      success: function () { log.push('accepted'); },
      fail: function (failure) { log.push(failure.errMsg); } });
    if (!task) { log.push('no task'); return; }
    task.onOpen(function () { log.push('open'); task.send({ data: new Uint8Array([1, 2, 3]).buffer }); });
    task.onMessage(function (message) { log.push(message.data instanceof ArrayBuffer ? 'buffer' : 'other'); });
    task.onClose(function (event) { log.push('closed ' + event.code); });
    exports.task = task;
  })();
  return log;
};`;

const openSockets = (app: MiniProgram, url: string, count: number) =>
  (app.require('a.js') as { open: (url: string, count: number) => string[] }).open(url, count);

test('sockets are accepted first, open later, and five at most', async () => {
  const app = await start('wx', { 'a.js': SOCKETS });
  const log = openSockets(app, await echoServer(), 6);
  expect(log).toEqual(['no task']);
  await app.until(() => log.filter((entry) => entry === 'buffer').length === 5);
  expect(log.slice(1, 7).sort()).toEqual([
    ...Array<string>(5).fill('accepted'),
    'connectSocket:fail exceed max task count',
  ]);
});

test('in the background the network goes away, told or not, and timers stand', async () => {
  const app = await start('wx', {
    'a.js': `${SOCKETS} exports.tick = function () { setTimeout(function () { exports.ticked = true; }, 0); };`,
  });
  const url = await echoServer();
  const log = openSockets(app, url, 1);
  await app.until(() => log.includes('open'));
  app.hide();
  app.suspend({ told: false });
  const script = app.require('a.js') as { tick: () => void; ticked?: boolean };
  script.tick();
  const refused = openSockets(app, url, 1);
  await app.until(() => app.realm.timers.held === 2);
  expect([script.ticked, refused, app.sockets.open]).toEqual([undefined, ['no task'], 0]);
  app.show();
  await app.until(() => refused.includes('connectSocket:fail interrupted'));
  expect(script.ticked).toBe(true);
  expect(log.filter((entry) => entry.startsWith('closed'))).toEqual([]);

  const told = openSockets(app, url, 1);
  await app.until(() => told.includes('open'));
  app.hide();
  app.suspend({ told: true });
  app.show();
  await app.until(() => told.includes('closed 1006'));
});

test.each([
  ['wx', 1 << 20, 'setStorage:fail:entry size limit reached', 'setStorage:fail:exceed storage'],
  ['my', 200 << 10, '{"error":14', '{"error":12'],
] as const)('%s keeps no more than its quota', async (host, itemBytes, tooLong, tooMuch) => {
  const app = await start(host, {
    'a.js': `exports.set = function (key, length) { return new Promise(function (resolve) {
      ${host}.setStorage({ key: key, data: Array(length + 1).join('x'),
        success: function () { resolve('kept'); },
        fail: function (failure) { resolve(failure.errMsg || JSON.stringify(failure)); } }); }); };`,
  });
  const { set } = app.require('a.js') as { set: (key: string, length: number) => Promise<string> };
  expect(await set('a', itemBytes - 2)).toBe('kept');
  expect(await set('a', itemBytes - 1)).toContain(tooLong);
  const results: string[] = [];
  while (!results.at(-1)?.includes(tooMuch))
    results.push(await set(`k${results.length}`, 150 << 10));
  expect(results.slice(0, -1).every((result) => result === 'kept')).toBe(true);
  expect(app.restart().storage.keys).toContain('a');
});

test('a page shows what it has set, under paths', async () => {
  const app = await start('wx', {
    'app.js': `App({ onLaunch: function () { this.launched = true; } });`,
    'pages/a/a.js': `Page({ data: { n: 1 },
      onLoad: function (query) { this.setData({ 'rows[0].title': query.title, launched: getApp().launched }); },
      onTap: function (event) { this.setData({ n: this.data.n + event.detail.by }); } });`,
    'pages/b/b.js': `Component({ data: { seen: [] }, methods: { onShow: function () {
      this.setData({ 'seen[0]': getCurrentPages().length }); } } });`,
  });
  app.launch('app.js');
  const page = app.open('pages/a/a', { title: 'Hello' });
  page.dispatch('onTap', { detail: { by: 2 } });
  expect(page.data).toEqual({ n: 3, rows: [{ title: 'Hello' }], launched: true });
  expect(app.open('pages/b/b').data).toEqual({ seen: [2] });
});

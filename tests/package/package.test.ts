import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser } from 'playwright-core';
import { build, createServer } from 'vite';
import { beforeAll, expect, onTestFinished, test } from 'vitest';

import { inRoot } from '../../tools/setup/paths.mjs';
import { launchBrowser } from '../support/browser.ts';
import { Relay } from '../support/relay.ts';
import { serveFolder } from '../support/static-server.ts';
import { devToken } from '../support/tokens.ts';
import { directConversation, Wire } from '../support/wire.ts';
import { pack, Project, run, type Packed } from './project.ts';

let folder: string;
let packed: Packed;
let relay: Relay;
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seqline-pack-'));
  packed = await pack(folder);
  return () => rm(folder, { recursive: true, force: true });
});

beforeAll(async () => {
  relay = await Relay.start();
  return () => relay.dispose();
});

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

/** Somebody who writes first, and keeps what the relay has stored of the conversation. */
async function exchange(user: string, connected: Promise<unknown>): Promise<void> {
  const wire = await Wire.connect(relay.url, await devToken(relay.url, 'wire'));
  onTestFinished(() => {
    wire.drop();
  });
  await connected;
  await wire.sendText(user, 'hello', `to-${user}`);
  await expect
    .poll(() => wire.history(directConversation('wire', user)))
    .toEqual([
      { sender: 'wire', text: 'hello' },
      { sender: user, text: 'hello, too' },
    ]);
}

async function newProject(fixture: string): Promise<Project> {
  const project = await Project.create(fixture, packed.path);
  onTestFinished(() => project.remove());
  return project;
}

/** Opens a page made with Vite, and has a conversation with it. */
async function checkPage(url: string, user: string): Promise<void> {
  const page = await browser.newPage();
  onTestFinished(() => page.close());
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  const query = new URLSearchParams({ relay: relay.url, token: await devToken(relay.url, user) });
  await page.goto(`${url}?${query.toString()}`);
  const output = page.locator('output');
  await exchange(user, output.getByText(`connected as ${user}`).waitFor());
  await output.getByText('answered').waitFor();
  expect(await output.innerText()).toBe(`connected as ${user}\nwire says hello\nanswered\n`);
  expect(complaints.filter((text) => !text.startsWith('[vite]'))).toEqual([]);
}

test('the tarball has what it needs and nothing else', () => {
  expect(packed.files).toEqual(
    expect.arrayContaining([
      'package.json',
      'README.md',
      'LICENSE-MIT',
      'LICENSE-APACHE',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/node.js',
      'dist/node.d.ts',
      'dist/wasm/seqline_bg.wasm',
    ]),
  );
  const allowed = /^(dist\/|README\.md$|CHANGELOG\.md$|LICENSE-|package\.json$)/;
  expect(packed.files.filter((path) => !allowed.test(path))).toEqual([]);
});

test('works in an empty Vite project, built and served', async () => {
  const project = await newProject('vite');
  await build({ root: project.folder, configFile: false, logLevel: 'warn' });
  const server = await serveFolder(project.path('dist'));
  onTestFinished(() => {
    server.stop();
  });
  await checkPage(server.url, 'vera');
});

test('works in an empty Vite project, as it is developed', async () => {
  const project = await newProject('vite');
  const http = createHttpServer();
  const server = await createServer({
    root: project.folder,
    configFile: false,
    logLevel: 'warn',
    server: { middlewareMode: { server: http } },
  });
  http.on('request', server.middlewares);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(async () => {
    await server.close();
    http.closeAllConnections();
    http.close();
  });
  await checkPage(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, 'dave');
});

test('works in an empty Node project, and with its types', async () => {
  const project = await newProject('node');
  await project.link('@types');
  await compile(project, '--types', 'node', '--module', 'NodeNext');
  const token = await devToken(relay.url, 'nora');
  const output = run(project.folder, process.execPath, 'main.js', relay.url, token);
  // It takes what was sent before it came.
  await exchange('nora', Promise.resolve());
  expect(await output).toBe('connected as nora\nwire says hello\n');
});

test('a bundler finds its types, too', async () => {
  const project = await newProject('vite');
  await compile(project, '--noEmit', '--module', 'ESNext', '--moduleResolution', 'Bundler');
});

/** Compiles the project as strictly as its users may, the package's declarations included. */
async function compile(project: Project, ...options: string[]): Promise<void> {
  const compiler = inRoot('node_modules/typescript/bin/tsc');
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--target', 'ES2022'];
  await run(project.folder, process.execPath, compiler, ...strict, ...options, 'main.ts');
}

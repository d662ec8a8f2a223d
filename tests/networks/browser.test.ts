/** The same in Chromium, for a page of another origin than the relay's. */
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser, Page } from 'playwright-core';
import type { Client, createClient } from 'seqline';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

import { inRoot } from '../../tools/setup/paths.mjs';
import { launchBrowser } from '../support/browser.ts';
import { serveFolder, type StaticServer } from '../support/static-server.ts';
import { devToken } from '../support/tokens.ts';
import { World } from './world.ts';

/** What the page's script has made. */
interface Visitor {
  createClient: typeof createClient;
  client: Client;
  received: unknown[];
}
declare const visitor: Visitor;

const html = `<!doctype html>
  <title>Page</title>
  <script type="module">
    import { createClient } from '/dist/index.js';
    globalThis.visitor = { createClient, received: [] };
  </script>`;

let browser: Browser;
let site: StaticServer;
let folder: string;

beforeAll(async () => {
  browser = await launchBrowser();
  // A page that Playwright makes up is of no network, and may not use this machine's.
  folder = await mkdtemp(join(tmpdir(), 'seqline-page-'));
  await symlink(inRoot('pkg/dist'), join(folder, 'dist'));
  await writeFile(join(folder, 'page.html'), html);
  site = await serveFolder(folder);
});

afterAll(async () => {
  site.stop();
  await browser.close();
  await rm(folder, { recursive: true });
});

/** A page with a client that is connected, and what it loaded for that. */
async function visit(world: World, user: string): Promise<{ page: Page; loaded: string[] }> {
  const context = await browser.newContext();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const loaded: string[] = [];
  page.on('request', (request) => {
    loaded.push(`${request.method()} ${new URL(request.url()).pathname}`);
  });
  await page.goto(`${site.url}/page.html`);
  const token = await devToken(world.relay.url, user);
  await page.evaluate(
    async ({ url, token }) => {
      visitor.client = visitor.createClient(url, { token, backoffBaseMs: 50 });
      visitor.client.on('message', ({ body }) => {
        visitor.received.push(body);
      });
      await visitor.client.connect();
    },
    { url: world.network.url, token },
  );
  return { page, loaded };
}

const transport = (page: Page) => page.evaluate(() => visitor.client.stats().transport);

test('a page goes over HTTP where upgrades are refused, and back', async () => {
  const world = await World.create('refuse');
  const { page, loaded } = await visit(world, 'alice');
  expect(await transport(page)).toBe('polling');
  expect(loaded.filter((one) => one.endsWith('/fallback.js'))).toHaveLength(1);
  const bob = await world.join('bob');
  await page.evaluate(async () => {
    const { client } = visitor;
    const texts = Array.from({ length: 20 }, (_, n) => `alice ${n}`);
    await Promise.all(texts.map((body) => client.send({ to: { user: 'bob' }, body })));
  });
  await bob.client.send({ to: { user: 'alice' }, body: 'hello' });
  const received = () => page.evaluate(() => visitor.received);
  await expect.poll(async () => (await received()).length).toBe(21);
  expect((await received()).filter((body) => body !== 'hello')).toEqual(
    Array.from({ length: 20 }, (_, n) => `alice ${n}`),
  );

  world.gateway.upgrades = 'pass';
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await expect.poll(() => transport(page)).toBe('socket');
  await bob.client.send({ to: { user: 'alice' }, body: 'and back' });
  await expect.poll(async () => (await received()).at(-1)).toBe('and back');
});

test('a page that needs none of it loads none of it', async () => {
  const world = await World.create('pass');
  const { page, loaded } = await visit(world, 'alice');
  expect(await transport(page)).toBe('socket');
  expect(loaded).toContain('GET /dist/index.js');
  expect(loaded.filter((one) => /fallback|poll/.test(one))).toEqual([]);
});

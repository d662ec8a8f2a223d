/** A network that refuses WebSockets, in each place that a browser has for the client. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

import { inRoot } from '../../tools/setup/paths.mjs';
import { launchBrowser } from '../support/browser.ts';
import { Gateway } from '../support/gateway.ts';
import { Relay } from '../support/relay.ts';
import { serveFolder } from '../support/static-server.ts';
import { devToken } from '../support/tokens.ts';
import { directConversation, Wire } from '../support/wire.ts';

let browser: Browser;
let relay: Relay;
let gateway: Gateway;
let site: { url: string; stop: () => void };

beforeAll(async () => {
  [browser, relay, site] = await Promise.all([
    launchBrowser(),
    Relay.start(),
    serveFolder(inRoot('pkg/dist')),
  ]);
  gateway = await Gateway.start(() => Number(new URL(relay.url).port));
  gateway.upgrades = 'refuse';
});

afterAll(async () => {
  await browser.close();
  await gateway.stop();
  site.stop();
  await relay.dispose();
});

/** In a page or a worker: sends something, and waits for something. */
const run = (module: string, options: object): string => `(async () => {
  const { createClient } = await import('${module}');
  const { url, token, to } = ${JSON.stringify(options)};
  const client = createClient(url, { token, backoffBaseMs: 10 });
  const heard = new Promise((done) => client.on('message', ({ own, body }) => own || done(body)));
  await client.connect();
  await client.send({ to: { user: to }, body: 'from the page' });
  return [client.state.transport, await heard];
})()`;

const inWorker = (code: string): string => `new Promise((done) => {
  const blob = new Blob([${JSON.stringify(`${code}.then(postMessage)`)}], { type: 'text/javascript' });
  const worker = new Worker(URL.createObjectURL(blob), { type: 'module' });
  worker.addEventListener('message', ({ data }) => done(data));
})`;

test.each([
  ['a window', 'index.js', false],
  ['a window without WebAssembly', 'asm/index.mjs', false],
  ['a worker', 'index.js', true],
])('in %s messages go over HTTP where WebSockets are refused', async (place, entry, isWorker) => {
  const user = place.replaceAll(' ', '-');
  const context = await browser.newContext();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  if (entry.startsWith('asm')) await page.addInitScript('delete globalThis.WebAssembly');
  // Any file of that server: browsers ask where a page is from before it may reach this machine.
  await page.goto(`${site.url}/stores.js`);

  const options = { url: gateway.url, token: await devToken(relay.url, user), to: 'wire' };
  const code = run(`${site.url}/${entry}`, options);
  const outcome = page.evaluate(isWorker ? inWorker(code) : code);
  const wire = await Wire.connect(relay.url, await devToken(relay.url, 'wire'));
  onTestFinished(() => {
    wire.drop();
  });
  await wire.sendText(user, 'from outside', `to-${user}`);
  expect(await outcome).toEqual(['polling', 'from outside']);
  const stored = await wire.history(directConversation('wire', user));
  expect(stored.map(({ text }) => text).sort()).toEqual(['from outside', 'from the page']);
});

// The same client in each place that a browser has for it. What these show for all of them is
// looked at more closely in a window, in `browser.test.ts`.
import type * as Seqline from 'seqline';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { launchBrowser, serveDist } from './support/browser.ts';
import { TOKEN, until } from './support/client.ts';
import { FakeRelay } from './support/fake-relay.ts';
import { shows } from './support/wire.ts';

/** Tells what happens as texts, and sends what it is told to. Runs in a window and in a worker. */
const APP = `
async function run(seqline, options, tell) {
  const client = seqline.createClient(options.url, { ...options, backoffBaseMs: 10 });
  client.on('message', ({ body }) => tell('message ' + body));
  client.on('broadcast', ({ change, id }) => tell('broadcast ' + id + ' ' + change));
  client.on('state', ({ state }) => tell(state));
  client.on('error', ({ code }) => tell('error ' + code));
  await client.connect();
  tell('engine ' + (client.stats().engine ?? ''));
  return (body) => void client.send({ to: { user: 'bob' }, body });
}`;

const window = (entry: string) => `<!doctype html><title>x</title><script type="module">
  import * as seqline from '${entry}';
  ${APP}
  window.start = async (options) => {
    window.told = [];
    window.say = await run(seqline, options, (line) => window.told.push(line));
  };
  window.ready = true;
</script>`;

const WORKER = `
  import * as seqline from '/index.js';
  ${APP}
  const first = ({ data }) => {
    removeEventListener('message', first);
    run(seqline, data, postMessage).then((say) => addEventListener('message', ({ data }) => say(data)));
  };
  addEventListener('message', first);
`;

const PAGE_OF_WORKER = `<!doctype html><title>x</title><script type="module">
  window.start = (options) => new Promise((done) => {
    window.told = [];
    const worker = new Worker('/worker.js', { type: 'module' });
    worker.addEventListener('message', ({ data }) => {
      window.told.push(data);
      if (data.startsWith('engine')) done();
    });
    worker.postMessage(options);
    window.say = (body) => worker.postMessage(body);
  });
  window.ready = true;
</script>`;

interface AppPage {
  told: string[];
  ready: boolean;
  start(options: { url: string; token: string }): Promise<void>;
  say(body: Seqline.Body): void;
}

let browser: Browser;
let site: { url: string; stop: () => void };

beforeAll(async () => {
  browser = await launchBrowser();
  site = await serveDist({
    '/window': window('/index.js'),
    '/asm': window('/asm/index.mjs'),
    '/worker': PAGE_OF_WORKER,
    '/worker.js': WORKER,
  });
});

afterAll(async () => {
  await browser.close();
  site.stop();
});

describe.each([
  ['a window', 'window', 'wasm'],
  ['a window without WebAssembly', 'asm', 'javascript'],
  ['a worker', 'worker', 'wasm'],
])('%s', (_, path, engine) => {
  async function open(relay: FakeRelay): Promise<Page> {
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    if (path === 'asm') await page.addInitScript('delete globalThis.WebAssembly');
    await page.goto(`${site.url}${path}`);
    await start(page, relay);
    return page;
  }

  async function start(page: Page, relay: FakeRelay): Promise<void> {
    await page.waitForFunction(() => (globalThis as unknown as AppPage).ready);
    await page.evaluate((options) => (globalThis as unknown as AppPage).start(options), {
      url: relay.url,
      token: TOKEN,
    });
  }

  const told = (page: Page): Promise<string[]> =>
    page.evaluate(() => (globalThis as unknown as AppPage).told);
  const say = (page: Page, body: string): Promise<void> =>
    page.evaluate((text) => {
      (globalThis as unknown as AppPage).say(text);
    }, body);
  const messages = async (page: Page) =>
    (await told(page)).filter((line) => line.startsWith('message'));

  test('sends and receives, and comes back when it is cut off', async () => {
    const relay = await FakeRelay.start();
    const page = await open(relay);
    expect(await told(page)).toContain(`engine ${engine}`);
    relay.sendMessages(2);
    await say(page, 'hello');
    await expect
      .poll(() => messages(page))
      .toEqual(['message text 1', 'message text 2', 'message hello']);
    relay.socket.cut();
    await relay.nth('hello', 2);
    relay.sendMessages(1);
    await expect.poll(() => messages(page)).toHaveLength(4);
    expect(await told(page)).not.toContain('error storage_failed');
  });

  test('goes on after a reload from where it was, with what it had not sent', async () => {
    const relay = await FakeRelay.start();
    const page = await open(relay);
    relay.sendMessages(1);
    await expect.poll(() => messages(page)).toHaveLength(1);
    await until(() => relay.all('ack').some(({ cursor }) => cursor === 1));
    relay.on('send', () => undefined);
    await say(page, 'unsent');
    await relay.nth('send', 1);
    await page.reload();
    relay.off('send');
    await start(page, relay);
    await expect.poll(() => messages(page)).toEqual(['message unsent']);
    expect(relay.all('hello')[1]).toMatchObject({ resume: { cursor: 1 } });
    const [first, second] = relay.all('send').map((frame) => frame['client_msg_id']);
    expect(second).toBe(first);
  });

  test('shows a message to all users once, and takes it back', async () => {
    const relay = await FakeRelay.start();
    relay.answer('broadcasts.seen', ({ ids }) => ({ new: ids }));
    const page = await open(relay);
    relay.publish(shows(7));
    await expect.poll(() => told(page)).toContain('broadcast 7 new');
    await page.reload();
    await start(page, relay);
    relay.publish({ id: 7 });
    await expect.poll(() => told(page)).toContain('broadcast 7 withdrawn');
    expect(await told(page)).not.toContain('broadcast 7 new');
  });
});

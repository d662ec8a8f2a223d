import type * as Seqline from 'seqline';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

import { launchBrowser, serveDist } from './support/browser.ts';
import { TOKEN, until } from './support/client.ts';
import { FakeRelay } from './support/fake-relay.ts';

let browser: Browser;
let site: { url: string; stop: () => void };

beforeAll(async () => {
  [browser, site] = await Promise.all([launchBrowser(), serveDist()]);
});

afterAll(async () => {
  await browser.close();
  site.stop();
});

/** What a page has, and what the functions below keep on it. */
interface PageState {
  seqline: typeof Seqline;
  client: Seqline.Client;
  seen: string[];
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type
  interface Window extends PageState {}
}

/** A browser of its own, with nothing stored. */
async function newProfile(): Promise<BrowserContext> {
  const context = await browser.newContext();
  onTestFinished(() => context.close());
  return context;
}

/** Opens a page with a client on it that keeps the texts of its messages in `seen`. */
async function openPage(
  profile: BrowserContext,
  relay: FakeRelay,
  options: Partial<Seqline.ClientOptions> = {},
): Promise<Page> {
  const page = await profile.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  onTestFinished(() => {
    expect(complaints).toEqual([]);
  });
  await page.goto(site.url);
  await startClient(page, relay, options);
  return page;
}

async function startClient(
  page: Page,
  relay: FakeRelay,
  options: Partial<Seqline.ClientOptions> = {},
): Promise<void> {
  await page.evaluate(
    async ([url, given]) => {
      const client = window.seqline.createClient(url, given);
      window.client = client;
      window.seen = [];
      client.on('message', ({ body }) => void window.seen.push(body as string));
      await client.connect();
    },
    [relay.url, { token: TOKEN, backoffBaseMs: 10, ...options }] as const,
  );
}

const seen = (page: Page) => page.evaluate(() => window.seen);
const device = (relay: FakeRelay, nth: number) => relay.all('hello')[nth]?.['device'];

test('a page connects, sends, receives, and comes back when cut off', async () => {
  const relay = await FakeRelay.start();
  const page = await openPage(await newProfile(), relay);
  expect(relay.all('hello')).toMatchObject([{ host: 'browser' }]);

  relay.sendMessages(2);
  await expect.poll(() => seen(page)).toEqual(['text 1', 'text 2']);
  relay.socket.cut();
  const sent = await page.evaluate(() =>
    window.client.send({ to: { user: 'bob' }, body: 'über 你好' }),
  );
  expect(sent).toMatchObject({ convSeq: 3 });
  await expect.poll(() => seen(page)).toEqual(['text 1', 'text 2', 'über 你好']);
  expect(relay.sockets).toHaveLength(2);
});

test('a page that is reloaded goes on from where it was, with what it had not sent', async () => {
  const relay = await FakeRelay.start();
  const page = await openPage(await newProfile(), relay);
  relay.sendMessages(2);
  await expect.poll(() => seen(page)).toHaveLength(2);
  await page.evaluate(async () => {
    const { client } = window;
    client.disconnect();
    const queued = new Promise<void>((resolve) => {
      client.on('status', ({ status }) => {
        if (status === 'queued') resolve();
      });
    });
    void client.send({ to: { user: 'bob' }, body: 'unsent' });
    await queued;
  });
  // Stored once a transaction that began later is complete.
  await page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open('seqline/demo/alice/0');
        opening.onerror = reject;
        opening.onsuccess = () => {
          const transaction = opening.result.transaction('records', 'readwrite');
          transaction.oncomplete = () => {
            opening.result.close();
            resolve();
          };
        };
      }),
  );

  await page.reload();
  await startClient(page, relay);
  await expect.poll(() => seen(page)).toEqual(['unsent']);
  expect(device(relay, 1)).toBe(device(relay, 0));
  expect(relay.all('hello')[1]).toMatchObject({ resume: { cursor: 2 } });
});

test('what a tab had not sent when it was closed, the next one sends, once', async () => {
  const relay = await FakeRelay.start();
  const profile = await newProfile();
  const separate = { tabs: 'separate' } as const;
  const one = await openPage(profile, relay, separate);
  const other = await openPage(profile, relay, separate);
  const bodies = ['first', 'second'];
  await other.evaluate(async (bodies) => {
    const { client } = window;
    client.disconnect();
    for (const body of bodies) void client.send({ to: { user: 'bob' }, body });
    await client.broadcasts();
    // What is kept is told by the storage alone.
    for (;;) {
      const names = (await indexedDB.databases()).flatMap(({ name }) => name ?? []);
      const kept = await Promise.all(
        names.map(
          (name) =>
            new Promise<number>((resolve, reject) => {
              const opening = indexedDB.open(name);
              opening.onerror = reject;
              opening.onsuccess = () => {
                const records = opening.result.transaction('records').objectStore('records');
                const keys = records.getAllKeys(IDBKeyRange.bound('outbox/', 'outbox0'));
                keys.onsuccess = () => {
                  opening.result.close();
                  resolve(keys.result.length);
                };
              };
            }),
        ),
      );
      if (kept.includes(bodies.length)) return;
    }
  }, bodies);
  await Promise.all([one.close(), other.close()]);

  const later = await openPage(profile, relay);
  await expect.poll(() => seen(later)).toEqual(bodies);
  expect(relay.all('send').map(({ body }) => body)).toEqual(bodies);
  expect(await later.evaluate(() => window.client.stats().outbox)).toBe(0);
});

test('two tabs that share nothing are two devices, and neither ends the other', async () => {
  const relay = await FakeRelay.start();
  const profile = await newProfile();
  const separate = { tabs: 'separate' } as const;
  const one = await openPage(profile, relay, separate);
  const other = await openPage(profile, relay, separate);
  expect(device(relay, 1)).not.toBe(device(relay, 0));

  // Each gets its own back when reloaded.
  for (const [tab, page] of [one, other].entries()) {
    await page.reload();
    await startClient(page, relay, separate);
    expect(device(relay, 2 + tab)).toBe(device(relay, tab));
  }
});

test('frames come in binary or as text, and what is neither is left alone', async () => {
  const relay = await FakeRelay.start();
  const page = await openPage(await newProfile(), relay);
  await page.evaluate(() => {
    window.client.on('error', ({ code }) => void window.seen.push(code));
  });
  relay.socket.sayText('hello');
  await expect.poll(() => seen(page)).toEqual(['protocol_violation']);
  await until(() => relay.sockets.length === 2);
});

test('offline, it waits; online, it is back at once; hidden, it says so', async () => {
  const relay = await FakeRelay.start();
  const profile = await newProfile();
  const page = await openPage(profile, relay);

  await profile.setOffline(true);
  relay.socket.cut();
  const state = () => page.evaluate(() => window.client.state);
  await expect.poll(state).toMatchObject({ state: 'connecting', offline: true });
  await profile.setOffline(false);
  await expect.poll(state).toMatchObject({ state: 'connected' });

  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  expect(await relay.nth('state', 1)).toEqual({ background: true });
  await page.evaluate(() => {
    document.dispatchEvent(new Event('resume'));
  });
  await relay.nth('ping', 1);
});

test('a page that is left is as good as hidden, until it is shown again', async () => {
  const relay = await FakeRelay.start();
  const page = await openPage(await newProfile(), relay, { tabs: 'separate' });
  await page.evaluate(() => window.dispatchEvent(new Event('pagehide')));
  expect(await relay.nth('state', 1)).toEqual({ background: true });
  await page.evaluate(() => window.dispatchEvent(new Event('pageshow')));
  expect(await relay.nth('state', 2)).toEqual({ background: false });
});

test('a browser that knows the kind of its network says so, and what comes after it', async () => {
  const relay = await FakeRelay.start();
  const profile = await newProfile();
  await profile.addInitScript(() => {
    const connection = Object.assign(new EventTarget(), { type: 'wifi' });
    Object.defineProperty(navigator, 'connection', { value: connection });
  });
  const page = await openPage(profile, relay);
  const network = () => page.evaluate(() => window.client.stats().network);
  const change = (to: string) =>
    page.evaluate((type) => {
      const { connection } = navigator as unknown as { connection: EventTarget };
      Object.assign(connection, { type }).dispatchEvent(new Event('change'));
    }, to);
  expect(await network()).toBe('wifi');
  await change('cellular');
  expect(await network()).toBe('cellular');
  await relay.nth('ping', 1);
  await change('none');
  expect(await network()).toBe('cellular');
});

test('after dispose() the page is as it was', async () => {
  const relay = await FakeRelay.start();
  const page = await openPage(await newProfile(), relay);
  await page.evaluate(() => window.client.dispose());
  await page.evaluate(() => {
    window.dispatchEvent(new Event('offline'));
    window.dispatchEvent(new Event('online'));
    document.dispatchEvent(new Event('visibilitychange'));
  });
  const locks = await page.evaluate(() => navigator.locks.query());
  expect(locks.held).toEqual([]);
  expect(relay.sockets).toHaveLength(1);
});

test('works in a worker', async () => {
  const relay = await FakeRelay.start();
  const page = await (await newProfile()).newPage();
  await page.goto(site.url);
  const answer = await page.evaluate(
    ([url, token]) =>
      new Promise<string>((resolve, reject) => {
        const program = `
          const { createClient } = await import('${location.origin}/index.js');
          const client = createClient('${url}', { token: '${token}' });
          client.on('message', () => {});
          await client.connect();
          const { convSeq } = await client.send({ to: { user: 'bob' }, body: 'from a worker' });
          postMessage(client.user + ' ' + convSeq);
        `;
        const blob = new Blob([program], { type: 'text/javascript' });
        const worker = new Worker(URL.createObjectURL(blob), { type: 'module' });
        worker.onmessage = ({ data }) => {
          resolve(String(data));
        };
        worker.onerror = (event) => {
          reject(new Error(event.message));
        };
      }),
    [relay.url, TOKEN] as const,
  );
  expect(answer).toBe('alice 1');
});

/** What the page shows without the relay: what this device kept. */
import type { Browser, BrowserContext } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';

import { launchBrowser } from '../support/browser.ts';
import { directConversation } from '../support/wire.ts';
import { World } from './world.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

test('reloaded while the relay is down, the page shows conversations and messages', async () => {
  const world = await World.create(browser);
  const ofAlice = await world.device();
  const files = keepFiles(ofAlice.context);
  const { alice, bob } = await world.twoPagesOn(ofAlice, await world.device());
  await world.write(alice, 3);
  await world.write(bob, 3);
  await world.settled(alice, bob);
  const before = await alice.shown();

  await world.relay.kill();
  await files.serve();
  await alice.page.reload();
  await expect
    .poll(async () => (await alice.shown()).map(({ text }) => text))
    .toEqual(before.map(({ text }) => text));
  await alice.page.getByTestId(`conversation-${directConversation('alice', 'bob')}`).waitFor();

  // With the relay, it goes on from there.
  await files.stop();
  await world.relay.start();
  await alice.page.reload();
  await Promise.all([world.write(alice, 1), world.write(bob, 1)]);
  await world.settled(alice, bob);
});

/** As a page that is installed has them: its own files, without a network. */
function keepFiles(context: BrowserContext) {
  const files = new Map<string, { body: Buffer; contentType: string }>();
  context.on('response', (response) => {
    const url = new URL(response.url());
    if (response.request().method() !== 'GET' || url.pathname.startsWith('/v1/')) return;
    response.body().then(
      (body) => {
        files.set(url.pathname, { body, contentType: response.headers()['content-type'] ?? '' });
      },
      () => undefined,
    );
  });
  return {
    serve: () =>
      context.route('**/*', async (route) => {
        const file = files.get(new URL(route.request().url()).pathname);
        await (file ? route.fulfill(file) : route.abort());
      }),
    stop: () => context.unroute('**/*'),
  };
}

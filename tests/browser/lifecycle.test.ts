import type { Browser } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';

import { launchBrowser } from '../support/browser.ts';
import type { ChatPage } from './chat-page.ts';
import { World, type Device } from './world.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

/** Writes into a network that takes nothing, until it is certain that the browser keeps it. */
async function writeUnsent(world: World, page: ChatPage, { network }: Device): Promise<void> {
  network.blackHole();
  await world.write(page, 5);
  // Nothing is written to a socket before it is kept.
  await expect
    .poll(async () => (await page.shown()).filter(({ status }) => status === 'sending').length)
    .toBe(5);
}

/** As if nothing that was written since had ever left. */
function forget({ network }: Device): void {
  network.cut();
  network.heal();
}

test('a page is reloaded with unsent messages', async () => {
  const world = await World.create(browser);
  const { alice, bob, ofAlice } = await world.twoPages();
  await Promise.all([world.write(alice, 3), world.write(bob, 3)]);
  await world.settled(alice, bob);

  await writeUnsent(world, alice, ofAlice);
  await alice.page.goto('about:blank');
  forget(ofAlice);
  await alice.open();
  await world.settled(alice, bob);
});

test('a page is reloaded with messages that are stored, but it does not know', async () => {
  const world = await World.create(browser);
  const { alice, bob, ofAlice } = await world.twoPages();
  ofAlice.network.blackHole('down');
  await world.write(alice, 5);
  await world.shownOn(bob);
  expect(await alice.statesOtherThan('sending')).toEqual([]);
  await alice.page.goto('about:blank');
  forget(ofAlice);
  await alice.open();
  await world.settled(alice, bob);
});

test('a page is reloaded while its unsent messages are on their way', async () => {
  const world = await World.create(browser);
  const { alice, bob, ofAlice } = await world.twoPages();
  await writeUnsent(world, alice, ofAlice);
  const reloaded = alice.page.reload();
  ofAlice.network.heal();
  await reloaded;
  await world.settled(alice, bob);
});

test('a page is closed with unsent messages while the relay is down, and opened again', async () => {
  const world = await World.create(browser);
  const { alice, bob, ofAlice } = await world.twoPages();
  await writeUnsent(world, alice, ofAlice);
  await world.relay.kill();
  await alice.page.close();
  forget(ofAlice);
  await world.relay.start();
  const again = await world.open(ofAlice, 'alice', 'bob');
  await world.settled(again, bob);
  // What was sent by the page before is sent: the outbox is empty.
  await again.page.reload();
  await world.settled(again, bob);
});

test.for(['goes on', 'is gone'])(
  'a page is frozen and resumed, and its connection %s',
  async (connection) => {
    const world = await World.create(browser);
    const { alice, bob, ofAlice } = await world.twoPages();
    await Promise.all([world.write(alice, 3), world.write(bob, 3)]);
    await world.settled(alice, bob);

    await alice.freeze();
    ofAlice.network.blackHole();
    await world.write(bob, 10);
    await world.shownOn(bob);
    if (connection === 'is gone') ofAlice.network.cut();
    ofAlice.network.heal();
    await alice.resume();
    await world.write(alice, 3);
    await world.settled(alice, bob);
  },
);

test('a page is frozen while it sends', async () => {
  const world = await World.create(browser);
  const { alice, bob, ofAlice } = await world.twoPages();
  await writeUnsent(world, alice, ofAlice);
  await alice.freeze();
  forget(ofAlice);
  await world.write(bob, 5);
  // Nobody takes them on the other side.
  await expect.poll(() => bob.statesOtherThan('sent')).toEqual([]);
  await alice.resume();
  await world.settled(alice, bob);
});

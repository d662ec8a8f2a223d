import type { Browser } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';

import { launchBrowser } from '../support/browser.ts';
import { devToken } from '../support/tokens.ts';
import { Wire } from '../support/wire.ts';
import { World } from './world.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

test('two pages chat', async () => {
  const world = await World.create(browser);
  const { alice, bob } = await world.twoPages();
  await Promise.all([world.write(alice, 10), world.write(bob, 10)]);
  await world.settled(alice, bob);
  for (const page of [alice, bob]) expect(page.console).toEqual([]);
});

test('marks tell how far a message got', async () => {
  const world = await World.create(browser);
  const { alice, bob, ofAlice, ofBob } = await world.twoPages();

  ofAlice.network.blackHole();
  await world.write(alice, 1);
  await expect.poll(() => alice.ownStates()).toEqual(['sending']);
  await bob.page.close();
  ofAlice.network.heal();
  await expect.poll(() => alice.ownStates()).toEqual(['sent']);

  // A device that takes it without anybody looking at it.
  const device = await Wire.connect(world.relay.url, await devToken(world.relay.url, 'bob'), 'd');
  device.send({ pull: { req: 1, after: 0 } });
  const { head } = await device.next('page');
  device.send({ ack: { cursor: head } });
  await expect.poll(() => alice.ownStates()).toEqual(['delivered']);
  device.drop();

  const again = await world.open(ofBob, 'bob', 'alice');
  await world.settled(alice, again);
});

test('two tabs of one user stand side by side', async () => {
  const world = await World.create(browser);
  const { alice, bob, ofAlice } = await world.twoPages();
  const second = await world.open(ofAlice, 'alice', 'bob');
  await world.connected(second);
  await Promise.all([alice, second, bob].map((page) => world.write(page, 8)));
  await world.settled(alice, second, bob);
  // They share what the first one has.
  expect([alice.sockets, second.sockets]).toEqual([1, 0]);

  await alice.page.close();
  await Promise.all([second, bob].map((page) => world.write(page, 8)));
  await world.settled(second, bob);
  expect(second.sockets).toBe(1);
});

test('a long history is paged in, once and in order', async () => {
  const world = await World.create(browser);
  const wire = await Wire.connect(world.relay.url, await devToken(world.relay.url, 'bob'));
  for (let i = 1; i <= 230; i++) {
    world.ledger.add('bob', `bob ${i}`);
    await wire.sendText('alice', `bob ${i}`, `m${i}`);
  }
  wire.drop();

  const ofAlice = await world.device();
  const alice = await world.open(ofAlice, 'alice', 'bob');
  await expect.poll(async () => (await alice.shown()).at(-1)?.text).toBe('bob 230');
  expect((await alice.shown()).length).toBeLessThan(230);
  const start = alice.page.getByText('This is where it began.');
  await expect
    .poll(async () => {
      await alice.page.getByTestId('messages').evaluate((scroller) => {
        scroller.scrollTop = 0;
      });
      return start.isVisible();
    })
    .toBe(true);
  await world.shownOn(alice);
  world.ledger.check({ stored: await world.stored('alice', 'bob'), page: await alice.shown() });
});

test('who is at the end stays there while the bar of the connection appears', async () => {
  const world = await World.create(browser);
  const { alice, bob } = await world.twoPages();
  await world.write(alice, 30);
  await world.settled(alice, bob);

  await bob.page.getByTestId('messages').evaluate(async (scroller) => {
    const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    scroller.scrollTop -= 10;
    await nextFrame();
    await nextFrame();
    // Before a frame, as messages come: it scrolls to one, and the bar, of two lines as on a
    // phone, takes of its height.
    const { port1, port2 } = new MessageChannel();
    await new Promise((resolve) => {
      port1.onmessage = resolve;
      port2.postMessage(null);
    });
    scroller.scrollTop = scroller.scrollHeight;
    const bar = document.querySelector<HTMLElement>('[data-testid=connection-state]');
    bar?.classList.remove('fine');
    if (bar) bar.style.minHeight = '4rem';
    await nextFrame();
    await nextFrame();
  });
  await world.write(alice, 5);
  await world.settled(alice, bob);
});

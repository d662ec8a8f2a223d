import type { Browser } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';

import { launchBrowser } from '../support/browser.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import { seeded } from '../support/random.ts';
import { World } from './world.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

// Silence is noticed soon.
const impatient = { args: ['--heartbeat-interval-ms', '1000'] };

test('the relay is killed in the middle of a conversation', async () => {
  const world = await World.create(browser);
  const { alice, bob } = await world.twoPages();
  const written = Promise.all([world.write(alice, 15), world.write(bob, 15)]);
  await expect.poll(async () => (await bob.shown()).length).toBeGreaterThan(5);
  await world.relay.kill();
  await written;

  await Promise.all([world.write(alice, 5), world.write(bob, 5)]);
  await Promise.all([world.state(alice, 'connecting'), world.state(bob, 'connecting')]);
  for (const page of [alice, bob]) {
    const newest = (await page.shown()).at(-1);
    expect(newest?.sender).toBe(page.user);
    expect(['queued', 'sending']).toContain(newest?.status);
  }

  await world.relay.start();
  await world.settled(alice, bob);
});

test('the relay is asked to stop, and another one takes over', async () => {
  const world = await World.create(browser);
  const { alice, bob } = await world.twoPages();
  const written = Promise.all([world.write(alice, 15), world.write(bob, 15)]);
  await expect.poll(async () => (await bob.shown()).length).toBeGreaterThan(5);
  expect(await world.relay.terminate()).toBe(0);
  await written;
  await world.relay.start();
  await Promise.all([world.write(alice, 5), world.write(bob, 5)]);
  await world.settled(alice, bob);
});

test('connections are cut again and again, in the middle of frames', async () => {
  const world = await World.create(browser);
  const random = seeded('cuts');
  const { alice, bob, ofAlice, ofBob } = await world.twoPages();
  const cutting = async (network: FaultProxy): Promise<void> => {
    for (let i = 0; i < 4; i++) {
      await network.cutAfter(random.pick(['up', 'down']), random.below(1_500));
    }
  };
  const cuts = Promise.all([cutting(ofAlice.network), cutting(ofBob.network)]);
  await Promise.all([world.write(alice, 20), world.write(bob, 20)]);
  await cuts;
  await world.settled(alice, bob);
  expect(Math.min(alice.sockets, bob.sockets)).toBeGreaterThan(1);
});

test('the network is a black hole for a while', async () => {
  const world = await World.create(browser, impatient);
  const { alice, bob, ofAlice } = await world.twoPages();
  await Promise.all([world.write(alice, 3), world.write(bob, 3)]);
  ofAlice.network.blackHole();
  await Promise.all([world.write(alice, 5), world.write(bob, 5)]);
  // Nobody tells the page; it finds out by itself.
  await world.state(alice, 'connecting');
  await world.write(alice, 2);
  ofAlice.network.heal();
  await world.write(bob, 2);
  await world.settled(alice, bob);
});

test('the network is slow to deliver', async () => {
  const world = await World.create(browser, impatient);
  const { alice, bob, ofAlice, ofBob } = await world.twoPages();
  ofAlice.network.delay(400);
  ofBob.network.delay(150);
  await Promise.all([world.write(alice, 10), world.write(bob, 10)]);
  await world.settled(alice, bob);
  // Slow is not broken.
  expect([alice.sockets, bob.sockets]).toEqual([1, 1]);
});

test('the network takes only a trickle', async () => {
  const world = await World.create(browser);
  const { alice, bob, ofAlice, ofBob } = await world.twoPages();
  ofAlice.network.throttle(2_000);
  ofBob.network.throttle(4_000);
  await Promise.all([world.write(alice, 15), world.write(bob, 15)]);
  await world.settled(alice, bob);
});

test('a browser that knows it is offline waits, and comes back at once', async () => {
  const world = await World.create(browser);
  const { alice, bob, ofAlice } = await world.twoPages();
  // The browser's switch leaves open sockets alone: the proxy cuts them.
  await ofAlice.context.setOffline(true);
  ofAlice.network.cut();
  await world.state(alice, 'connecting');
  const attempts = ofAlice.network.accepted;
  await Promise.all([world.write(alice, 5), world.write(bob, 5)]);
  expect(ofAlice.network.accepted).toBe(attempts);
  await ofAlice.context.setOffline(false);
  await world.settled(alice, bob);
});

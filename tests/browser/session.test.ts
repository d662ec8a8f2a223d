import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';

import { launchBrowser } from '../support/browser.ts';
import { Wire } from '../support/wire.ts';
import type { ChatPage } from './chat-page.ts';
import { World, type Device } from './world.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

/** How the page gets its tokens: they soon expire, and for a while there are none. */
class TokenDesk {
  given = 0;
  isShut = false;

  static async open({ context }: Device, ttl_s: number): Promise<TokenDesk> {
    const desk = new TokenDesk();
    await context.route('**/dev/token', async (route) => {
      if (desk.isShut) {
        await route.abort();
        return;
      }
      desk.given += 1;
      const asked = route.request().postDataJSON() as object;
      await route.continue({ postData: JSON.stringify({ ...asked, ttl_s }) });
    });
    return desk;
  }
}

describe('a token expires while connected', () => {
  test('a fresh one takes its place in the same session', async () => {
    const world = await World.create(browser);
    const ofAlice = await world.device();
    const desk = await TokenDesk.open(ofAlice, 6);
    const { alice, bob } = await world.twoPagesOn(ofAlice, await world.device());
    // Each socket takes one token to open with; a busy machine may be late with a refresh, and
    // need another socket. Whatever is given beyond that was for a session that went on.
    const { given } = desk;
    const { sockets } = alice;
    const refreshed = (): number => desk.given - given - (alice.sockets - sockets);
    await Promise.all([world.write(alice, 3), world.write(bob, 3)]);
    await expect.poll(refreshed).toBeGreaterThanOrEqual(2);
    await Promise.all([world.write(alice, 3), world.write(bob, 3)]);
    await world.settled(alice, bob);
  });

  test('and there is no fresh one for a while', async () => {
    const world = await World.create(browser);
    const ofAlice = await world.device();
    const desk = await TokenDesk.open(ofAlice, 3);
    const { alice, bob } = await world.twoPagesOn(ofAlice, await world.device());
    desk.isShut = true;
    await Promise.all([world.write(alice, 3), world.write(bob, 3)]);
    await world.state(alice, 'connecting');
    await Promise.all([world.write(alice, 3), world.write(bob, 3)]);
    desk.isShut = false;
    await world.settled(alice, bob);
    expect(alice.sockets).toBeGreaterThan(1);
  });
});

describe('nothing reconnects by itself', () => {
  /** A page whose time can be turned, and another one. */
  async function twoPages(world: World): ReturnType<World['twoPages']> {
    const ofAlice = await world.device();
    await ofAlice.context.clock.install();
    return world.twoPagesOn(ofAlice, await world.device());
  }

  const aDay = ['00:01', '01:00', '24:00:00'];
  // Messages are not kept waiting for longer.
  const fiveMinutes = ['00:01', '05:00'];

  /** Lets time pass, and happen what makes others look for the network. */
  async function temptToReconnect({ page }: ChatPage, steps: readonly string[]): Promise<void> {
    for (const step of steps) {
      await page.clock.fastForward(step);
      await page.evaluate(() => {
        for (const name of ['offline', 'online', 'pageshow', 'focus', 'resume']) {
          window.dispatchEvent(new Event(name));
          document.dispatchEvent(new Event(name));
        }
        document.dispatchEvent(new Event('visibilitychange'));
      });
    }
  }

  async function checkStaysAway(world: World, alice: ChatPage, bob: ChatPage): Promise<void> {
    const sockets = alice.sockets;
    await temptToReconnect(alice, aDay);
    await world.write(alice, 3);
    await world.write(bob, 3);
    await temptToReconnect(alice, fiveMinutes);
    expect(await alice.connectionState()).toBe('disconnected');
    expect(alice.sockets).toBe(sockets);
    // What is written meanwhile waits.
    expect((await alice.ownStates()).slice(-3)).toEqual(['queued', 'queued', 'queued']);
  }

  test('after a kick', async () => {
    const world = await World.create(browser);
    const { alice, bob } = await twoPages(world);
    await Promise.all([world.write(alice, 3), world.write(bob, 3)]);
    await world.settled(alice, bob);
    const { token, device } = alice.hello ?? { token: '', device: '' };
    const wire = await Wire.connect(world.relay.url, token, device);
    await world.state(alice, 'disconnected');
    await checkStaysAway(world, alice, bob);
    wire.drop();

    await alice.page.getByTestId('connection-action').click();
    await world.settled(alice, bob);
  });

  test('after disconnect()', async () => {
    const world = await World.create(browser);
    const { alice, bob } = await twoPages(world);
    await alice.page.evaluate('seqline.client.disconnect()');
    await world.state(alice, 'disconnected');
    await checkStaysAway(world, alice, bob);

    await alice.page.evaluate('seqline.client.connect()');
    await world.settled(alice, bob);
  });

  test('after a log-out', async () => {
    const world = await World.create(browser);
    const { alice } = await twoPages(world);
    await alice.page.getByTestId('log-out').click();
    await alice.page.getByTestId('login-user').waitFor();
    // Until then its time must not be turned: it would notice, and connect anew.
    await expect.poll(() => alice.openSockets, { timeout: 30_000 }).toBe(0);
    const sockets = alice.sockets;
    await temptToReconnect(alice, aDay);
    await alice.page.reload();
    await alice.page.getByTestId('login-user').waitFor();
    expect(alice.sockets).toBe(sockets);
  });
});

/** The guide to uni-app: what it shows, as it shows it, on each platform. */
import type { Browser } from 'playwright-core';
import { beforeAll, expect, onTestFinished, test } from 'vitest';

import { DrawnProgram } from '../mini-program/views/drawn-program.ts';
import { launchBrowser } from '../support/browser.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { Relay } from '../support/relay.ts';
import { serveFolder } from '../support/static-server.ts';
import { guideFor } from './built.ts';
import { H5Screen } from './h5-screen.ts';
import { MiniProgramScreen } from './mini-program-screen.ts';
import type { Screen } from './screen.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

async function webPage(): Promise<Screen> {
  const server = await serveFolder(guideFor('h5'));
  const context = await browser.newContext();
  onTestFinished(async () => {
    await context.close();
    server.stop();
  });
  const screen = new H5Screen(await context.newPage());
  await screen.page.goto(server.url);
  return screen;
}

function miniProgram(host: 'wx' | 'my'): Screen {
  const folder = guideFor(host === 'wx' ? 'mp-weixin' : 'mp-alipay');
  const program = DrawnProgram.start({ host, folder });
  onTestFinished(() => {
    program.stop();
  });
  return new MiniProgramScreen(program);
}

const platforms: Record<string, () => Screen | Promise<Screen>> = {
  'a web page': webPage,
  WeChat: () => miniProgram('wx'),
  Alipay: () => miniProgram('my'),
};

const textsOf = async (screen: Screen, name: string): Promise<string[]> =>
  (await screen.find(name)).map(({ text }) => text.trim());

test.for(Object.keys(platforms))('two users write to each other in %s', async (platform) => {
  const relay = await Relay.start();
  const network = await FaultProxy.start(() => relay.port);
  onTestFinished(async () => {
    network.heal();
    await network.stop();
    await relay.dispose();
  });
  const logIn = async (me: string, peer: string, url: string): Promise<Screen> => {
    const screen = await platforms[platform]?.();
    if (!screen) throw new Error(`there is no ${platform}`);
    await screen.fill('relay', url);
    await screen.fill('me', me);
    await screen.fill('peer', peer);
    await screen.tap('log-in');
    await expect.poll(() => textsOf(screen, 'state')).toEqual(['connected']);
    return screen;
  };
  const write = async (screen: Screen, text: string): Promise<void> => {
    await screen.fill('text', text);
    await screen.tap('send');
  };
  const alice = await logIn('alice', 'bob', network.url);
  await write(alice, 'one');
  await expect.poll(() => textsOf(alice, 'message')).toEqual(['alice: one']);
  const bob = await logIn('bob', 'alice', relay.url);
  await expect.poll(() => textsOf(bob, 'message')).toEqual(['alice: one']);

  network.refuse();
  network.cut();
  await expect.poll(() => textsOf(alice, 'state')).toEqual(['connecting']);
  await write(alice, 'three');
  await expect.poll(() => textsOf(alice, 'waiting')).toEqual(['1 to be sent']);
  await write(bob, 'two');
  await expect.poll(() => textsOf(bob, 'message')).toEqual(['alice: one', 'bob: two']);
  network.heal();
  for (const screen of [alice, bob]) {
    await expect
      .poll(() => textsOf(screen, 'message'))
      .toEqual(['alice: one', 'bob: two', 'alice: three']);
    expect(screen.uncaught).toEqual([]);
  }
  await expect.poll(() => textsOf(alice, 'waiting')).toEqual([]);
});

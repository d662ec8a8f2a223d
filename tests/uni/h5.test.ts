/** The uni-app sample as a web page: built by uni-app's tools, in Chromium, against a real relay. */
import type { Browser } from 'playwright-core';
import { beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';

import { launchBrowser } from '../support/browser.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { Relay } from '../support/relay.ts';
import { serveFolder, type StaticServer } from '../support/static-server.ts';
import { builtFor } from './built.ts';
import { H5Screen } from './h5-screen.ts';
import { SampleApp } from './sample-app.ts';
import { describeSample, relayArgs, type Phone } from './scenarios.ts';

let browser: Browser;
let server: StaticServer;
let relay: Relay;

beforeAll(async () => {
  server = await serveFolder(builtFor('h5'));
  browser = await launchBrowser();
  return async () => {
    await browser.close();
    server.stop();
  };
});

beforeEach(async () => {
  relay = await Relay.start({ args: relayArgs });
  return () => relay.dispose();
});

async function newPhone(user: string, options = {}): Promise<Phone & { screen: H5Screen }> {
  const network = await FaultProxy.start(() => relay.port);
  const size = { width: 390, height: 780 };
  const context = await browser.newContext({ viewport: size, locale: 'en', ...options });
  // A picture of uni-app's maker, for a shadow that the sample does not draw.
  await context.route(/^https:\/\/cdn\.dcloud\.net\.cn\//, (route) => route.abort());
  onTestFinished(async () => {
    network.heal();
    await context.close();
    await network.stop();
  });
  const screen = new H5Screen(await context.newPage());
  const app = new SampleApp(user, screen, 'en');
  await screen.page.goto(server.url);
  await app.logIn(network.url);
  const restart = async () => {
    // It comes back to where it was.
    await screen.page.reload();
  };
  return { app, screen, network, restart };
}

describeSample(newPhone, () => relay);

test('everything can be done from the keyboard, and has a name', async () => {
  const [{ app, screen }, { app: bob }] = await Promise.all([newPhone('alice'), newPhone('bob')]);
  const { page } = screen;
  await page.getByRole('textbox', { name: 'Write to (name)' }).fill('bob');
  await page.getByRole('button', { name: 'Write', exact: true }).press('Enter');
  await page.getByRole('textbox', { name: 'Message' }).fill('by hand');
  await page.getByRole('button', { name: 'Send' }).press('Enter');
  await expect.poll(() => app.texts()).toEqual(['by hand']);
  await expect.poll(() => bob.unread('alice')).toEqual(['1']);
});

test('what is typed fast, and sent with the last letter, is sent whole and once', async () => {
  const { app, screen } = await newPhone('alice');
  const { page } = screen;
  await app.writeTo('bob');
  const field = page.getByRole('textbox', { name: 'Message' });
  const texts = Array.from({ length: 10 }, (_, index) => `typed in one go ${index}`);
  await field.click();
  for (const text of texts) {
    await page.keyboard.type(text);
    await page.keyboard.press('Enter');
    expect(await field.inputValue()).toBe('');
  }
  await expect.poll(() => app.texts()).toEqual(texts);
  expect(await field.inputValue()).toBe('');
});

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

import { launchBrowser, serveDist } from '../support/browser.ts';
import { TOKEN, until } from '../support/client.ts';
import { exampleOf, examplesOf, runnable } from '../support/examples.ts';
import { FakeRelay } from '../support/fake-relay.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(() => browser.close());

/** A page with these scripts of an example, as a bundler would deliver them. */
async function open(relay: FakeRelay, scripts: Record<string, string>, html: string) {
  const files: Record<string, string> = { '/guide': html, '/token': TOKEN };
  for (const [name, code] of Object.entries(scripts)) {
    const script = await runnable(code, relay.url);
    files[name] = script
      .replace(/from "seqline"/, 'from "/index.js"')
      .replace(/from "seqline\/(\w+)"/g, 'from "/$1.js"')
      .replace('./worker.ts', './worker.js');
  }
  const site = await serveDist(files);
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints: string[] = [];
  const lines: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (line) => lines.push(line.text()));
  onTestFinished(async () => {
    await context.close();
    site.stop();
    expect(complaints).toEqual([]);
  });
  await page.goto(`${site.url}guide`);
  return { page, lines };
}

const textsOf = (page: Page): Promise<string[]> => page.locator('li').allInnerTexts();

test('the page of the guide for browsers: shows, sends, and goes on after a reload', async () => {
  const guide = 'docs/hosts/browser.md';
  const relay = await FakeRelay.start();
  const html = await exampleOf(guide, 'index.html');
  const main = await exampleOf(guide, 'main.ts');
  const { page } = await open(relay, { '/main.js': main }, html.replace('/main.ts', '/main.js'));
  await page.getByRole('status').getByText('connected').waitFor();
  relay.sendMessages(1);
  await page.getByText('bob: text 1').waitFor();
  await page.getByLabel('Message').fill('Hello!');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect.poll(() => textsOf(page)).toEqual(['bob: text 1', 'alice: Hello!']);

  // Written while there is no connection, and reloaded before there is one.
  relay.on('send', () => undefined);
  await page.getByLabel('Message').fill('Still here?');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('alice: Still here? (queued)').waitFor();
  await relay.nth('send', 2);
  await page.reload();
  await relay.nth('send', 3);
  await expect
    .poll(() => textsOf(page))
    .toEqual(
      expect.arrayContaining(['bob: text 1', 'alice: Hello!', 'alice: Still here? (queued)']),
    );
});

test('the worker of its guide: sends for the page, and tells it what comes', async () => {
  const guide = 'docs/hosts/worker.md';
  const relay = await FakeRelay.start();
  const scripts = {
    '/main.js': await exampleOf(guide, 'main.ts'),
    '/worker.js': await exampleOf(guide, 'worker.ts'),
  };
  const html =
    '<!doctype html><title>x</title><body><script type="module" src="/main.js"></script>';
  const { page } = await open(relay, scripts, html);
  await relay.nth('send', 1);
  await page.getByText('alice: Hello from a worker').waitFor();
  relay.sendMessages(1);
  await page.getByText('bob: text 2').waitFor();
});

test('the example of the stores: tells of what changes', async () => {
  const relay = await FakeRelay.start();
  const [example] = (await examplesOf('docs/stores.md')).filter(
    ({ language }) => language === 'ts',
  );
  const html = '<!doctype html><title>x</title><script type="module" src="/main.js"></script>';
  const { lines } = await open(relay, { '/main.js': example?.code ?? '' }, html);
  await until(() => lines.includes('connected') && lines.includes('alice Hello! queued'));
});

import type { Browser } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';

import { launchBrowser } from '../support/browser.ts';
import { World } from './world.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

const hostile = [
  '<script>window.hacked = 1</script>',
  '<img src=x onerror="window.hacked = 1">',
  '"><svg onload=window.hacked=1>',
  `'" autofocus onfocus=window.hacked=1 x="`,
  '<a href="javascript:window.hacked=1">here</a>',
  'javascript:window.hacked=1',
  'data:text/html,<script>window.hacked=1</script>',
  'https://example.com/"onmouseover="window.hacked=1',
  '{{ constructor.constructor("window.hacked = 1")() }}',
  '<iframe srcdoc="<script>parent.hacked=1</script>"></iframe>',
  '</p></li></ol><h1>not yours</h1>',
  '\u202Egnitirw desrever',
];

test('markup in messages is text', async () => {
  const world = await World.create(browser);
  const { alice, bob } = await world.twoPages();
  for (const text of hostile) {
    world.ledger.add('alice', text);
    await alice.write(text);
  }
  await world.settled(alice, bob);
  for (const { page } of [alice, bob]) {
    const bodies = page.getByTestId('message-body');
    expect(await bodies.locator('script, img, svg, iframe, h1').count()).toBe(0);
    const links = await bodies
      .locator('a')
      .evaluateAll((anchors) => anchors.map((anchor) => anchor.getAttribute('href')));
    expect(links.filter((href) => !href?.startsWith('https://example.com/'))).toEqual([]);
    const attributes = await bodies
      .locator('*')
      .evaluateAll((all) => all.flatMap((element) => element.getAttributeNames()));
    expect(attributes.filter((name) => name.startsWith('on'))).toEqual([]);
    expect(await page.evaluate('window.hacked')).toBeUndefined();
  }
  for (const page of [alice, bob]) expect(page.console).toEqual([]);
});

test('the page may do only what it needs', async () => {
  const world = await World.create(browser);
  const { context, network } = await world.device();
  const page = await context.newPage();
  const response = await page.goto(network.url);
  const headers = response?.headers() ?? {};
  const policy = new Map(
    (headers['content-security-policy'] ?? '').split(';').map((rule): [string, string[]] => {
      const [name = '', ...sources] = rule.trim().split(/\s+/);
      return [name, sources];
    }),
  );
  expect(["'none'", "'self'"]).toContain(policy.get('default-src')?.join(' '));
  expect(policy.get('frame-ancestors')).toEqual(["'none'"]);
  expect(policy.get('base-uri')).toEqual(["'none'"]);
  // An image can do nothing, wherever it is from.
  policy.delete('img-src');
  const sources = [...policy.values()].flat();
  for (const lax of ["'unsafe-inline'", "'unsafe-eval'", '*', 'http:', 'https:', 'data:']) {
    expect(sources).not.toContain(lax);
  }
  expect(headers['x-content-type-options']).toBe('nosniff');

  // And the browser enforces it.
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.hacked = 1';
    document.body.append(script);
  });
  expect(await page.evaluate('window.hacked')).toBeUndefined();
});

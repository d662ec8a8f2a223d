import type { Browser } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';

import { launchBrowser } from '../support/browser.ts';
import { devToken } from '../support/tokens.ts';
import { World } from './world.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

/** What is used of what methods give. */
interface Called {
  id?: number;
  revision?: number;
}

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

test('markup in titles, announcements and broadcasts is text', async () => {
  const world = await World.create(browser, { args: ['--broadcast-poll-ms', '50'] });
  const call = async (token: string, method: string, params: object): Promise<Called> => {
    const response = await fetch(`${world.relay.url}/v1/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(params),
    });
    if (!response.ok) throw new Error(`${method}: ${await response.text()}`);
    return (await response.json()) as Called;
  };
  // Titles are short: what runs something by being parsed, and what by being opened.
  const markup = '<img src=x onerror="window.hacked=1"><svg onload=window.hacked=1>';
  const link = 'javascript:window.hacked=1';
  const alice = await devToken(world.relay.url, 'alice');
  const olga = await devToken(world.relay.url, 'olga', { scope: 'operator' });
  const group = { conv: 'group:hostile', title: markup, users: ['bob'] };
  await call(alice, 'groups/create', group);
  const announcement = `${markup} ${link}`;
  await call(alice, 'groups/edit', { conv: 'group:hostile', announcement });
  await call(alice, 'messages/send', { to: { conv: 'group:hostile' }, body: markup });
  const content = { title: markup, body: `${markup} ${link}` };
  const { id, revision } = await call(olga, 'broadcasts/create', { content });
  await call(olga, 'broadcasts/publish', { id, revision });

  const { context, network } = await world.device();
  const page = await context.newPage();
  await page.goto(`${network.url}/?user=bob#group:hostile`);
  await expect.poll(() => page.getByTestId('announcement').textContent()).toContain(announcement);
  await expect.poll(() => page.getByTestId('message-body').allTextContents()).toContain(markup);
  await page.getByTestId('announcements-toggle').click();
  await page.getByTestId(`announcement-${String(id)}`).click();
  const body = page.getByTestId('announcement-body');
  await expect.poll(() => body.textContent()).toContain(link);
  const { foreign, links } = await page.evaluate(() => ({
    foreign: document.querySelectorAll('[onerror], [onload], img[src="x"]').length,
    links: [...document.querySelectorAll('a')].map((anchor) => anchor.protocol),
  }));
  expect(foreign).toBe(0);
  expect(links.filter((protocol) => !/^https?:$/.test(protocol))).toEqual([]);
  expect(await page.evaluate('window.hacked')).toBeUndefined();
});

test.each(['', '/console', '/docs/api'])('the page %j may do only what it needs', async (path) => {
  const world = await World.create(browser);
  const { context, network } = await world.device();
  const page = await context.newPage();
  const response = await page.goto(`${network.url}${path}`);
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

import type { Browser } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';

import { launchBrowser } from '../support/browser.ts';
import { MailboxWorld } from './mailbox-world.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

test('two operators at once: the second is told who was first, and loses nothing', async () => {
  const mailbox = await MailboxWorld.create(browser);
  const [olga, oscar] = await Promise.all([mailbox.operator('olga'), mailbox.operator('oscar')]);
  const id = await olga.write({ title: 'Title', body: 'Text' });
  await oscar.goTo(`#/broadcasts/${id}`);
  await oscar.at('edit').click();
  await oscar.fill({ title: 'By Oscar' });

  await olga.edit({ body: 'By Olga' });
  await oscar.at('conflict').waitFor();
  await expect.poll(() => oscar.at('conflict-by').textContent()).toBe('olga');
  expect(await oscar.at('form-title').inputValue()).toBe('By Oscar');
  expect(await oscar.at('save').isDisabled()).toBe(true);
  await oscar.at('show-differences').click();
  const cells = oscar.at('differences').locator('tbody td');
  expect(await cells.allTextContents()).toEqual(['By Oscar', 'Title', 'Text', 'By Olga']);

  await oscar.at('keep-mine').click();
  await oscar.at('save').click();
  await expect.poll(() => oscar.at('title').textContent()).toBe('By Oscar');
  await expect.poll(() => oscar.history()).toEqual(['edit', 'edit', 'create']);
  await expect.poll(() => olga.at('title').textContent()).toBe('By Oscar');
  // A refusal is an answer, which the browser notes; nothing else is wrong.
  expect(oscar.console.filter((line) => !line.includes('409'))).toEqual([]);
});

test('what was changed meanwhile is not published unread', async () => {
  const mailbox = await MailboxWorld.create(browser);
  const [olga, oscar] = await Promise.all([mailbox.operator('olga'), mailbox.operator('oscar')]);
  const id = await olga.write({ title: 'Title', body: 'Text' });
  await oscar.goTo(`#/broadcasts/${id}`);
  await oscar.at('publish').click();
  await oscar.at('publish-agree').check();
  await olga.edit({ title: 'Not this!' });
  await oscar.at('publish-confirm').click();
  await expect.poll(() => oscar.at('failure').textContent()).toContain('olga');
  await expect.poll(() => oscar.at('title').textContent()).toBe('Not this!');
  await oscar.state('draft');
});

test('what would be refused is said at its field, before and when it is saved', async () => {
  const mailbox = await MailboxWorld.create(browser);
  const olga = await mailbox.operator('olga');
  await olga.goTo('#/new');
  await olga.fill({ title: 'Title', body: 'Hello {{shoe_size}}' });
  await olga.at('starts').fill('2030-05-03T09:00');
  await olga.at('expires').fill('2030-05-03T08:00');
  await olga.at('version-min').fill('four');
  const problem = (of: string) => olga.at(`${of}-problem`).textContent();
  await expect.poll(() => problem('form-body')).toContain('shoe_size');
  await expect.poll(() => problem('expires')).not.toBe('');
  await expect.poll(() => problem('version-min')).toContain('four');
  await olga.at('save').click();
  await expect.poll(() => olga.at('failure').textContent()).toContain('not saved');
  expect(await olga.at('form-body').inputValue()).toBe('Hello {{shoe_size}}');

  await olga.fill({ body: 'Hello {{name|friend}}' });
  await olga.at('expires').fill('2030-05-04T08:00');
  await olga.at('version-min').fill('4.2');
  for (const of of ['form-body', 'expires', 'version-min']) {
    await expect.poll(() => problem(of)).toBe('');
  }
  await expect.poll(() => olga.at('preview-body').textContent()).toBe('Hello friend');
  await olga.at('attribute-name').fill('Ada');
  await expect.poll(() => olga.at('preview-body').textContent()).toBe('Hello Ada');
  await olga.at('save').click();
  await olga.state('draft');
});

test('leaving asks first, and what was written is there again', async () => {
  const mailbox = await MailboxWorld.create(browser);
  const olga = await mailbox.operator('olga');
  await olga.goTo('#/new');
  await olga.fill({ title: 'Half a', body: 'thought' });
  await olga.at('unsaved').waitFor();
  await olga.page.getByRole('link', { name: 'Allow-list', exact: true }).click();
  await olga.at('confirm').waitFor();
  await olga.at('confirm').getByRole('button', { name: 'Cancel' }).click();
  expect(await olga.at('form-title').inputValue()).toBe('Half a');

  await olga.page.goBack();
  await olga.at('confirm-action').click();
  await olga.at('new-broadcast').click();
  await olga.at('restored').waitFor();
  expect(await olga.at('form-title').inputValue()).toBe('Half a');

  // A reload takes nothing either.
  olga.page.on('dialog', (dialog) => void dialog.accept());
  await olga.page.reload();
  await olga.at('restored').waitFor();
  expect(await olga.at('form-body').inputValue()).toBe('thought');
  await olga.at('discard').click();
  expect(await olga.at('form-title').inputValue()).toBe('');
});

test('markup is text, wherever it is shown', async () => {
  const mailbox = await MailboxWorld.create(browser);
  const olga = await mailbox.operator('olga');
  const hostile = '<img src=x onerror="window.hacked = 1"><script>window.hacked = 1</script>';
  const id = await olga.write({ title: hostile, body: hostile });
  expect(await olga.at('title').textContent()).toBe(hostile);
  expect(await olga.at('preview-body').textContent()).toBe(hostile);
  await olga.at('edit').click();
  await expect.poll(() => olga.at('preview-title').textContent()).toBe(hostile);
  await olga.goTo('#/history');
  await olga.at('history').waitFor();
  await olga.goTo('#/');
  await olga.at(`broadcast-${id}`).waitFor();
  expect(await olga.page.evaluate('window.hacked')).toBeUndefined();
  expect(await olga.page.locator('main img, main script').count()).toBe(0);
  expect(olga.console).toEqual([]);
});

test('a token of a user is refused, with what is needed', async () => {
  const mailbox = await MailboxWorld.create(browser);
  const { context, network } = await mailbox.world.device();
  const page = await context.newPage();
  const response = await page.goto(`${network.url}/console`);
  const policy = response?.headers()['content-security-policy'] ?? '';
  expect(policy).toContain("default-src 'self'");
  expect(policy).not.toContain('unsafe-inline');

  const outside = await context.newPage();
  await outside.route('**/v1/info', (route) => route.fulfill({ json: { dev: false } }));
  await outside.goto(`${network.url}/console`);
  const claims = { app: 'dev', sub: 'alice', scope: 'user', exp: 9_999_999_999 };
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  await outside.getByTestId('login-user').fill(`e30.${payload}.signature`);
  await outside.getByTestId('login-submit').click();
  await expect
    .poll(() => outside.getByTestId('login-problem').textContent())
    .toContain('“operator”');
});

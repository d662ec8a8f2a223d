import type { Browser } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';

import { launchBrowser } from '../support/browser.ts';
import { MailboxWorld, titlesButMarkers } from './mailbox-world.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

test('a broadcast lives from draft to recall, with two users beside it', async () => {
  const mailbox = await MailboxWorld.create(browser);
  const { world } = mailbox;
  const ofBob = await world.device();
  const [olga, alice, bob] = await Promise.all([
    mailbox.operator('olga'),
    mailbox.user('alice'),
    mailbox.user('bob', ofBob),
  ]);
  const shows = (page: typeof alice, expected: string[]) =>
    expect.poll(() => titlesButMarkers(page), { message: page.device }).toEqual(expected);

  await olga.allow('alice');
  const id = await olga.write({ title: 'Sale', body: 'Dear {{name|friend}}, it begins.' });
  expect(await olga.offered()).toEqual(['edit', 'stage', 'publish', 'delete']);
  await mailbox.caughtUp(alice, bob);
  expect([await titlesButMarkers(alice), await titlesButMarkers(bob)]).toEqual([[], []]);

  // Tried on the allow-list: alice sees it, bob does not.
  await olga.stageForAllowList();
  const ofStaged = ['edit', 'stage', 'publish', 'wave', 'stop', 'recall', 'delete'];
  expect(await olga.offered()).toEqual(ofStaged);
  await shows(alice, ['Sale']);
  await mailbox.caughtUp(bob);
  expect(await titlesButMarkers(bob)).toEqual([]);

  await olga.publish();
  expect(await olga.offered()).toEqual(['edit', 'wave', 'stop', 'recall', 'delete']);
  await shows(bob, ['Sale']);
  await shows(alice, ['Sale']);
  await alice.page.getByTestId(`announcement-${id}`).click();
  const body = alice.page.getByTestId('announcement-body');
  await expect.poll(() => body.textContent()).toContain('Dear friend, it begins.');
  await alice.page.getByTestId('announcement-back').click();

  await olga.edit({ title: 'Sale until Sunday' });
  await olga.state('published');
  await shows(alice, ['Sale until Sunday']);
  await shows(bob, ['Sale until Sunday']);

  // Who has it keeps it; who comes later does not get it.
  await olga.end('stop');
  await olga.state('stopped');
  expect(await olga.offered()).toEqual(['edit', 'publish', 'recall', 'delete']);
  const carol = await mailbox.user('carol');
  await mailbox.caughtUp(alice, bob, carol);
  expect(await titlesButMarkers(alice)).toEqual(['Sale until Sunday']);
  expect(await titlesButMarkers(bob)).toEqual(['Sale until Sunday']);
  expect(await titlesButMarkers(carol)).toEqual([]);

  // Taken back: also from who is offline, once they are back.
  ofBob.network.refuse();
  ofBob.network.cut();
  await olga.end('recall');
  await olga.state('recalled');
  expect(await olga.offered()).toEqual(['delete']);
  await shows(alice, []);
  expect(await titlesButMarkers(bob)).toEqual(['Sale until Sunday']);
  ofBob.network.heal();
  await shows(bob, []);

  await expect
    .poll(() => olga.history())
    .toEqual(['recall', 'stop', 'edit', 'publish', 'stage', 'create']);

  await olga.end('delete');
  await olga.at('broadcasts').waitFor();
  expect(await olga.at(`broadcast-${id}`).count()).toBe(0);
  await olga.goTo('#/history');
  await expect.poll(async () => (await olga.history())[0]).toBe('delete');
  expect(olga.console).toEqual([]);
});

test('connected users are told by a wave, and reach is counted', async () => {
  const mailbox = await MailboxWorld.create(browser, false);
  const [olga, alice, bob] = await Promise.all([
    mailbox.operator('olga'),
    mailbox.user('alice'),
    mailbox.user('bob'),
  ]);
  const id = await olga.write({ title: 'Now', body: 'for those who are here' });
  await olga.at('publish').click();
  await olga.at('publish-wave').check();
  await olga.at('window-count').fill('1');
  expect(await olga.at('publish-confirm').isDisabled()).toBe(true);
  await olga.at('publish-agree').check();
  await olga.at('publish-confirm').click();
  for (const page of [alice, bob]) await expect.poll(() => titlesButMarkers(page)).toEqual(['Now']);

  await expect.poll(() => olga.at('wave-told').textContent()).toBe('2');
  await expect.poll(() => olga.at('wave-have-it').textContent()).toBe('2');
  await alice.page.getByTestId(`announcement-${id}`).click();
  const value = (of: string) => olga.at(of).getAttribute('data-value');
  await expect.poll(() => value('reach-handed')).toBe('2');
  await expect.poll(() => value('reach-opened')).toBe('1');
  expect(await olga.at('reach-bar').count()).toBeGreaterThan(0);

  // Once more, for whoever came since.
  await olga.at('wave').click();
  await olga.at('wave-confirm').click();
  await expect.poll(() => olga.history()).toEqual(['wave', 'publish', 'create']);
  expect(olga.console).toEqual([]);
});

test('a part of all users is tried, and lists show states', async () => {
  const mailbox = await MailboxWorld.create(browser);
  const olga = await mailbox.operator('olga');
  const alice = await mailbox.user('alice');
  const id = await olga.write({ title: 'Everyone, as a trial', body: 'text' });
  await olga.at('stage-allow-list').uncheck();
  await olga.at('stage-percent').fill('100');
  await olga.at('stage').click();
  await olga.state('staged');
  await expect.poll(() => titlesButMarkers(alice)).toEqual(['Everyone, as a trial']);
  await olga.at('stage-percent').fill('0');
  expect(await olga.at('stage').isDisabled()).toBe(true);
  await olga.at('stage-allow-list').check();
  await olga.at('stage').click();
  await expect.poll(() => titlesButMarkers(alice)).toEqual([]);

  const row = olga.at(`broadcast-${id}`);
  await olga.goTo('#/');
  await expect.poll(() => row.getAttribute('data-state')).toBe('staged');
  await olga.at('filter-recalled').click();
  await olga.at('empty').waitFor();
  await olga.at('filter-staged').click();
  await row.waitFor();
  await olga.at('filter-all').click();
  await row.waitFor();
});

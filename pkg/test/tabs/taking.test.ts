/** One promise after the other, on the model that the random lives use. */
import { decode } from '../../dist/cbor.js';
import { expect, onTestFinished, test } from 'vitest';

import { World, type BrowserTab } from './world.ts';

const upTo = (last: number) => Array.from({ length: last }, (_, at) => at + 1);

/** Tabs that are connected; the first one leads. */
async function tabsOf(count: number): Promise<{ world: World; tabs: BrowserTab[] }> {
  const world = new World(7);
  onTestFinished(() => {
    world.dispose();
  });
  const tabs: BrowserTab[] = [];
  while (tabs.length < count) {
    const tab = world.open();
    tab.connect();
    await world.pass(500);
    expect(tab.client.state.state).toBe('connected');
    tabs.push(tab);
  }
  return { world, tabs };
}

function write(world: World, count: number): void {
  for (let n = 0; n < count; n += 1) world.relay.write(`w-${world.relay.timeline.length}`);
}

/** As it is kept. */
function cursorOf({ stores }: World): number {
  const position = stores.get('demo/alice/0')?.get('position');
  return position ? (decode(position) as { cursor: number }).cursor : 0;
}

test('the cursor waits for the handlers of all tabs', async () => {
  const { world, tabs } = await tabsOf(3);
  let finish: (() => void) | undefined;
  const [, , slow] = tabs as [BrowserTab, BrowserTab, BrowserTab];
  slow.handler = () => new Promise((resolve) => (finish = resolve));
  write(world, 1);
  // Longer than a tab may be silent: this one is slow, and answers.
  await world.pass(60_000);
  expect(cursorOf(world)).toBe(0);
  expect(tabs.map(({ seen }) => seen)).toEqual([[1], [1], []]);
  finish?.();
  await world.pass(1_000);
  expect(cursorOf(world)).toBe(1);
});

test('a tab that is closed, or has no handler of messages, is not waited for', async () => {
  const { world, tabs } = await tabsOf(2);
  const [first, slow] = tabs as [BrowserTab, BrowserTab];
  slow.handler = () => new Promise(() => undefined);
  write(world, 1);
  await world.pass(1_000);
  expect(cursorOf(world)).toBe(0);
  slow.close();
  await world.pass(1_000);
  expect(cursorOf(world)).toBe(1);
  expect(first.seen).toEqual([1]);
});

test('a handler that fails gets the event again, in its own tab alone', async () => {
  const { world, tabs } = await tabsOf(2);
  const [first, clumsy] = tabs as [BrowserTab, BrowserTab];
  let attempts = 0;
  clumsy.handler = (seq) => {
    attempts += 1;
    if (seq === 2 && attempts < 4) throw new Error('the disk is full');
  };
  write(world, 3);
  await world.pass(20_000);
  for (const { seen } of tabs) expect(seen).toEqual(upTo(3));
  expect(attempts).toBe(5);
  expect(clumsy.errors).toHaveLength(2);
  expect(clumsy.errors[0]).toContain('the disk is full');
  expect(first.errors).toEqual([]);
  expect(cursorOf(world)).toBe(3);
});

test('an event that a handler keeps failing on is passed over, and said so', async () => {
  const { world, tabs } = await tabsOf(2);
  const [, clumsy] = tabs as [BrowserTab, BrowserTab];
  clumsy.handler = (seq) => {
    if (seq === 1) throw new Error('never');
  };
  write(world, 2);
  await world.pass(30_000);
  expect(clumsy.seen).toEqual([2]);
  expect(clumsy.errors).toHaveLength(4);
  expect(clumsy.errors.at(-1)).toContain('passed over');
  expect(cursorOf(world)).toBe(2);
});

test('a frozen tab is not waited for, and has everything when it wakes', async () => {
  const { world, tabs } = await tabsOf(2);
  const [leader, frozen] = tabs as [BrowserTab, BrowserTab];
  frozen.freeze(true);
  write(world, 3);
  await world.pass(1_000);
  expect(cursorOf(world)).toBe(0);
  await world.pass(15_000);
  write(world, 50);
  await world.pass(15_000);
  expect(cursorOf(world)).toBe(53);
  expect(leader.seen).toEqual(upTo(53));
  frozen.thaw();
  await world.pass(5_000);
  expect(frozen.seen).toEqual(upTo(53));
  expect(frozen.resets).toEqual([]);
});

test('a leader that hangs loses the lead, without a word to its app, and gets nothing twice', async () => {
  const { world, tabs } = await tabsOf(2);
  const [hung, other] = tabs as [BrowserTab, BrowserTab];
  write(world, 3);
  await world.pass(1_000);
  hung.freeze(false);
  write(world, 3);
  await world.pass(15_000);
  expect(other.seen).toEqual(upTo(6));
  other.send();
  await world.pass(1_000);
  expect(other.sends).toMatchObject([{ isSettled: true, convSeq: 7 }]);
  hung.thaw();
  await world.pass(15_000);
  write(world, 3);
  await world.pass(1_000);
  for (const tab of tabs) {
    expect(tab.seen).toEqual(upTo(10));
    expect([...tab.kicks, ...tab.errors, ...tab.resets]).toEqual([]);
    expect(tab.client.state.state).toBe('connected');
  }
});

test('what a browser does not keep for a tab that sleeps is told again', async () => {
  const { world, tabs } = await tabsOf(2);
  const [leader, deaf] = tabs as [BrowserTab, BrowserTab];
  deaf.isDeaf = true;
  write(world, 20);
  await world.pass(1_500);
  deaf.isDeaf = false;
  // Nothing new comes that would show the gap.
  await world.pass(15_000);
  expect(deaf.seen).toEqual(upTo(20));
  expect(leader.seen).toEqual(upTo(20));
  expect(deaf.resets).toEqual([]);
});

test('more than can be told again is told as a reset, and goes on from there', async () => {
  const { world, tabs } = await tabsOf(2);
  const [leader, deaf] = tabs as [BrowserTab, BrowserTab];
  deaf.freeze(true);
  write(world, 1_500);
  await world.pass(30_000);
  expect(leader.seen).toHaveLength(1_500);
  // Its browser kept nothing for it.
  deaf.isDeaf = true;
  deaf.thaw();
  await world.pass(1_000);
  deaf.isDeaf = false;
  await world.pass(15_000);
  expect(deaf.resets).toMatchObject([{ reason: 'tab_behind', at: 0 }]);
  write(world, 2);
  await world.pass(5_000);
  const { head } = deaf.resets[0] ?? { head: 0 };
  expect(deaf.seen[0]).toBe(head + 1);
  expect(deaf.seen.at(-1)).toBe(1_502);
});

test('a tab that disconnects for long starts over when it connects again', async () => {
  const { world, tabs } = await tabsOf(2);
  const [, away] = tabs as [BrowserTab, BrowserTab];
  away.client.disconnect();
  write(world, 1_200);
  await world.pass(60_000);
  expect(away.seen).toEqual([]);
  away.connect();
  await world.pass(1_000);
  write(world, 1);
  await world.pass(1_000);
  expect(away.resets).toMatchObject([{ reason: 'tab_behind' }]);
  expect(away.seen.at(-1)).toBe(1_201);
  expect(away.seen[0]).toBe((away.resets[0]?.head ?? 0) + 1);
});

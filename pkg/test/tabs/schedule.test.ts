import { expect, onTestFinished, test } from 'vitest';

import { randomOf, World, type BrowserTab } from './world.ts';

/** Lives that are tried in one run; each is repeated from its seed. */
const SEED = Number(process.env['SEQLINE_TABS_SEED'] ?? 1);
const LIVES = Number(process.env['SEQLINE_TABS_LIVES'] ?? 25);
const STEPS = 40;
/** Longer than any deadline that tabs have. */
const QUIET_MS = 120_000;

function newWorld(seed: number): World {
  const world = new World(seed);
  onTestFinished(() => {
    world.dispose();
  });
  return world;
}

const upTo = (last: number, first = 1) =>
  Array.from({ length: Math.max(last - first + 1, 0) }, (_, at) => first + at);

/** What a tab must have been told, whatever happened. */
function check(tab: BrowserTab, world: World): void {
  const { seen, lengthAtStart, resets } = tab;
  const last = world.relay.timeline.length;
  // Once, in order, without holes: from where it began, or from a reset that said so.
  let at = 0;
  for (const reset of [...resets, { at: seen.length, head: last }]) {
    const part = seen.slice(at, reset.at);
    if (part.length > 0) expect(part).toEqual(upTo(part.at(-1) ?? 0, part[0]));
    at = reset.at;
  }
  for (const { at, head } of resets) {
    const isLast = resets.findLast((reset) => reset.at === at)?.head === head;
    if (isLast && at < seen.length) expect(seen[at]).toBe(head + 1);
  }
  if (lengthAtStart !== undefined && seen[0] !== undefined && resets[0]?.at !== 0) {
    expect(seen[0]).toBeLessThanOrEqual(lengthAtStart + 1);
  }
  expect(tab.kicks).toEqual([]);
  expect(tab.errors).toEqual([]);
  // No message begins its way anew.
  const ranks = ['queued', 'sending', 'sent'];
  const ways = new Map<string, number>();
  for (const { clientMsgId, status } of tab.statuses) {
    expect(ranks.indexOf(status)).toBeGreaterThan(ways.get(clientMsgId) ?? -1);
    ways.set(clientMsgId, ranks.indexOf(status));
  }
}

function checkAtEnd(tab: BrowserTab, world: World): void {
  const last = world.relay.timeline.length;
  if ((tab.lengthAtStart ?? last) < last)
    expect(tab.seen.at(-1) ?? tab.resets.at(-1)?.head).toBe(last);
  expect(tab.client.state.state).toBe('connected');
  expect(tab.sends.filter(({ isSettled }) => !isSettled)).toEqual([]);
  expect(tab.sends.flatMap(({ code }) => (code ? [code] : []))).toEqual([]);
}

/** What one tab sent, in its order; what all sent, once. */
function checkTimeline(world: World): void {
  const { timeline } = world.relay;
  expect(new Set(timeline).size).toBe(timeline.length);
  for (const tab of world.tabs) {
    const places = tab.sends.map(({ id }) => timeline.indexOf(id)).filter((place) => place >= 0);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  }
}

test('several tabs, one connection; each is told of everything once', async () => {
  const world = newWorld(SEED);
  const tabs = [world.open(), world.open(), world.open()];
  for (const tab of tabs) tab.connect();
  await world.pass(1_000);
  expect(tabs.map(({ client }) => client.state.state)).toEqual(Array(3).fill('connected'));
  for (const n of upTo(10)) world.relay.write(`w-${n}`);
  for (const tab of tabs) tab.send();
  await world.pass(5_000);
  for (const tab of tabs) {
    expect(tab.seen).toEqual(upTo(13));
    check(tab, world);
    checkAtEnd(tab, world);
  }
});

test.for(upTo(SEED + LIVES - 1, SEED))(
  'whatever happens to tabs, nothing is lost or repeated: life %i',
  async (seed) => {
    const world = newWorld(seed);
    const random = randomOf(seed * 7919);
    const chance = (share: number) => random() < share;
    const pick = () => {
      const { live } = world;
      return live[Math.floor(random() * live.length)] ?? world.open();
    };
    const awake = () => {
      const tab = pick();
      if (tab.isFrozen) tab.thaw();
      return tab;
    };
    const open = () => {
      world.open().connect();
    };
    open();
    let written = 0;
    for (let step = 0; step < STEPS; step += 1) {
      if (chance(0.25) && world.live.length < 5) open();
      if (chance(0.15) && world.live.length > 1) pick().close();
      if (chance(0.05) && world.live.length > 1) awake().leave();
      if (chance(0.2)) {
        const tab = pick();
        if (!tab.isFrozen) tab.freeze(chance(0.5));
      }
      if (chance(0.3)) {
        const tab = pick();
        if (tab.isFrozen) tab.thaw();
      }
      if (chance(0.2)) awake().hide(chance(0.5));
      if (chance(0.1)) awake().client.disconnect();
      if (chance(0.2)) awake().connect();
      if (chance(0.6))
        for (let n = 0; n < random() * 12; n += 1) world.relay.write(`w-${written++}`);
      if (chance(0.4)) for (let n = 0; n < random() * 4; n += 1) awake().send();
      await world.pass(random() * (chance(0.2) ? 20_000 : 200));
    }
    for (const tab of world.live) {
      if (tab.isFrozen) tab.thaw();
      tab.hide(false);
      tab.connect();
    }
    await world.pass(QUIET_MS);
    world.relay.write('the last one');
    await world.pass(10_000);
    checkTimeline(world);
    for (const tab of world.tabs) check(tab, world);
    for (const tab of world.live) checkAtEnd(tab, world);
  },
);

import { beforeEach, expect, test, vi } from 'vitest';

import { takeSlot } from '../dist/storage/slot.js';
import { newBrowser, newTab } from './support/fake-browser.ts';

beforeEach(() => {
  newBrowser();
  return () => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  };
});

test('each tab has a slot of its own, the lowest that is free', async () => {
  const first = await takeSlot('demo/alice');
  newTab();
  const second = await takeSlot('demo/alice');
  expect([first?.number, second?.number]).toEqual([0, 1]);
  first?.release();
  await vi.waitFor(async () => {
    newTab();
    expect((await takeSlot('demo/alice'))?.number).toBe(0);
  });
});

test('accounts do not stand in the way of each other', async () => {
  expect((await takeSlot('demo/alice'))?.number).toBe(0);
  expect((await takeSlot('demo/bob'))?.number).toBe(0);
});

test('a tab that is reloaded waits for the slot that it had', async () => {
  await takeSlot('demo/alice');
  newTab();
  const before = await takeSlot('demo/alice');
  const reloaded = takeSlot('demo/alice');
  before?.release();
  expect((await reloaded)?.number).toBe(before?.number);
});

test('a duplicated tab gets another slot after a while', async () => {
  await takeSlot('demo/alice');
  vi.useFakeTimers();
  const duplicate = takeSlot('demo/alice');
  await vi.advanceTimersByTimeAsync(2_000);
  expect((await duplicate)?.number).toBe(1);
});

test('without Web Locks there is one slot', async () => {
  vi.stubGlobal('navigator', {});
  expect((await takeSlot('demo/alice'))?.number).toBe(0);
  expect((await takeSlot('demo/alice'))?.number).toBe(0);
});

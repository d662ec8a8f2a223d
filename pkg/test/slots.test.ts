import { beforeEach, expect, test, vi } from 'vitest';

import { takeSlot } from '../dist/storage/slot.js';

/** As much of the Web Locks API as slots need, for several tabs of one browser. */
class FakeLocks {
  readonly #held = new Map<string, Promise<unknown>>();

  async request(
    name: string,
    options: { ifAvailable?: boolean; signal?: AbortSignal },
    callback: (lock: object | null) => unknown,
  ): Promise<unknown> {
    while (this.#held.has(name)) {
      if (options.ifAvailable) return callback(null);
      await Promise.race([this.#held.get(name), aborted(options.signal)]);
    }
    const held = Promise.resolve(callback({ name })).finally(() => this.#held.delete(name));
    this.#held.set(name, held);
    return held;
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(new Error('aborted'));
    signal?.addEventListener('abort', () => {
      reject(new Error('aborted'));
    });
  });
}

class FakeSession {
  readonly items = new Map<string, string>();

  getItem(name: string): string | null {
    return this.items.get(name) ?? null;
  }

  setItem(name: string, value: string): void {
    this.items.set(name, value);
  }
}

beforeEach(() => {
  vi.stubGlobal('navigator', { locks: new FakeLocks() });
  newTab();
  return () => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  };
});

const newTab = () => {
  vi.stubGlobal('sessionStorage', new FakeSession());
};

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

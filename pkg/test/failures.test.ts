/** A storage that fails at each write in turn, and a process that ends there. */
import 'fake-indexeddb/auto';

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { memoryStorage, type Storage } from 'seqline';
import { fileStorage } from 'seqline/node';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { openBrowserStorage } from '../dist/storage/browser.js';
import { openKeyedStorage, type TextStore } from '../dist/storage/keyed.js';
import { newBrowser } from './support/fake-browser.ts';
import { FakeRelay } from './support/fake-relay.ts';
import { Life } from './support/life.ts';
import type { Fault } from './support/process.ts';

/** As many lives at once as the machine has use for. */
const AT_ONCE = 4;

type Kind = (account: string) => Promise<Storage>;

let folder: string;
let working: IDBFactory;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seqline-test-'));
  newBrowser();
  vi.stubGlobal('navigator', undefined);
  working = indexedDB;
});

afterAll(async () => {
  vi.unstubAllGlobals();
  await rm(folder, { recursive: true });
});

/** As mini-programs have it. */
class Texts implements TextStore {
  readonly #texts = new Map<string, string>();

  keys(): Promise<string[]> {
    return Promise.resolve([...this.#texts.keys()]);
  }

  get(key: string): Promise<string> {
    const text = this.#texts.get(key);
    return text === undefined ? Promise.reject(new Error('no such key')) : Promise.resolve(text);
  }

  set(key: string, text: string): Promise<void> {
    this.#texts.set(key, text);
    return Promise.resolve();
  }

  remove(key: string): Promise<void> {
    this.#texts.delete(key);
    return Promise.resolve();
  }
}

const texts = new Texts();
const memory = memoryStorage();
const kinds: Record<string, Kind> = {
  memory,
  'a file': (account) => fileStorage(folder)(account),
  IndexedDB: (account) => {
    vi.stubGlobal('indexedDB', working);
    return openBrowserStorage(account, () => undefined);
  },
  'keyed texts': (account) => openKeyedStorage(texts, account, () => undefined),
  localStorage: (account) => {
    vi.stubGlobal('indexedDB', undefined);
    return openBrowserStorage(account, () => undefined);
  },
};

let lives = 0;

/** @returns whether the fault has come */
async function live(
  open: Kind,
  fault?: Fault,
  nth?: number,
): Promise<{ life: Life; came: boolean }> {
  const relay = await FakeRelay.start();
  lives += 1;
  const account = `life-${lives}`;
  const life = new Life(relay, () => open(account));
  const came = await life.live(fault, nth);
  life.check();
  relay.stop();
  return { life, came };
}

test('without a fault, everything is told once', async () => {
  const { life } = await live(memory);
  const seqs = life.taken.flat().map(({ seq }) => seq);
  expect(new Set(seqs).size).toBe(seqs.length);
  expect(life.broadcasts.filter(({ change }) => change === 'new')).toHaveLength(2);
  expect(life.errors).toEqual([]);
});

const everyFault: Fault[] = ['fails', 'fails from then on', 'hangs', 'ends before', 'ends after'];
const cases: [string, Fault][] = [
  ...everyFault.map((fault): [string, Fault] => ['memory', fault]),
  ...['a file', 'IndexedDB', 'localStorage', 'keyed texts'].flatMap((kind): [string, Fault][] => [
    [kind, 'ends before'],
    [kind, 'ends after'],
  ]),
];

describe('at each write in turn', () => {
  test.each(cases)('%s: %s', { timeout: 180_000 }, async (kind, fault) => {
    const open = kinds[kind] ?? memory;
    let nth = 0;
    let isOver = false;
    const worker = async () => {
      while (!isOver) {
        nth += 1;
        const { life, came } = await live(open, fault, nth);
        if (!came) isOver = true;
        else if (!fault.startsWith('ends')) expect(life.errors).toContain('storage_failed');
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    // How many there are depends on how many changes went into one.
    expect(nth).toBeGreaterThan(4);
  });
});

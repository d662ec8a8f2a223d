import { memoryStorage, type Message, type Storage } from 'seqline';
import { openCache, type Cache, type CacheOptions } from 'seqline/cache';
import { describe, expect, test, vi } from 'vitest';

import { ModelClient, RelayModel } from './support/cached-client.ts';
import { newBrowser } from './support/fake-browser.ts';
import { Random } from '../../www/chat/tests/store/random.ts';

const BOB = 'dm:alice:bob';
const account = 'demo/alice';

interface World {
  relay: RelayModel;
  client: ModelClient;
  cache: Cache;
}

const failing = (message: string) => {
  throw new Error(message);
};

async function open(
  relay: RelayModel,
  cursor: number,
  options: Partial<CacheOptions> = {},
): Promise<World> {
  const client = new ModelClient(relay, cursor);
  const cache = await openCache(client, {
    account,
    storage: memoryStorage(),
    warn: failing,
    ...options,
  });
  return { relay, client, cache };
}

/** Until nothing more happens by itself. */
async function settled({ client, cache }: World): Promise<void> {
  for (let quiet = 0; quiet < 20; quiet += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (client.asked > 0) quiet = 0;
  }
  await cache.flushed();
}

const bodies = (messages: Message[]) => messages.map(({ body }) => body);

describe('a new cache', () => {
  test('is filled from the relay when there is a connection', async () => {
    const relay = new RelayModel();
    for (let n = 0; n < 70; n += 1) relay.message(BOB, 'bob');
    for (const group of ['g:1', 'g:2', 'g:3', 'g:4']) relay.message(group, 'bob');
    const world = await open(relay, relay.timeline.length);
    expect(world.cache.conversations()).toEqual([]);
    world.client.connect();
    await settled(world);
    expect(world.cache.conversations()).toEqual(relay.rows());
    expect(world.cache.messages(BOB)).toEqual(relay.visible(BOB).slice(-50));
  });

  test('tells that it changed, and where', async () => {
    const world = await open(new RelayModel(), 0);
    const changes = vi.fn();
    const stop = world.cache.onChange(changes);
    world.relay.message(BOB, 'bob');
    await world.client.deliver();
    expect(changes).toHaveBeenCalledExactlyOnceWith(BOB);
    stop();
    world.relay.message(BOB, 'bob');
    await world.client.deliver();
    expect(changes).toHaveBeenCalledTimes(1);
  });
});

describe('the next time', () => {
  test('it is there at once, without a connection', async () => {
    const storage = memoryStorage();
    const before = await open(new RelayModel(), 0, { storage });
    before.relay.message(BOB, 'bob');
    before.relay.message(BOB, 'alice');
    before.client.connect();
    await before.client.deliver();
    await settled(before);
    await before.cache.close();
    const { cache } = await open(before.relay, 2, { storage });
    expect(cache.conversations()).toEqual(before.relay.rows());
    expect(bodies(cache.messages(BOB))).toEqual(['text 1', 'text 2']);
  });

  test('what another version left is read anew', async () => {
    const storage = memoryStorage();
    const records = await storage(`cache/${account}`);
    await records.write([
      ['cache', new TextEncoder().encode('{"version":0,"cursor":7}')],
      ['conversation/x', new TextEncoder().encode('{}')],
    ]);
    const warnings: string[] = [];
    const warn = (message: string) => void warnings.push(message);
    const world = await open(new RelayModel(), 0, { storage, warn });
    expect(world.cache.conversations()).toEqual([]);
    expect(await records.load()).toEqual([]);
  });

  test('what cannot be read is left out, and read anew', async () => {
    const storage = memoryStorage();
    const before = await open(new RelayModel(), 0, { storage });
    before.relay.message(BOB, 'bob');
    before.relay.message('g:1', 'bob');
    await before.client.deliver();
    await settled(before);
    const records = await storage(`cache/${account}`);
    await records.write([[`conversation/${BOB}`, Uint8Array.of(0xff, 0x00)]]);
    const warnings: string[] = [];
    const warn = (message: string) => void warnings.push(message);
    const world = await open(before.relay, 2, { storage, warn });
    expect(world.cache.conversations().map(({ conv }) => conv)).toEqual(['g:1']);
    expect(warnings).toHaveLength(1);
    world.client.connect();
    await settled(world);
    expect(world.cache.conversations()).toEqual(before.relay.rows());
  });

  test('after log-out nothing is there', async () => {
    const storage = memoryStorage();
    const { relay, client, cache } = await open(new RelayModel(), 0, { storage });
    relay.message(BOB, 'bob');
    await client.deliver();
    await cache.clear();
    expect(cache.conversations()).toEqual([]);
    relay.message(BOB, 'bob');
    await client.deliver();
    expect(await (await storage(`cache/${account}`)).load()).toEqual([]);
  });
});

describe('what happens to messages', () => {
  async function withMessages(count: number): Promise<World> {
    const world = await open(new RelayModel(), 0);
    for (let n = 0; n < count; n += 1) world.relay.message(BOB, 'bob');
    await world.client.deliver();
    return world;
  }

  test('taken back ones are empty, deleted ones are gone, edited ones read differently', async () => {
    const { relay, client, cache } = await withMessages(4);
    relay.recall(BOB, 1);
    relay.delete(BOB, 2);
    relay.edit(BOB, 3);
    relay.delete(BOB, 4);
    await client.deliver();
    expect(cache.messages(BOB)).toEqual(relay.visible(BOB));
    expect(cache.conversations()).toMatchObject([{ head: 4, last: { convSeq: 3 } }]);
  });

  test('expired and replaced ones vanish', async () => {
    const { relay, client, cache } = await withMessages(1);
    relay.message(BOB, 'bob', { expiresAt: Date.now() + 1_000 });
    relay.message(BOB, 'bob', { replaces: 1 });
    await client.deliver();
    expect(bodies(cache.messages(BOB))).toEqual(['text 2', 'text 3']);
    vi.useFakeTimers({ now: Date.now() + 2_000 });
    expect(bodies(cache.messages(BOB))).toEqual(['text 3']);
    vi.useRealTimers();
  });

  test('unread ones are counted, and read ones not', async () => {
    const { relay, client, cache } = await withMessages(5);
    expect(cache.conversations()).toMatchObject([{ unread: 5 }]);
    relay.read(BOB, 3);
    relay.message(BOB, 'alice');
    await client.deliver();
    expect(cache.conversations()).toMatchObject([{ unread: 2, read: 3 }]);
  });

  test('a hole is never shown', async () => {
    const { client, cache } = await withMessages(2);
    const far = { convSeq: 9, conv: BOB, createdAt: 1, mentions: [], sender: 'bob', body: 'far' };
    await client.handOver('message', { ...far, seq: 3, own: false } as never);
    expect(bodies(cache.messages(BOB))).toEqual(['far']);
    await cache.close();
  });

  test('older pages are put before, and what is known since counts', async () => {
    const { relay, client, cache } = await withMessages(6);
    const newest = await client.history(BOB, { limit: 2 });
    const older = await client.history(BOB, { before: 5, limit: 2 });
    relay.recall(BOB, 5);
    relay.delete(BOB, 3);
    await client.deliver();
    cache.keepHistory(BOB, newest, { limit: 2 });
    cache.keepHistory(BOB, older, { before: 5, limit: 2 });
    expect(cache.messages(BOB)).toEqual(relay.visible(BOB));
  });

  test('after a reset everything is read anew', async () => {
    const world = await withMessages(3);
    const { relay, client, cache } = world;
    client.connect();
    relay.recall(BOB, 2);
    relay.message('g:1', 'bob');
    await client.handOver('reset', { reason: 'below_floor', head: relay.timeline.length });
    await settled(world);
    expect(cache.conversations()).toEqual(relay.rows());
    expect(cache.messages(BOB)).toEqual(relay.visible(BOB));
  });
});

describe('the bounds', () => {
  test('of conversations, messages and bytes', async () => {
    const storage = memoryStorage();
    const bounds = { conversationsMax: 3, messagesMax: 5, bytesMax: 8_000 };
    const { relay, client, cache } = await open(new RelayModel(), 0, { storage, ...bounds });
    for (let group = 0; group < 5; group += 1) {
      for (let n = 0; n < 10; n += 1) {
        relay.message(`g:${group}`, 'bob', { body: 'x'.repeat(1_000) });
      }
    }
    await client.deliver();
    expect(cache.conversations().map(({ conv }) => conv)).toEqual(['g:4', 'g:3', 'g:2']);
    expect(cache.messages('g:4')).toHaveLength(5);
    expect(cache.messages('g:2')).toHaveLength(1);
    const records = await (await storage(`cache/${account}`)).load();
    expect(records.map(([key]) => key).sort()).toEqual([
      'cache',
      ...['g:2', 'g:3', 'g:4'].map((conv) => `conversation/${conv}`),
    ]);
  });
});

describe('several tabs', () => {
  test('one writes; when it is closed another goes on', async () => {
    newBrowser();
    try {
      const storage = memoryStorage();
      const first = await open(new RelayModel(), 0, { storage });
      const second = await open(first.relay, 0, { storage });
      first.relay.message(BOB, 'bob');
      await second.client.deliver();
      const kept = async () => (await (await storage(`cache/${account}`)).load()).length;
      expect(await kept()).toBe(0);
      await first.client.deliver();
      expect(await kept()).toBe(2);

      first.relay.message(BOB, 'bob');
      await second.client.deliver();
      await first.cache.close();
      await settled(second);
      const third = await open(first.relay, 2, { storage });
      expect(bodies(third.cache.messages(BOB))).toEqual(['text 1', 'text 2']);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

/** What a disk has that may fail, or be cut off. */
class Disk {
  readonly #accounts = memoryStorage();
  /** Of so many writes one fails. */
  failsOnceIn = Infinity;
  #process = 0;
  random: () => number = () => 0;

  readonly open = async (name: string): Promise<Storage> => {
    const records = await this.#accounts(name);
    const opener = this.#process;
    return {
      ...records,
      write: async (changes) => {
        if (opener !== this.#process) return new Promise(() => undefined);
        if (this.random() < 1 / this.failsOnceIn) throw new Error('the disk is full');
        await records.write(changes);
      },
    };
  };

  /** What has opened it is gone. */
  endProcess(): void {
    this.#process += 1;
  }
}

describe('whatever happens in whatever order', () => {
  const CONVS = [BOB, 'g:1', 'g:2', 'g:3', 'g:4'];

  function happen(relay: RelayModel, random: () => number): void {
    const pick = (count: number) => Math.floor(random() * count);
    const conv = CONVS[pick(CONVS.length)] ?? BOB;
    const convSeq = Math.max(relay.kept(conv).messages.length - pick(8), 1);
    const actions = [
      () => {
        relay.message(conv, 'bob');
      },
      () => {
        relay.message(conv, 'bob');
      },
      () => {
        relay.message(conv, 'alice');
      },
      () => {
        relay.edit(conv, convSeq);
      },
      () => {
        relay.recall(conv, convSeq);
      },
      () => {
        relay.read(conv, convSeq);
      },
      () => {
        relay.silent();
      },
    ];
    actions[pick(actions.length)]?.();
  }

  test.each([
    ['the process ends at any time', Infinity],
    ['and writes fail', 5],
  ])(
    'it shows what the relay has: %s',
    async (_, failsOnceIn) => {
      for (let seed = 1; seed <= 150; seed += 1) {
        const stream = new Random(seed);
        const random = () => stream.next();
        const disk = new Disk();
        disk.random = random;
        disk.failsOnceIn = failsOnceIn;
        const relay = new RelayModel();
        const warn = () => undefined;
        const options = { storage: disk.open, warn, messagesMax: 6 };
        let durable = 0;
        for (let life = 0; life < 4; life += 1) {
          const world = await open(relay, durable, options);
          for (let n = random() * 40; n > 0; n -= 1) {
            happen(relay, random);
            if (random() < 0.2) world.client.connect();
            if (world.client.state.state !== 'connected') continue;
            if (random() < 0.5) await world.client.deliver(1 + Math.floor(random() * 5));
            // The cursor is kept a little later than it moves.
            if (random() < 0.7) durable = world.client.cursor;
            if (random() < 0.1) {
              const conv = CONVS[Math.floor(random() * CONVS.length)] ?? BOB;
              world.cache.keepHistory(conv, await world.client.history(conv, { limit: 4 }));
            }
          }
          disk.endProcess();
        }
        disk.failsOnceIn = Infinity;
        const world = await open(relay, durable, options);
        world.client.connect();
        await world.client.deliver();
        await settled(world);
        const shown = world.cache.conversations().filter(({ head }) => head > 0);
        const rows = relay.rows().filter(({ head }) => head > 0);
        const essence = (row: (typeof rows)[number]) => [
          row.conv,
          row.head,
          row.read,
          row.unread,
          row.last,
        ];
        expect(shown.map(essence), `seed ${seed}`).toEqual(rows.map(essence));
        for (const conv of CONVS) {
          const messages = world.cache.messages(conv);
          const visible = relay.visible(conv);
          const expected = messages.length > 0 ? visible.slice(-messages.length) : [];
          expect(messages, `seed ${seed}, ${conv}`).toEqual(expected);
          if (visible.length > 0)
            expect(messages.length, `seed ${seed}, ${conv}`).toBeGreaterThan(0);
        }
        await world.cache.close();
      }
    },
    120_000,
  );
});

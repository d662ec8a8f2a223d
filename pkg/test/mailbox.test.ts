import { SeqlineError, type Broadcast, type Events, type Host } from 'seqline';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { Mailbox } from '../dist/broadcasts/mailbox.js';
import { Emitter } from '../dist/emitter.js';
import { StorageGuard } from '../dist/storage/guard.js';
import { CREATED_MS, CREATED_US, shows } from './support/wire.ts';

type Change = Events['broadcast'];
type Call = [method: string, ids: number[]];

/** A device with its storage, and a relay that answers as it is told. */
class Device {
  readonly emitter = new Emitter();
  readonly changes: Change[] = [];
  readonly errors: Events['error'][] = [];
  readonly calls: Call[] = [];
  isConnected = true;
  answer: (method: string, ids: number[]) => Promise<unknown> = (_, ids) =>
    Promise.resolve({ new: ids });
  readonly records: Map<string, Uint8Array>;
  readonly mailbox: Mailbox;
  isDiskFull = false;

  constructor(records = new Map<string, Uint8Array>()) {
    this.records = records;
    const storage = new StorageGuard(
      {},
      {
        load: () => Promise.resolve([...records]),
        write: (changes) => {
          if (this.isDiskFull) return Promise.reject(new Error('the disk is full'));
          for (const [key, value] of changes) {
            if (value) records.set(key, value);
            else records.delete(key);
          }
          return Promise.resolve();
        },
        close: () => undefined,
      },
    );
    this.mailbox = new Mailbox({
      host: {} as Host,
      audience: this.emitter,
      call: ((method: string, { ids }: { ids: number[] }) => {
        this.calls.push([method, ids]);
        return this.answer(method, ids);
      }) as never,
      write: (changes) => storage.write(changes),
      isConnected: () => this.isConnected,
    });
    this.mailbox.restore([...records]);
    this.emitter.add('broadcast', this.#keep);
    this.emitter.add('error', (failure) => void this.errors.push(failure));
  }

  readonly #keep = (change: Change) => {
    this.changes.push(change);
  };

  /** The same device after a reload of the page. */
  reload(): Device {
    return new Device(this.records);
  }

  stopListening(): void {
    this.emitter.remove('broadcast', this.#keep);
  }

  told(): string[] {
    return this.changes.map(({ change, id }) => `${change} ${id}`);
  }

  ids(): number[] {
    return this.mailbox.list().map(({ id }) => id);
  }

  claims(): number[][] {
    return this.calls.flatMap(([method, ids]) => (method === 'broadcasts.seen' ? [ids] : []));
  }
}

const news = (...changes: { id: number }[]) => ({ changes });

const busy = () =>
  Promise.reject(new SeqlineError({ code: 'busy', message: 'later', retryable: true }));

let device: Device;

beforeEach(() => {
  vi.useFakeTimers({ now: CREATED_MS });
  device = new Device();
});

afterEach(() => {
  device.mailbox.stop();
  vi.useRealTimers();
});

describe('what the relay tells', () => {
  test('is told once, version by version, in its order', async () => {
    await device.mailbox.take(news(shows(7), shows(4)));
    await device.mailbox.take(news(shows(7), shows(4, { version: 2, title: 'Better' }), shows(9)));
    await device.mailbox.take(news(shows(4, { version: 2, title: 'Better' })));
    expect(device.told()).toEqual(['new 7', 'new 4', 'changed 4', 'new 9']);
    expect(device.changes[2]?.broadcast).toMatchObject({ title: 'Better', version: 2, seen: true });
  });

  test('reads as the app writes', async () => {
    const place = { kind: 'place', body: '{"lat":52}', expires_us: CREATED_US + 5_000_000 };
    await device.mailbox.take(news(shows(3, place)));
    const broadcast: Broadcast = {
      id: 3,
      version: 1,
      kind: 'place',
      title: 'Title 3',
      body: { lat: 52 },
      publishedAt: CREATED_MS,
      expiresAt: CREATED_MS + 5_000,
      everyDevice: false,
      seen: false,
      opened: false,
    };
    expect(device.changes).toEqual([{ change: 'new', id: 3, broadcast }]);
    expect(device.mailbox.list()).toEqual([{ ...broadcast, seen: true }]);
  });

  test('with another text of the same version is kept, and is nothing new', async () => {
    await device.mailbox.take(news(shows(3, { body: 'Hello friend' })));
    await device.mailbox.take(news(shows(3, { body: 'Hello Alice' })));
    expect(device.told()).toEqual(['new 3']);
    expect(device.mailbox.list()).toMatchObject([{ body: 'Hello Alice' }]);
  });

  test('of an id that was given to another one since is new', async () => {
    await device.mailbox.take(news(shows(3)));
    await device.mailbox.opened(3);
    await device.mailbox.take(news(shows(3, { published_us: CREATED_US + 99 })));
    expect(device.told()).toEqual(['new 3', 'new 3']);
    expect(device.changes[1]?.broadcast).toMatchObject({ seen: false, opened: false });
  });

  test('is gone when it is withdrawn, also from storage', async () => {
    await device.mailbox.take(news(shows(3), shows(4)));
    await device.mailbox.take(news({ id: 3 }, { id: 8 }));
    expect(device.told()).toEqual(['new 3', 'new 4', 'withdrawn 3']);
    expect(device.ids()).toEqual([4]);
    expect([...device.records.keys()]).toEqual(['broadcast/4']);
  });

  test('as a whole list withdraws what is not in it', async () => {
    await device.mailbox.take(news(shows(3), shows(4), shows(5)));
    await device.mailbox.take({ held: [4, 6], changes: [shows(6)] });
    expect(device.told().slice(3)).toEqual(['withdrawn 3', 'withdrawn 5', 'new 6']);
    expect(device.ids()).toEqual([6, 4]);
    await device.mailbox.take({ held: [] });
    expect(device.ids()).toEqual([]);
    expect(device.records.size).toBe(0);
  });

  test('is not told again after a reload', async () => {
    await device.mailbox.take(news(shows(3)));
    const reloaded = device.reload();
    expect(reloaded.mailbox.list()).toMatchObject([{ id: 3, seen: true }]);
    await reloaded.mailbox.take({ held: [3], changes: [shows(3)] });
    await reloaded.mailbox.take(news(shows(3, { version: 2 })));
    expect(reloaded.told()).toEqual(['changed 3']);
  });

  test('comes again after a handler failed, without what was taken', async () => {
    let failing: number | undefined = 4;
    device.emitter.add('broadcast', ({ id }) => {
      if (id === failing) throw new Error('no');
    });
    const batch = news(shows(3), shows(4), shows(5));
    await expect(device.mailbox.take(batch)).rejects.toThrow('no');
    expect(device.told()).toEqual(['new 3', 'new 4', 'new 5']);
    failing = undefined;
    await device.mailbox.take(batch);
    expect(device.told().slice(3)).toEqual(['new 4']);
  });

  test('and was passed over comes with the next news', async () => {
    await device.mailbox.take(news(shows(3)));
    let isFailing = true;
    device.emitter.add('broadcast', () => {
      if (isFailing) throw new Error('no');
    });
    await expect(device.mailbox.take(news({ id: 3 }))).rejects.toThrow('no');
    expect(device.ids()).toEqual([]);
    isFailing = false;
    const reloaded = device.reload();
    await reloaded.mailbox.take(news(shows(9)));
    expect(reloaded.told()).toEqual(['new 9', 'withdrawn 3']);
  });

  test('is waited for: one handler after the other', async () => {
    const order: string[] = [];
    device.emitter.add('broadcast', async ({ id }) => {
      order.push(`begins ${id}`);
      await Promise.resolve();
      order.push(`ends ${id}`);
    });
    await device.mailbox.take(news(shows(3), shows(4)));
    expect(order).toEqual(['begins 3', 'ends 3', 'begins 4', 'ends 4']);
  });

  test('is held, and not shown as new, while nobody listens', async () => {
    device.stopListening();
    await device.mailbox.take(news(shows(3)));
    expect(device.calls).toEqual([]);
    expect(device.mailbox.list()).toMatchObject([{ id: 3, seen: false }]);
  });

  test('is bounded: the oldest are let go of', async () => {
    const many = Array.from({ length: 300 }, (_, at) => shows(at + 1));
    await device.mailbox.take(news(...many));
    expect(device.ids()).toHaveLength(256);
    expect(device.ids().at(-1)).toBe(45);
    expect(device.records.size).toBe(256);
    expect(device.claims().map((ids) => ids.length)).toEqual([100, 100, 56]);
  });
});

describe('the list', () => {
  test('is newest first, without what has expired', async () => {
    const expires_us = CREATED_US + 10_000_000;
    await device.mailbox.take(
      news(shows(2), shows(9, { published_us: CREATED_US - 1_000_000 }), shows(5, { expires_us })),
    );
    expect(device.ids()).toEqual([5, 2, 9]);
    vi.setSystemTime(CREATED_MS + 10_001);
    expect(device.ids()).toEqual([2, 9]);
    await vi.waitFor(() => {
      expect([...device.records.keys()]).toEqual(['broadcast/2', 'broadcast/9']);
    });
  });

  test('takes in nothing that has expired', async () => {
    await device.mailbox.take(news(shows(5, { expires_us: CREATED_US - 1_000_000 })));
    expect(device.told()).toEqual([]);
    expect(device.ids()).toEqual([]);
  });

  test('lets go of records that cannot be read', async () => {
    await device.mailbox.take(news(shows(3)));
    device.records.set('broadcast/4', Uint8Array.of(0x1f));
    device.records.set('position', Uint8Array.of(1));
    const reloaded = device.reload();
    expect(reloaded.ids()).toEqual([3]);
    await vi.waitFor(() => {
      expect([...device.records.keys()]).toEqual(['broadcast/3', 'position']);
    });
  });

  test('is there though nothing can be stored, and that is said once', async () => {
    device.isDiskFull = true;
    await device.mailbox.take(news(shows(3)));
    await device.mailbox.take(news(shows(4)));
    expect(device.ids()).toEqual([4, 3]);
    expect(device.errors).toMatchObject([{ code: 'storage_failed' }]);
    device.isDiskFull = false;
    await device.mailbox.take(news(shows(5)));
    expect(device.reload().ids()).toEqual([5, 4, 3]);
  });
});

describe('new once for a user', () => {
  test('what another device has shown is listed, and not new', async () => {
    device.answer = (_, ids) => Promise.resolve({ new: ids.filter((id) => id !== 3) });
    await device.mailbox.take(news(shows(3), shows(4)));
    expect(device.claims()).toEqual([[3, 4]]);
    expect(device.told()).toEqual(['seen 3', 'new 4']);
    expect(device.mailbox.list()).toMatchObject([{ seen: true }, { seen: true }]);
  });

  test('is not asked for what each device shows, nor for changes', async () => {
    await device.mailbox.take(news(shows(3, { every_device: true })));
    await device.mailbox.take(news(shows(3, { every_device: true, version: 2 })));
    expect(device.calls).toEqual([]);
    expect(device.told()).toEqual(['new 3', 'changed 3']);
    expect(device.mailbox.list()).toMatchObject([{ everyDevice: true }]);
  });

  test('is asked again while the relay is busy', async () => {
    device.answer = busy;
    const taking = device.mailbox.take(news(shows(3)));
    await vi.advanceTimersByTimeAsync(2_500);
    expect(device.told()).toEqual([]);
    device.answer = () => Promise.resolve({ new: [] });
    await vi.advanceTimersByTimeAsync(1_000);
    await taking;
    expect(device.told()).toEqual(['seen 3']);
  });

  test.each([
    ['refuses', busy],
    ['says nothing', () => new Promise(() => undefined)],
  ])('is given up after ten seconds in which the relay %s', async (_, answer) => {
    device.answer = answer;
    const taking = device.mailbox.take(news(shows(3)));
    await vi.advanceTimersByTimeAsync(9_900);
    expect(device.told()).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    await taking;
    expect(device.told()).toEqual(['new 3']);
  });

  test('is given up at once where the relay does not know the question', async () => {
    const unknown = { code: 'method_unknown', message: 'what?', retryable: false };
    device.answer = () => Promise.reject(new SeqlineError(unknown));
    await device.mailbox.take(news(shows(3)));
    expect(device.told()).toEqual(['new 3']);
    expect(device.errors).toMatchObject([{ code: 'method_unknown' }]);
  });

  test('without an answer, what another device has marked is not new', async () => {
    await device.mailbox.mark({ broadcast: 3 });
    expect(device.told()).toEqual([]);
    device.answer = busy;
    const taking = device.mailbox.take(news(shows(3)));
    await vi.advanceTimersByTimeAsync(10_100);
    await taking;
    expect(device.told()).toEqual(['seen 3']);
  });

  test('what this device claimed and did not get to show is new after a reload', async () => {
    device.emitter.add('broadcast', () => new Promise(() => undefined));
    void device.mailbox.take(news(shows(3)));
    await vi.advanceTimersByTimeAsync(0);
    const reloaded = device.reload();
    // Its own marker comes before the news.
    await reloaded.mailbox.mark({ broadcast: 3 });
    await reloaded.mailbox.take(news(shows(3)));
    expect(reloaded.told()).toEqual(['new 3']);
  });

  test('what was claimed when the client stopped is left for the next one', async () => {
    device.answer = () => new Promise(() => undefined);
    let isTaken = false;
    void device.mailbox.take(news(shows(3))).finally(() => (isTaken = true));
    device.mailbox.stop();
    await vi.advanceTimersByTimeAsync(20_000);
    expect([isTaken, device.told()]).toEqual([false, []]);
  });
});

describe('marks of other devices', () => {
  test('change what is held, and are told once', async () => {
    device.stopListening();
    await device.mailbox.take(news(shows(3)));
    device.emitter.add('broadcast', (change) => void device.changes.push(change));
    await device.mailbox.mark({ broadcast: 3 });
    await device.mailbox.mark({ broadcast: 3 });
    await device.mailbox.mark({ broadcast: 3, opened: true });
    expect(device.changes).toMatchObject([
      { change: 'seen', id: 3, broadcast: { seen: true, opened: false } },
      { change: 'seen', id: 3, broadcast: { seen: true, opened: true } },
    ]);
    expect(device.reload().mailbox.list()).toMatchObject([{ opened: true }]);
  });

  test('that come before the broadcast are remembered', async () => {
    await device.mailbox.mark({ broadcast: 3, opened: true });
    const reloaded = device.reload();
    expect(reloaded.ids()).toEqual([]);
    await reloaded.mailbox.take(news(shows(3)));
    expect(reloaded.told()).toEqual(['seen 3']);
    expect(reloaded.mailbox.list()).toMatchObject([{ opened: true }]);
  });

  test('of what is withdrawn before it came leave nothing behind', async () => {
    await device.mailbox.mark({ broadcast: 3 });
    await device.mailbox.take(news({ id: 3 }));
    expect([device.told(), device.records.size]).toEqual([[], 0]);
  });

  test('come again after a handler failed', async () => {
    await device.mailbox.take(news(shows(3)));
    let isFailing = true;
    device.emitter.add('broadcast', () => {
      if (isFailing) throw new Error('no');
    });
    await expect(device.mailbox.mark({ broadcast: 3, opened: true })).rejects.toThrow('no');
    isFailing = false;
    await device.mailbox.mark({ broadcast: 3, opened: true });
    expect(device.told()).toEqual(['new 3', 'seen 3', 'seen 3']);
  });
});

describe('opened', () => {
  const opens = () => device.calls.filter(([method]) => method === 'broadcasts.opened');

  test('is kept at once, and told to the relay', async () => {
    await device.mailbox.take(news(shows(3)));
    await device.mailbox.opened(3);
    await device.mailbox.opened(3);
    expect(device.mailbox.list()).toMatchObject([{ opened: true }]);
    expect(opens()).toEqual([['broadcasts.opened', [3]]]);
    await device.mailbox.mark({ broadcast: 3, opened: true });
    expect(device.told()).toEqual(['new 3']);
  });

  test('from within its handler is kept, though the process ends there and the list comes anew', async () => {
    device.emitter.add('broadcast', async ({ id }) => {
      await device.mailbox.opened(id);
      await new Promise(() => undefined);
    });
    void device.mailbox.take({ held: [], ...news(shows(3)) });
    await vi.waitUntil(() => device.calls.some(([method]) => method === 'broadcasts.opened'));
    const again = device.reload();
    await again.mailbox.take({ held: [], ...news(shows(3)) });
    expect(again.mailbox.list()).toMatchObject([{ id: 3, opened: true }]);
  });

  test('without a connection is told when there is one, also after a reload', async () => {
    await device.mailbox.take(news(shows(3), shows(4)));
    device.isConnected = false;
    await device.mailbox.opened(3);
    await device.mailbox.opened(4);
    expect(opens()).toEqual([]);
    device = device.reload();
    device.mailbox.connected();
    await vi.advanceTimersByTimeAsync(0);
    device.mailbox.connected();
    expect(opens()).toEqual([['broadcasts.opened', [3, 4]]]);
    device = device.reload();
    device.mailbox.connected();
    expect(opens()).toEqual([]);
  });

  test('is told though it has expired meanwhile', async () => {
    await device.mailbox.take(news(shows(3, { expires_us: CREATED_US + 1_000_000 })));
    device.isConnected = false;
    await device.mailbox.opened(3);
    vi.setSystemTime(CREATED_MS + 2_000);
    expect(device.ids()).toEqual([]);
    device.isConnected = true;
    device.mailbox.connected();
    await vi.advanceTimersByTimeAsync(0);
    expect(opens()).toEqual([['broadcasts.opened', [3]]]);
    expect(device.ids()).toEqual([]);
    await vi.waitFor(() => {
      expect(device.records.size).toBe(0);
    });
  });

  test('is told again to a relay that was busy, and not to one that refused', async () => {
    await device.mailbox.take(news(shows(3)));
    device.answer = busy;
    await device.mailbox.opened(3);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(opens()).toHaveLength(1);
    const forbidden = { code: 'scope_forbidden', message: 'no', retryable: false };
    device.answer = () => Promise.reject(new SeqlineError(forbidden));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(opens()).toHaveLength(2);
    expect(device.errors).toMatchObject([forbidden]);
  });

  test('of one that is not there is refused', async () => {
    const refusal = { code: 'broadcast_unknown' };
    await expect(device.mailbox.opened(3)).rejects.toMatchObject(refusal);
    await device.mailbox.take(news(shows(3)));
    await device.mailbox.take(news({ id: 3 }));
    await expect(device.mailbox.opened(3)).rejects.toMatchObject(refusal);
  });
});

/**
 * A browser with several tabs, and a relay, in one process and in virtual time. What happens next
 * is drawn at random from what could: messages of different tabs overtake each other, writes take
 * their time, and tabs are closed, frozen and opened in between.
 */
import type { Client, Failure, Host, Storage } from 'seqline';

import { makeClient } from '../../dist/client.js';
import { DeferredSession } from '../../dist/session/deferred.js';
import { FencedError } from '../../dist/storage/fence.js';
import type { Channel, Locks, PageEvents, TabBrowser } from '../../dist/tabs/browser.js';
import type { Message } from '../../dist/tabs/messages.js';
import { SharedSession } from '../../dist/tabs/shared-session.js';
import { TOKEN } from '../support/client.ts';
import { ModelSession } from './model-session.ts';
import { ModelRelay } from './model-relay.ts';

interface Task {
  tab: BrowserTab | undefined;
  atMs: number;
  run(): void;
}

/** Numbers that look random, and come again with the same seed: mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class World {
  readonly random: () => number;
  readonly relay: ModelRelay;
  readonly tabs: BrowserTab[] = [];
  readonly stores = new Map<string, Map<string, Uint8Array>>();
  readonly locks = new Map<string, LockQueue>();
  readonly channels = new Map<string, Set<TabChannel>>();
  nowMs = 1_000;
  #tasks: Task[] = [];

  constructor(seed: number) {
    this.random = randomOf(seed);
    this.relay = new ModelRelay(this);
  }

  get live(): BrowserTab[] {
    return this.tabs.filter(({ isClosed, hasLeft }) => !isClosed && !hasLeft);
  }

  open(): BrowserTab {
    const tab = new BrowserTab(this, this.tabs.length);
    this.tabs.push(tab);
    return tab;
  }

  /** Later, within so many milliseconds; in a tab only while that runs. @returns calls it off */
  after(tab: BrowserTab | undefined, delayMs: number, run: () => void): () => void {
    const task = { tab, atMs: this.nowMs + delayMs, run };
    this.#tasks.push(task);
    return () => {
      this.#tasks = this.#tasks.filter((each) => each !== task);
    };
  }

  /** What comes soon, in any order. */
  soon(tab: BrowserTab | undefined, run: () => void): void {
    this.after(tab, this.random() * 20, run);
  }

  /** Does what is due next, if it is due by then. */
  async step(untilMs: number): Promise<boolean> {
    this.#tasks = this.#tasks.filter(({ tab }) => !tab?.isClosed);
    const able = this.#tasks.filter(({ tab }) => !tab?.isFrozen);
    const next = able.reduce<Task | undefined>(
      (least, task) => (!least || task.atMs < least.atMs ? task : least),
      undefined,
    );
    if (!next || next.atMs > untilMs) {
      this.nowMs = Math.max(this.nowMs, untilMs);
      return false;
    }
    this.nowMs = Math.max(this.nowMs, next.atMs);
    this.#tasks.splice(this.#tasks.indexOf(next), 1);
    next.run();
    // Promises settle, and `nextTask` of the package too.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    return true;
  }

  async pass(durationMs: number): Promise<void> {
    const untilMs = this.nowMs + durationMs;
    // What was just called has its own to do first.
    await new Promise((resolve) => setImmediate(resolve));
    while (await this.step(untilMs));
  }

  dispose(): void {
    for (const tab of this.live) tab.close();
    this.#tasks = [];
  }
}

/** A tab with an app that keeps what it is told. */
export class BrowserTab {
  readonly world: World;
  readonly number: number;
  readonly client: Client;
  /** Places of the messages that it was told of. */
  readonly seen: number[] = [];
  readonly resets: { reason: string; head: number; at: number }[] = [];
  readonly statuses: { clientMsgId: string; status: string }[] = [];
  readonly errors: string[] = [];
  readonly kicks: string[] = [];
  readonly states: string[] = [];
  readonly sends: { id: string; isSettled: boolean; convSeq?: number; code?: string }[] = [];
  /** How long the timeline was when it was connected first. */
  lengthAtStart: number | undefined;
  /** Its handler of `message` does this first. */
  handler: (seq: number) => void | Promise<void> = () => undefined;
  isClosed = false;
  hasLeft = false;
  isFrozen = false;
  isHidden = false;
  /** What other tabs tell of events is lost on the way. */
  isDeaf = false;
  page: PageEvents | undefined;

  constructor(world: World, number: number) {
    this.world = world;
    this.number = number;
    const host = this.#host();
    this.client = makeClient(
      {
        host,
        load: () => Promise.resolve(),
        makeSession: (parts) =>
          new DeferredSession(parts.audience, () =>
            Promise.resolve(
              new SharedSession({
                ...parts,
                browser: this.#browser(),
                openLocal: (local) => new ModelSession(world, this, local),
              }),
            ),
          ),
      },
      'http://relay.example',
      { token: TOKEN, account: 'demo/alice' },
    );
    this.client.on('message', async ({ seq }) => {
      await this.handler(seq);
      if (!this.isClosed) this.seen.push(seq);
    });
    this.client.on('reset', ({ reason, head }) => {
      this.resets.push({ reason, head, at: this.seen.length });
    });
    this.client.on('status', ({ clientMsgId, status }) => {
      this.statuses.push({ clientMsgId, status });
    });
    this.client.on('error', ({ code, message }) => void this.errors.push(`${code} ${message}`));
    this.client.on('kicked', ({ reason }) => void this.kicks.push(reason));
    this.client.on('state', ({ state }) => {
      this.states.push(state);
      if (state === 'connected') this.lengthAtStart ??= world.relay.timeline.length;
    });
  }

  connect(): void {
    this.client.connect().catch(() => undefined);
  }

  send(): void {
    const id = `m-${this.number}-${this.sends.length}`;
    const sent: (typeof this.sends)[number] = { id, isSettled: false };
    this.sends.push(sent);
    this.client.send({ to: { user: 'bob' }, body: id, clientMsgId: id }).then(
      ({ convSeq }) => Object.assign(sent, { isSettled: true, convSeq }),
      (error: unknown) => Object.assign(sent, { isSettled: true, code: (error as Failure).code }),
    );
  }

  /** As when it is closed, or crashes: nothing of it runs any more. */
  close(): void {
    this.isClosed = true;
    for (const queue of this.world.locks.values()) queue.drop(this);
    for (const channels of this.world.channels.values()) {
      for (const channel of [...channels]) if (channel.tab === this) channels.delete(channel);
    }
    this.world.relay.drop(this);
  }

  /** Its app wants nothing any more, and the page goes on. */
  leave(): void {
    this.hasLeft = true;
    void this.client.dispose();
  }

  /** @param isTold whether the browser says so before, as it does when nothing hangs */
  freeze(isTold: boolean): void {
    if (isTold) this.page?.frozen();
    this.isFrozen = true;
  }

  thaw(): void {
    this.isFrozen = false;
    this.page?.resumed();
  }

  hide(isHidden: boolean): void {
    this.isHidden = isHidden;
    this.page?.changed();
  }

  #host(): Host {
    const { world } = this;
    return {
      name: 'model',
      openSocket: (_url, events) => {
        world.soon(this, () => {
          events.opened();
        });
        return { send: () => undefined, close: () => undefined };
      },
      openStorage: () => Promise.reject(new Error('the leader opens its own')),
      watch: () => () => undefined,
      random: () => new Uint8Array(32).map(() => Math.floor(world.random() * 256)),
      monotonicMs: () => world.nowMs,
      after: (delayMs, callback) =>
        // Browsers let timers of hidden tabs come once in a minute.
        world.after(this, this.isHidden ? Math.max(delayMs, 60_000) : delayMs, callback),
    };
  }

  #browser(): TabBrowser {
    const { world } = this;
    return {
      locks: this.#locks(),
      openStorage: ({ account, number }) =>
        Promise.resolve(openStore(world, this, `${account}/${number}`)),
      openChannel: (name, heard) => new TabChannel(this, name, heard),
      isHidden: () => this.isHidden,
      watchPage: (events) => {
        this.page = events;
        return () => (this.page = undefined);
      },
      newTabId: () => `tab-${this.number}`,
      nowMs: () => 1_700_000_000_000 + Math.floor(world.nowMs),
    };
  }

  #locks(): Locks {
    const { world } = this;
    return {
      request: (name, options, callback) => {
        const queue = world.locks.get(name) ?? new LockQueue(world);
        world.locks.set(name, queue);
        return queue.request(this, options, callback);
      },
      query: () =>
        new Promise((resolve) => {
          world.soon(this, () => {
            const held = [...world.locks].flatMap(([name, queue]) =>
              queue.isHeld ? [{ name }] : [],
            );
            resolve({ held });
          });
        }),
    };
  }
}

interface LockRequest {
  tab: BrowserTab;
  callback: (lock: unknown) => unknown;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** One lock, as the browser keeps it. */
class LockQueue {
  readonly #world: World;
  #holder: LockRequest | undefined;
  readonly #waiting: LockRequest[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  get isHeld(): boolean {
    return this.#holder !== undefined;
  }

  request(
    tab: BrowserTab,
    {
      ifAvailable,
      steal,
      signal,
    }: { ifAvailable?: boolean; steal?: boolean; signal?: AbortSignal },
    callback: (lock: unknown) => unknown,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const request = { tab, callback, resolve, reject };
      if (steal) {
        const before = this.#holder;
        this.#grant(request);
        if (before) {
          this.#world.soon(before.tab, () => {
            before.reject(new Error('it was stolen'));
          });
        }
        return;
      }
      if (ifAvailable && (this.#holder || this.#waiting.length > 0)) {
        this.#world.soon(tab, () => {
          resolve(callback(null));
        });
        return;
      }
      this.#waiting.push(request);
      signal?.addEventListener('abort', () => {
        const at = this.#waiting.indexOf(request);
        if (at >= 0) this.#waiting.splice(at, 1);
        if (at >= 0) reject(new Error('it was called off'));
      });
      this.#next();
    });
  }

  /** A tab is gone. */
  drop(tab: BrowserTab): void {
    for (const request of [...this.#waiting]) {
      if (request.tab === tab) this.#waiting.splice(this.#waiting.indexOf(request), 1);
    }
    if (this.#holder?.tab === tab) {
      this.#holder = undefined;
      this.#next();
    }
  }

  #next(): void {
    if (this.#holder) return;
    const request = this.#waiting.shift();
    if (request) this.#grant(request);
  }

  #grant(request: LockRequest): void {
    this.#holder = request;
    this.#world.soon(request.tab, () => {
      const end = () => {
        request.resolve(undefined);
        if (this.#holder !== request) return;
        this.#holder = undefined;
        this.#next();
      };
      Promise.resolve(request.callback({})).then(end, end);
    });
  }
}

/** Messages of one tab come in their order; those of different tabs in any. */
class TabChannel implements Channel {
  readonly tab: BrowserTab;
  readonly #name: string;
  readonly #heard: (message: unknown) => void;
  readonly #lastMs = new Map<TabChannel, number>();

  constructor(tab: BrowserTab, name: string, heard: (message: unknown) => void) {
    this.tab = tab;
    this.#name = name;
    this.#heard = heard;
    const channels = this.#all;
    channels.add(this);
    tab.world.channels.set(name, channels);
  }

  post(message: unknown): void {
    const { world } = this.tab;
    const copy = structuredClone(message);
    for (const other of this.#all) {
      if (other === this) continue;
      const atMs = Math.max(this.#lastMs.get(other) ?? 0, world.nowMs + world.random() * 20);
      this.#lastMs.set(other, atMs);
      world.after(other.tab, atMs - world.nowMs, () => {
        const isLost = other.tab.isDeaf && (copy as Message).type === 'items';
        if (this.#all.has(other) && !isLost) other.#heard(copy);
      });
    }
  }

  close(): void {
    this.#all.delete(this);
  }

  get #all(): Set<TabChannel> {
    return this.tab.world.channels.get(this.#name) ?? new Set();
  }
}

/** Records that outlive the tab, with the fence that the package's IndexedDB storage has. */
function openStore(world: World, tab: BrowserTab, name: string): Storage {
  const records = world.stores.get(name) ?? new Map<string, Uint8Array>();
  world.stores.set(name, records);
  let generation = 0;
  return {
    load: () =>
      new Promise((resolve) => {
        world.soon(tab, () => {
          generation = (records.get('fence')?.[0] ?? 0) + 1;
          records.set('fence', new Uint8Array([generation]));
          resolve([...records].filter(([key]) => key !== 'fence'));
        });
      }),
    write: (changes) =>
      new Promise((resolve, reject) => {
        // What was begun is done, whatever becomes of the tab.
        world.soon(undefined, () => {
          if (records.get('fence')?.[0] !== generation) {
            world.soon(tab, () => {
              reject(new FencedError());
            });
            return;
          }
          for (const [key, value] of changes) {
            if (value) records.set(key, value);
            else records.delete(key);
          }
          world.soon(tab, resolve);
        });
      }),
    close: () => undefined,
  };
}

/**
 * Conversations and recent messages of an account, kept on this device: in memory for whoever
 * asks, in a storage for the next time.
 *
 * An event is kept before its handler's promise is done, and so before the client's cursor moves:
 * after a crash the client tells again what is missing here. Of several tabs, one writes, which
 * holds a lock; each keeps in its memory what its own client tells. A tab that takes over reads
 * what was written if that is further than itself, else writes what it knows.
 */
import { messageOf } from '../error.js';
import { patiently, rebuild } from '../rebuild.js';
import { StorageGuard } from '../storage/guard.js';
import { openIndexedDb } from '../storage/indexed-db.js';
import { memoryStorage } from '../storage/memory.js';
import type {
  ConversationPage,
  Conversation,
  Events,
  HistoryPage,
  HistoryQuery,
  Message,
  Storage,
} from '../types.js';
import { Contents, type CachedEvent } from './contents.js';
import { changesOf, restore } from './records.js';
import type { Cache, CachedClient, CacheOptions } from './types.js';

const CONVERSATIONS_MAX = 200;
const MESSAGES_MAX = 50;
const BYTES_MAX = 4 * 1024 * 1024;
/** Those whose messages are read in advance: as many as a screen or two show. */
const READ_AHEAD_MAX = 20;
/** While it is read, more may happen. What is missing then is read with the next connection. */
const ROUNDS_MAX = 3;

/**
 * Opens the cache of an account, and has it follow the client. To be called before `connect()`,
 * when the app's own handlers listen already.
 */
export async function openCache(client: CachedClient, options: CacheOptions): Promise<Cache> {
  const { warn = warnInConsole } = options;
  const name = `cache/${options.account}`;
  const storage = await openStorage(name, options, warn);
  const cache = new LocalCache(client, options, new StorageGuard({}, storage), warn);
  await cache.open(name);
  return cache;
}

async function openStorage(
  name: string,
  { storage }: CacheOptions,
  warn: (message: string) => void,
): Promise<Storage> {
  try {
    if (storage) return await storage(name);
    if (typeof indexedDB === 'object') return await openIndexedDb(name);
  } catch (error) {
    warn(`the cache is not kept over a reload: ${messageOf(error)}`);
  }
  return memoryStorage()(name);
}

class LocalCache implements Cache {
  readonly #client: CachedClient;
  readonly #options: CacheOptions;
  readonly #storage: StorageGuard;
  readonly #warn: (message: string) => void;
  readonly #listeners = new Set<(conv?: string) => void>();
  readonly #stops: (() => void)[] = [];
  readonly #closing = new AbortController();
  #contents: Contents;
  #isWriter = false;
  #isFailing = false;
  #writing: Promise<void> = Promise.resolve();
  #refreshing: Promise<void> | undefined;

  constructor(
    client: CachedClient,
    options: CacheOptions,
    storage: StorageGuard,
    warn: (message: string) => void,
  ) {
    this.#client = client;
    this.#options = options;
    this.#storage = storage;
    this.#warn = warn;
    this.#contents = this.#newContents();
  }

  async open(name: string): Promise<void> {
    this.#isWriter = await this.#lead(`seqline/${name}`);
    await this.#load();
    this.#follow();
  }

  conversations(): Conversation[] {
    return this.#contents.conversations();
  }

  messages(conv: string): Message[] {
    return this.#contents.messages(conv);
  }

  onChange(handler: (conv?: string) => void): () => void {
    this.#listeners.add(handler);
    return () => {
      this.#listeners.delete(handler);
    };
  }

  keepConversations(page: ConversationPage): void {
    this.#contents.keepConversations(page.conversations);
    void this.#write();
    this.#tell();
  }

  keepHistory(conv: string, page: HistoryPage, query: HistoryQuery = {}): void {
    this.#contents.keepHistory(conv, page, query, 0);
    void this.#write();
    this.#tell(conv);
  }

  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** What a refresh has read is not written before it is done. */
  flushed(): Promise<void> {
    return this.#write();
  }

  async clear(): Promise<void> {
    this.#stop();
    await this.#writing;
    this.#contents.clear();
    this.#tell();
    const records = await this.#storage.load();
    await this.#storage.write(records.map(([key]) => [key, null]));
    this.#storage.close();
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#stop();
    await this.#writing;
    this.#storage.close();
  }

  #stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#closing.abort();
    this.#listeners.clear();
  }

  #newContents(): Contents {
    const {
      conversationsMax = CONVERSATIONS_MAX,
      messagesMax = MESSAGES_MAX,
      bytesMax = BYTES_MAX,
    } = this.#options;
    return new Contents({ conversationsMax, messagesMax, bytesMax });
  }

  async #load(): Promise<void> {
    try {
      const kept = this.#newContents();
      const unreadable = restore(kept, await this.#storage.load());
      if (unreadable.length > 0) this.#warn('a part of the cache cannot be read; it is read anew');
      const { cursor, shelves } = this.#contents;
      if (kept.cursor > cursor || shelves.size === 0) this.#contents = kept;
      else for (const conv of this.#contents.shelves.keys()) this.#contents.changed.add(conv);
      if (this.#isWriter) await this.#storage.write(unreadable.map((key) => [key, null]));
    } catch (error) {
      this.#failed(error);
    }
  }

  #follow(): void {
    const { on } = this.#client;
    const listen: CachedClient['on'] = (name, handler) => {
      const stop = on.call(this.#client, name, handler as never);
      this.#stops.push(stop);
      return stop;
    };
    for (const name of FOLLOWED) {
      listen(name, (event) => this.#heard({ name, event } as CachedEvent));
    }
    listen('reset', (event) => this.#reset(event));
    listen('synced', ({ cursor }) => {
      this.#synced(cursor);
    });
    listen('state', ({ state }) => {
      if (state === 'connected') this.#connected();
    });
    if (this.#client.state.state === 'connected') this.#connected();
  }

  /** @returns a promise only if there is something to wait for */
  #heard(happened: CachedEvent): void | Promise<void> {
    this.#contents.user ??= this.#client.user;
    if (!this.#contents.apply(happened)) return;
    this.#tell(happened.event.conv);
    const isConnected = this.#client.state.state === 'connected';
    if (isConnected && this.#contents.needsList()) this.#refreshInBackground();
    return this.#write();
  }

  async #reset(event: Events['reset']): Promise<void> {
    this.#contents.reset(event);
    this.#tell(event.conv);
    // Before the relay is asked: who is cut off meanwhile knows that it has to.
    await this.#write();
    this.#refreshInBackground();
  }

  /** Not every entry of the timeline is told of, so the last one that was is not the last. */
  #synced(cursor: number): void {
    const contents = this.#contents;
    if (cursor < contents.cursor) {
      // These are other numbers: the relay's data went back, and this device heard of no reset.
      contents.clear();
      this.#tell();
      this.#refreshInBackground();
    }
    if (cursor === contents.cursor) return;
    contents.cursor = cursor;
    void this.#write();
  }

  #connected(): void {
    const contents = this.#contents;
    contents.user = this.#client.user;
    // The client was told of something that is not here: this cache is younger, or it failed.
    if (this.#client.stats().cursor > contents.cursor) contents.isStale = true;
    if (contents.needsList()) this.#refreshInBackground();
  }

  #refreshInBackground(): void {
    this.refresh().catch((error: unknown) => {
      if (!this.#closing.signal.aborted)
        this.#warn(`the cache is not up to date: ${messageOf(error)}`);
    });
  }

  async #refresh(): Promise<void> {
    for (let round = 1; round <= ROUNDS_MAX; round += 1) {
      const { resets } = this.#contents;
      await this.#readAll();
      // What was read before a reset is not what holds after it.
      this.#contents.isStale &&= resets !== this.#contents.resets;
      if (!this.#contents.needsList()) break;
    }
    await this.#write();
  }

  async #readAll(): Promise<void> {
    const { signal } = this.#closing;
    const ask = <T>(question: () => Promise<T>) => patiently(this.#client, signal, question);
    const { conversationsMax = CONVERSATIONS_MAX, messagesMax = MESSAGES_MAX } = this.#options;
    const unlisted = new Set(this.#contents.shelves.keys());
    const listed: string[] = [];
    for await (const { conversation } of rebuild(this.#client, {
      conversationsMax,
      messagesPer: 0,
      signal,
    })) {
      this.#contents.keepConversations([conversation]);
      listed.push(conversation.conv);
      unlisted.delete(conversation.conv);
    }
    if (listed.length < conversationsMax) this.#contents.drop(unlisted);
    this.#tell();

    const stale = this.#contents.isStale ? listed : listed.filter((conv) => this.#lacks(conv));
    for (const [at, conv] of stale.entries()) {
      const head = this.#contents.shelves.get(conv)?.row.head ?? 0;
      if (head === 0) continue;
      if (at >= READ_AHEAD_MAX) {
        this.#contents.forget(conv);
        continue;
      }
      const history = await ask(() => this.#client.history(conv, { limit: messagesMax }));
      signal.throwIfAborted();
      if (this.#contents.isStale) this.#contents.forget(conv);
      this.#contents.keepHistory(conv, history, {}, head);
      this.#tell(conv);
    }
  }

  /** Whether the newest messages are missing. */
  #lacks(conv: string): boolean {
    const shelf = this.#contents.shelves.get(conv);
    return shelf !== undefined && shelf.stretch.to < shelf.row.head;
  }

  /** Never rejects: the app's events come before what is shown of them the next time. */
  #write(): Promise<void> {
    if (!this.#isWriter) return Promise.resolve();
    this.#writing = this.#storage.write(changesOf(this.#contents)).then(
      () => {
        this.#isFailing = false;
      },
      (error: unknown) => {
        this.#failed(error);
      },
    );
    return this.#writing;
  }

  #failed(error: unknown): void {
    if (!this.#isFailing) this.#warn(`the cache is not kept: ${messageOf(error)}`);
    this.#isFailing = true;
  }

  /** Whether this tab writes now; else it does as soon as the one that does is gone. */
  async #lead(lock: string): Promise<boolean> {
    const { locks }: Partial<Navigator> = typeof navigator === 'object' ? navigator : {};
    if (!locks) return true;
    const { signal } = this.#closing;
    const closed = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        // What is under way is still to be kept.
        void this.#writing.then(resolve);
      });
    });
    const isFree = await new Promise<boolean>((resolve) => {
      locks
        .request(lock, { ifAvailable: true }, (granted) => {
          resolve(granted !== null);
          return granted ? closed : undefined;
        })
        .catch(() => {
          resolve(false);
        });
    });
    if (!isFree) {
      const takeOver = async () => {
        await this.#load();
        this.#isWriter = true;
        void this.#write();
        this.#tell();
        return closed;
      };
      locks.request(lock, { signal }, takeOver).catch(() => undefined);
    }
    return isFree;
  }

  #tell(conv?: string): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(conv);
      } catch (error) {
        this.#warn(`a handler of \`onChange\` failed: ${messageOf(error)}`);
      }
    }
  }
}

const FOLLOWED = ['message', 'edit', 'recall', 'delete', 'read', 'receipt', 'group'] as const;

export function warnInConsole(message: string): void {
  console.warn(`seqline: ${message}`);
}

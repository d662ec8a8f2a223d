/** From options to a running engine: loads the compiled client, finds the account, opens storage. */
import { isBroadcastKey } from '../broadcasts/held.js';
import { messageOf, SeqlineError } from '../error.js';
import { openGuarded, type StorageGuard } from '../storage/guard.js';
import { memoryStorage } from '../storage/memory.js';
import type { ClientOptions, Host } from '../types.js';
import { canRequest } from '../transport/carriers.js';
import { running } from '../wasm.js';
import { AccountSearch, type AccountListener } from './account.js';
import { Engine, type EngineListener, type Settings } from './engine.js';
import { tokensOf, type Tokens } from './tokens.js';

export interface OpeningListener extends EngineListener, AccountListener {
  /** `stored` is all that the storage holds. */
  opened(engine: Engine, stored: [string, Uint8Array][]): void;
}

export interface OpeningParts {
  /** Asked when a connection is there and before anything is said on it. Default: yes. */
  maySpeak?: () => Promise<boolean>;
  host: Host;
  /** Loads the compiled client. */
  load(): Promise<void>;
  /** Of the relay's WebSocket endpoint. */
  url: string;
  options: ClientOptions;
  /** Hears of each frame. */
  tap: (way: 'in' | 'out', frame: string | Uint8Array) => void;
}

export class Opening {
  readonly #parts: OpeningParts;
  readonly #listener: OpeningListener;
  readonly #tokens: Tokens;
  readonly #account: AccountSearch;
  #underWay: Promise<void> | undefined;

  constructor(parts: OpeningParts, listener: OpeningListener) {
    this.#parts = parts;
    this.#listener = listener;
    this.#tokens = tokensOf(parts.host, parts.options);
    this.#account = new AccountSearch(parts.host, this.#tokens, listener);
  }

  /** Opens, unless it is doing so already. Resolves when done or paused. */
  open(): Promise<void> {
    this.#underWay ??= this.#run().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  /** Asks for no further token until `open` is called again. */
  pause(): void {
    this.#account.pause();
  }

  /** Pauses, and resolves when nothing is under way. */
  async close(): Promise<void> {
    this.pause();
    await this.#underWay?.catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { host, url, options, maySpeak } = this.#parts;
    await this.#parts.load();
    if (running.warning !== undefined) {
      this.#listener.warned({
        code: 'wasm_unavailable',
        message: running.warning,
        retryable: false,
      });
    }
    const account = options.account ?? (await this.#account.find());
    if (account === undefined) return;
    const parts = {
      host,
      url,
      transport: transportOf(options, host),
      settings: settingsOf(options),
      tokens: this.#tokens,
      maySpeak,
      listener: this.#listener,
      tap: this.#parts.tap,
    };
    let storage = await this.#openStorage(account);
    let stored;
    try {
      stored = await storage.load();
    } catch (error) {
      this.#warnOfStorage(messageOf(error));
      storage.close();
      storage = await this.#openMemory(account);
      stored = await storage.load();
    }
    const ofSession = stored.filter(([key]) => !isBroadcastKey(key));
    this.#listener.opened(new Engine({ ...parts, storage }, ofSession), stored);
  }

  async #openStorage(account: string): Promise<StorageGuard> {
    const { host, options } = this.#parts;
    const warn = (message: string) => {
      this.#warnOfStorage(message);
    };
    try {
      return await openGuarded(host, () =>
        options.storage ? options.storage(account) : host.openStorage(account, warn),
      );
    } catch (error) {
      this.#warnOfStorage(messageOf(error));
      return this.#openMemory(account);
    }
  }

  #openMemory(account: string): Promise<StorageGuard> {
    return openGuarded(this.#parts.host, () => memoryStorage()(account));
  }

  #warnOfStorage(message: string): void {
    this.#listener.warned({
      code: 'storage_failed',
      message: `cursor and outbox are not kept as they should be: ${message}`,
      retryable: false,
    });
  }
}

/** @throws {SeqlineError} `field_invalid` for one that there is not, or not here */
function transportOf({ transport }: ClientOptions, host: Host): ClientOptions['transport'] {
  const isThere = [undefined, 'auto', 'socket', canRequest(host) && 'polling'].includes(transport);
  if (isThere) return transport;
  throw new SeqlineError({
    code: 'field_invalid',
    message: `transport is ${transport}; give auto, socket, or polling where there is HTTP`,
    retryable: false,
  });
}

/** @throws {SeqlineError} `field_invalid` for what is not a number of milliseconds */
function settingsOf(options: ClientOptions): Settings {
  const { connectTimeoutMs, backoffBaseMs, backoffMaxMs, sendDeadlineMs, requestTimeoutMs } =
    options;
  const settings: Settings = {
    start: options.start ?? 'oldest',
  };
  if (options.appVersion !== undefined) settings.app_version = options.appVersion;
  if (options.platform !== undefined) settings.platform = options.platform;
  const times = {
    connect_timeout_ms: connectTimeoutMs,
    backoff_base_ms: backoffBaseMs,
    backoff_max_ms: backoffMaxMs,
    send_deadline_ms: sendDeadlineMs,
    request_timeout_ms: requestTimeoutMs,
  };
  for (const [name, value] of Object.entries(times)) {
    if (value === undefined) continue;
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new SeqlineError({
        code: 'field_invalid',
        message: `${name} is ${value}; give whole milliseconds`,
        retryable: false,
      });
    }
    settings[name as keyof typeof times] = value;
  }
  return settings;
}

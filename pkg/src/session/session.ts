/** What a client's methods work on: one user's session on this device. */
import type { Broadcast, EventName, Events, Stats } from '../types.js';
import type { wasm } from '../wasm.js';

/** Nothing is opened before the first of these calls. */
export interface Session {
  /** Connects, or makes the next attempt now. Told of by `state` and `error` events. */
  connect(): void;
  disconnect(): void;
  /** Asks the compiled client for something. Calls take effect in their order. */
  call(request: wasm.Request): Promise<unknown>;
  /** Those that are held and valid now, newest first. */
  broadcasts(): Promise<Broadcast[]>;
  /** @throws {SeqlineError} `broadcast_unknown` */
  opened(id: number): Promise<void>;
  /** None before it is open. */
  stats(): Stats | undefined;
  /** There is a handler more, or one less: what waited for one goes on. */
  listening(): void;
  /** Frees everything once storage is up to date. */
  dispose(): Promise<void>;
}

/** Who hears of what happens: the app's handlers, or something before them. */
export interface Audience {
  /**
   * It keeps the order by itself, and deals with handlers that fail: `handOver` may be called again
   * before the last one is settled, and never fails.
   */
  isQueue?: boolean;
  has(name: EventName): boolean;
  /** Tells of something that nothing waits for. */
  emit<E extends EventName>(name: E, event: Events[E]): void;
  /**
   * Hands over something that the cursor waits behind.
   * @returns a promise only if there is something to wait for
   * @throws what a handler throws
   */
  handOver<E extends EventName>(name: E, event: Events[E]): void | Promise<void>;
}

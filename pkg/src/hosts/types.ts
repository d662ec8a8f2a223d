/** What a client needs of where it runs, for those who bring their own. */

/**
 * What a client needs of where it runs. Every method may be called at any time. Callbacks must
 * not be called from within these methods, `watch` excepted.
 */
export interface Host {
  /** Told to the relay, for example `browser` or `node`. */
  readonly name: string;
  /** Opens a socket. Its callbacks come in order, `closed` last and once. */
  openSocket(url: string, events: SocketEvents): Socket;
  /**
   * Opens what keeps cursor and outbox of an account. `warn` tells the app, by an `error`
   * event `storage_failed`, that what was opened is not the best there is.
   */
  openStorage(account: string, warn: (message: string) => void): Promise<Storage>;
  /** Tells how network and visibility are, then of changes. @returns a function that stops it. */
  watch(events: LifecycleEvents): () => void;
  /**
   * Posts a body and gets the answer's, for networks that let no socket through. Calls back once,
   * with nothing if no answer came, and not after it was called off.
   * Default: `fetch`; without that either, there are sockets alone.
   * @returns a function that calls it off
   */
  request?(request: HttpRequest, done: (answer?: HttpAnswer) => void): () => void;
  /** 32 random bytes. */
  random(): Uint8Array;
  /** Milliseconds of a clock that never goes back. */
  monotonicMs(): number;
  /**
   * Calls back once, after so many milliseconds, at most 2^31 − 1. Late is no harm.
   * Default: `setTimeout`.
   * @returns a function that calls it off.
   */
  after?(delayMs: number, callback: () => void): () => void;
}

/** What a socket tells. */
export interface SocketEvents {
  /** It is open: frames can be sent. */
  opened(): void;
  /** A frame came: text, or bytes that nobody else changes. */
  received(frame: string | Uint8Array): void;
  /** It is closed, or could not be opened, by either side; with the code, if one came. */
  closed(code?: number): void;
}

/** A WebSocket, or what takes its place. */
export interface Socket {
  /** Sends one frame; does nothing once closed. */
  send(frame: string | Uint8Array): void;
  /** Closes it. `closed` follows. */
  close(code: number, reason: string): void;
}

/** A POST. */
export interface HttpRequest {
  url: string;
  headers: Record<string, string>;
  body: Uint8Array;
}

/** What a server answered over HTTP. */
export interface HttpAnswer {
  status: number;
  body: Uint8Array;
}

/** Kinds of networks: what the heartbeat learns of one says nothing of another. */
export type NetworkKind = 'unknown' | 'wifi' | 'cellular' | 'ethernet';

/** What a host tells of network and visibility. */
export interface LifecycleEvents {
  /** The network went or came back. */
  online(online: boolean): void;
  /** The kind of network in use: at the start, if it is known, and when it changes. */
  network(kind: NetworkKind): void;
  /** The app went to the background or came back. */
  background(background: boolean): void;
  /** The device may have slept, or the network changed. */
  probe(): void;
}

/** New values of records; `null` removes one. */
export type Changes = [key: string, value: Uint8Array | null][];

/** Keeps a few small records. */
export interface Storage {
  /** All records. */
  load(): Promise<[key: string, value: Uint8Array][]>;
  /** Applies all changes or none, after all earlier ones. Resolves when durable. */
  write(changes: Changes): Promise<void>;
  /** Called once, when no write is under way. */
  close(): void;
}

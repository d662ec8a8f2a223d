/**
 * Drives one session of the compiled client: does what it asks for, tells it what happened.
 * Knows no rule of the protocol; those are in Rust.
 */
import { Alarm } from '../alarm.js';
import { decode, encode } from '../cbor.js';
import { messageOf, SeqlineError } from '../error.js';
import type { RawDelivery, RawEvent } from '../raw.js';
import type { Tokens } from './tokens.js';
import type {
  Changes,
  ClientOptions,
  Failure,
  Host,
  Socket,
  Storage,
  TokenReason,
  Transport,
} from '../types.js';
import { Carriers } from '../transport/carriers.js';
import { wasm } from '../wasm.js';

export type Settings = Omit<wasm.Settings, 'host'>;

/** What the engine is made of. */
export interface EngineParts {
  host: Host;
  /** Of the relay's WebSocket endpoint. */
  url: string;
  transport: ClientOptions['transport'];
  settings: Settings;
  tokens: Tokens;
  storage: Storage;
  /** Asked when a connection is there and before anything is said on it. Default: yes. */
  maySpeak?: (() => Promise<boolean>) | undefined;
  listener: EngineListener;
  /** Hears of each frame. */
  tap: (way: 'in' | 'out', frame: string | Uint8Array) => void;
}

/** Who hears of what the session says. */
export interface EngineListener {
  event(event: RawEvent): void;
  deliver(delivery: number, events: RawDelivery[]): void;
  crashed(failure: Failure): void;
}

interface PendingCall {
  request: wasm.Request;
  resolve(value: unknown): void;
  reject(error: SeqlineError): void;
}

export class Engine implements wasm.App {
  readonly #parts: EngineParts;
  readonly #session: wasm.Client;
  readonly #alarm: Alarm;
  readonly #carriers: Carriers;
  readonly #sockets = new Map<number, Socket>();
  readonly #calls = new Map<number, PendingCall>();
  readonly #writes = new Set<Promise<void>>();
  #lastCall = 0;
  #stopWatching: (() => void) | undefined;
  #end: SeqlineError | undefined;

  /** `stored` is what the storage holds of the session. */
  constructor(parts: EngineParts, stored: [string, Uint8Array][]) {
    const { host, settings } = parts;
    this.#parts = parts;
    this.#carriers = new Carriers({
      ...parts,
      // What is sent is sent again by itself; other requests fail with their connection.
      isBusy: () => [...this.#calls.values()].some(({ request }) => !('send' in request)),
    });
    this.#alarm = new Alarm(host, () => {
      this.#enter((session) => {
        session.timeout();
      });
    });
    this.#session = new wasm.Client(
      this,
      encode({ ...settings, host: host.name }),
      host.random(),
      stored,
    );
  }

  /** To be called once, when the listener is ready. */
  start(): void {
    this.#enter((session) => {
      session.start();
    });
    this.#stopWatching = this.#parts.host.watch({
      online: (online) => {
        if (online) this.#carriers.hint();
        this.#enter((session) => {
          session.online(online);
        });
      },
      network: (kind) => {
        this.#enter((session) => {
          session.network(kind);
        });
      },
      background: (background) => {
        if (!background) this.#carriers.hint();
        this.#enter((session) => {
          session.background(background);
        });
      },
      probe: () => {
        this.#carriers.hint();
        this.#enter((session) => {
          session.probe();
        });
      },
    });
  }

  connect(): void {
    this.#enter((session) => {
      session.connect();
    });
  }

  disconnect(): void {
    this.#enter((session) => {
      session.disconnect();
    });
  }

  taken(delivery: number): void {
    this.#enter((session) => {
      session.taken(delivery);
    });
  }

  refused(delivery: number, count: number): void {
    this.#enter((session) => {
      session.refused(delivery, count);
    });
  }

  /** Undefined after the end. */
  stats(): unknown {
    const { transport } = this;
    return this.#enter((session) => ({ ...(decode(session.stats()) as object), transport }));
  }

  /** What carries the newest connection. */
  get transport(): Transport {
    return this.#carriers.current;
  }

  /** Asks the session for something. */
  call(request: wasm.Request): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#end) {
        reject(this.#end);
        return;
      }
      this.#lastCall += 1;
      const call = this.#lastCall;
      this.#calls.set(call, { request, resolve, reject });
      try {
        this.#enter((session) => {
          session.call(call, encode(request));
        });
      } catch (refusal) {
        this.#calls.delete(call);
        reject(refusal instanceof SeqlineError ? refusal : failureOf(refusal));
      }
    });
  }

  /** Ends it: when all is written, nothing of it is left. */
  async close(): Promise<void> {
    this.disconnect();
    // A write may be followed by another one. At least one turn passes, too: the session
    // may be what has called us.
    do await Promise.allSettled(this.#writes);
    while (this.#writes.size > 0);
    // What could not be written before goes along.
    await this.#write([]).catch(() => undefined);
    this.#stopWatching?.();
    this.#carriers.stop();
    if (!this.#end) {
      this.#finish({ code: 'disconnected', message: 'the client is disposed', retryable: false });
      this.#session.free();
    }
    this.#parts.storage.close();
  }

  /** Writes records that are not the session's. Closing waits for it. */
  write(changes: Changes): Promise<void> {
    const written = this.#write(changes);
    this.#follow(written.catch(() => undefined));
    return written;
  }

  // What the session calls.

  monotonicMs(): number {
    return this.#parts.host.monotonicMs();
  }

  fetchToken(reason: TokenReason): void {
    this.#parts.tokens.take(reason).then(
      (token) => {
        this.#enter((session) => {
          session.token(token);
        });
      },
      (error: unknown) => {
        this.#enter((session) => {
          session.tokenFailed(messageOf(error));
        });
      },
    );
  }

  persist(write: number, changes: Changes): void {
    this.#follow(
      this.#write(changes).then(
        () => {
          this.#enter((session) => {
            session.persisted(write);
          });
        },
        (error: unknown) => {
          this.#enter((session) => {
            session.persistFailed(write, messageOf(error));
          });
        },
      ),
    );
  }

  deliver(delivery: number, events: Uint8Array): void {
    this.#parts.listener.deliver(delivery, decode(events) as RawDelivery[]);
  }

  emit(event: Uint8Array): void {
    this.#parts.listener.event(decode(event) as RawEvent);
  }

  answer(call: number, ok: boolean, value: Uint8Array): void {
    const pending = this.#calls.get(call);
    this.#calls.delete(call);
    if (ok) pending?.resolve(decode(value));
    else pending?.reject(failureOf(value));
  }

  wakeAt(atMs?: number): void {
    this.#alarm.set(atMs);
  }

  openSocket(conn: number): void {
    const socket = this.#carriers.open({
      opened: () => void this.#opened(conn),
      received: (frame) => {
        this.#parts.tap('in', frame);
        this.#enter((session) => {
          if (typeof frame === 'string') session.receivedText(conn, frame);
          else session.receivedBinary(conn, frame);
        });
      },
      closed: (code) => {
        this.#sockets.delete(conn);
        this.#enter((session) => {
          session.closed(conn, code);
        });
      },
    });
    this.#sockets.set(conn, socket);
  }

  async #opened(conn: number): Promise<void> {
    const { maySpeak } = this.#parts;
    if (maySpeak && !(await maySpeak())) {
      this.closeSocket(conn, 1000, '');
      return;
    }
    // It may have closed meanwhile.
    if (!this.#sockets.has(conn)) return;
    this.#enter((session) => {
      session.opened(conn);
    });
  }

  writeSocket(conn: number, frame: string | Uint8Array): void {
    this.#parts.tap('out', frame);
    this.#sockets.get(conn)?.send(frame);
  }

  closeSocket(conn: number, code: number, reason: string): void {
    this.#sockets.get(conn)?.close(code, reason);
    this.#sockets.delete(conn);
  }

  /** Called in the middle of a panic: the session must not be touched any more. */
  crashed(message: string): void {
    if (this.#end) return;
    const failure = {
      code: 'client_crashed',
      message: `seqline has hit a fault of its own and stopped (${message}). Make a new client`,
      retryable: false,
    };
    this.#finish(failure);
    // Not `queueMicrotask`, which some mini-programs do not have.
    void Promise.resolve().then(() => {
      this.#stopWatching?.();
      this.#carriers.stop();
      for (const conn of [...this.#sockets.keys()]) this.closeSocket(conn, 1000, '');
      this.#parts.listener.crashed(failure);
    });
  }

  #follow(written: Promise<void>): void {
    this.#writes.add(written);
    void written.finally(() => this.#writes.delete(written));
  }

  async #write(changes: Changes): Promise<void> {
    await this.#parts.storage.write(changes);
  }

  #finish(failure: Failure): void {
    const error = new SeqlineError(failure);
    this.#end = error;
    this.#alarm.set(undefined);
    for (const call of this.#calls.values()) call.reject(error);
    this.#calls.clear();
  }

  /** Calls the session, unless it has ended. A trap inside ends it. */
  #enter<T>(call: (session: wasm.Client) => T): T | undefined {
    if (this.#end) return undefined;
    try {
      return call(this.#session);
    } catch (error) {
      // Everything else is a trap, by whatever name: not every host has `WebAssembly`.
      if (error instanceof Uint8Array || error instanceof SeqlineError) throw error;
      this.crashed(messageOf(error));
      return undefined;
    }
  }
}

/** What the session throws and answers. */
function failureOf(thrown: unknown): SeqlineError {
  if (!(thrown instanceof Uint8Array)) throw thrown;
  return new SeqlineError(decode(thrown) as Failure);
}

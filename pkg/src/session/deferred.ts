/** A session whose code is loaded when it is first used; the calls until then are made then. */
import { disposed, SeqlineError, messageOf } from '../error.js';
import type { Broadcast, Stats } from '../types.js';
import type { wasm } from '../wasm.js';
import type { Audience, Session } from './session.js';

export class DeferredSession implements Session {
  readonly #audience: Audience;
  readonly #open: () => Promise<Session>;
  #opening: Promise<Session> | undefined;
  #session: Session | undefined;
  /** Calls that wait for it. */
  #waiting = 0;
  #disposing: Promise<void> | undefined;

  constructor(audience: Audience, open: () => Promise<Session>) {
    this.#audience = audience;
    this.#open = open;
  }

  connect(): void {
    if (!this.#session) {
      const attempt = { attempt: 0, retryInMs: 0, offline: false };
      this.#audience.emit('state', { state: 'connecting', ...attempt });
    }
    this.#with((session) => {
      session.connect();
    }).catch((error: unknown) => {
      const failure = error as SeqlineError;
      this.#audience.emit('error', failure);
      this.#audience.emit('state', { state: 'disconnected', reason: 'refused', failure });
    });
  }

  disconnect(): void {
    if (!this.#opening) return;
    this.#with((session) => {
      session.disconnect();
    }).catch(() => undefined);
  }

  call(request: wasm.Request): Promise<unknown> {
    return this.#with((session) => session.call(request));
  }

  broadcasts(): Promise<Broadcast[]> {
    return this.#with((session) => session.broadcasts());
  }

  opened(id: number): Promise<void> {
    return this.#with((session) => session.opened(id));
  }

  stats(): Stats | undefined {
    return this.#session?.stats();
  }

  listening(): void {
    this.#session?.listening();
  }

  dispose(): Promise<void> {
    const opening = this.#opening?.then(
      (session) => session.dispose(),
      () => undefined,
    );
    this.#disposing ??= opening ?? Promise.resolve();
    return this.#disposing;
  }

  /** Now, or when it is loaded, in the order of the calls. */
  async #with<T>(use: (session: Session) => T | Promise<T>): Promise<T> {
    if (this.#session && this.#waiting === 0) return use(this.#session);
    if (this.#disposing) throw disposed();
    this.#opening ??= this.#load();
    this.#waiting += 1;
    const session = await this.#opening;
    this.#waiting -= 1;
    return use(session);
  }

  async #load(): Promise<Session> {
    try {
      this.#session = await this.#open();
      return this.#session;
    } catch (error) {
      this.#opening = undefined;
      this.#waiting = 0;
      throw new SeqlineError({
        code: 'module_unavailable',
        message: `a part of seqline could not be loaded: ${messageOf(error)}`,
        retryable: true,
        cause: error,
      });
    }
  }
}

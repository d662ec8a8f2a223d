/** A session that runs here: opens the compiled client when it is first needed, and drives it. */
import { Mailbox } from '../broadcasts/mailbox.js';
import { Delivery } from './delivery.js';
import type { Engine } from './engine.js';
import { disposed, type SeqlineError } from '../error.js';
import type { CallMethod } from '../methods.js';
import { toApp } from '../names.js';
import type { RawEvent } from '../raw.js';
import type { Broadcast, ConnectionState, Events, Failure, Stats } from '../types.js';
import { running, type wasm } from '../wasm.js';
import { Opening, type OpeningParts } from './opening.js';
import type { Audience, Session } from './session.js';

export interface LocalSessionParts extends OpeningParts {
  audience: Audience;
  /** Calls a method of the relay. */
  callMethod: CallMethod;
}

interface Waiting {
  use(engine: Engine): void;
  fail(error: SeqlineError): void;
}

/** A session whose code is there already. */
export const makeSession = (parts: LocalSessionParts): Session => new LocalSession(parts);

export class LocalSession implements Session {
  readonly #audience: Audience;
  readonly #opening: Opening;
  readonly #delivery: Delivery;
  readonly #mailbox: Mailbox;
  /** What waits for the engine, in order. */
  readonly #waiting: Waiting[] = [];
  #engine: Engine | undefined;
  #isConnected = false;
  /** `connect` was called, and the engine is not there yet. */
  #isConnecting = false;
  #disposing: Promise<void> | undefined;

  constructor(parts: LocalSessionParts) {
    const { audience, host } = parts;
    this.#audience = audience;
    this.#mailbox = new Mailbox({
      host,
      audience,
      call: parts.callMethod,
      write: (changes) => this.#engine?.write(changes) ?? Promise.resolve(),
      isConnected: () => this.#isConnected,
    });
    this.#delivery = new Delivery(
      audience,
      this.#mailbox,
      {
        taken: (id) => this.#engine?.taken(id),
        refused: (id, count) => this.#engine?.refused(id, count),
      },
      host,
    );
    this.#opening = new Opening(parts, {
      opened: (engine, stored) => {
        this.#mailbox.restore(stored);
        this.#opened(engine);
      },
      event: (event) => {
        this.#heard(event);
      },
      deliver: (id, events) => {
        this.#delivery.add(id, events);
      },
      crashed: (failure) => {
        audience.emit('error', failure);
        this.#setState({ state: 'disconnected', reason: 'crashed', failure });
      },
      warned: (failure) => {
        audience.emit('error', failure);
      },
      retrying: (attempt, retryInMs) => {
        if (!this.#isConnecting) return;
        this.#setState({ state: 'connecting', attempt, retryInMs, offline: false });
      },
    });
  }

  connect(): void {
    if (this.#engine) {
      this.#engine.connect();
      return;
    }
    if (this.#isConnecting) return;
    this.#isConnecting = true;
    this.#setState({ state: 'connecting', attempt: 0, retryInMs: 0, offline: false });
    this.#withEngine({
      use: (engine) => {
        if (this.#isConnecting) engine.connect();
      },
      fail: (failure) => {
        if (!this.#isConnecting) return;
        this.#audience.emit('error', failure);
        this.#setState({ state: 'disconnected', reason: 'refused', failure });
      },
    });
  }

  disconnect(): void {
    this.#opening.pause();
    if (this.#engine) this.#engine.disconnect();
    else if (this.#isConnecting) this.#setState({ state: 'disconnected', reason: 'requested' });
  }

  call(request: wasm.Request): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#withEngine({
        use: (engine) => {
          engine.call(request).then((value) => {
            this.#tellDiscarded(request);
            resolve(value);
          }, reject);
        },
        fail: reject,
      });
    });
  }

  async broadcasts(): Promise<Broadcast[]> {
    await this.#whenOpen();
    return this.#mailbox.list();
  }

  async opened(id: number): Promise<void> {
    await this.#whenOpen();
    await this.#mailbox.opened(id);
  }

  stats(): Stats | undefined {
    const raw = this.#engine?.stats();
    if (!raw) return undefined;
    return { ...(toApp(raw) as Stats), engine: running.engine, role: 'alone', tabs: 1 };
  }

  listening(): void {
    this.#delivery.wake();
  }

  dispose(): Promise<void> {
    this.#disposing ??= this.#dispose();
    return this.#disposing;
  }

  /** When storage is open. */
  #whenOpen(): Promise<unknown> {
    return new Promise((use, fail) => {
      this.#withEngine({ use, fail });
    });
  }

  /** Now, or when the engine is there, in the order of the calls. */
  #withEngine(waiting: Waiting): void {
    if (this.#disposing) {
      waiting.fail(disposed());
    } else if (this.#engine) {
      waiting.use(this.#engine);
    } else {
      this.#waiting.push(waiting);
      this.#opening.open().catch((error: unknown) => {
        this.#failWaiting(error as SeqlineError);
      });
    }
  }

  #failWaiting(error: SeqlineError): void {
    for (const waiting of this.#waiting.splice(0)) waiting.fail(error);
  }

  #opened(engine: Engine): void {
    if (this.#disposing) {
      void engine.close();
      return;
    }
    // Starting tells of restored messages, whose handlers may send: those queue behind.
    engine.start();
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) next.use(engine);
    this.#engine = engine;
    this.#isConnecting = false;
  }

  async #dispose(): Promise<void> {
    this.disconnect();
    this.#mailbox.stop();
    this.#failWaiting(disposed());
    await this.#delivery.stop();
    await this.#opening.close();
    await this.#engine?.close();
    this.#engine = undefined;
  }

  #heard(raw: RawEvent): void {
    const { type, ...content } = raw;
    switch (type) {
      case 'state':
        this.#setState(this.#withTransport(toApp(content) as ConnectionState));
        break;
      case 'event':
        this.#asked(content as { name: string; value: string });
        break;
      case 'error':
        this.#audience.emit('error', toApp(content) as Failure);
        break;
      default:
        this.#audience.emit(type, toApp(content) as never);
    }
  }

  /** Whoever shows the message has to know, and that need not be who discarded it. */
  #tellDiscarded(request: wasm.Request): void {
    if (!('discard' in request)) return;
    this.#audience.emit('discard', { clientMsgId: request.discard.client_msg_id });
  }

  /** Something that this session asked to be told of. */
  #asked({ name, value }: { name: string; value: string }): void {
    const event: unknown = toApp(JSON.parse(value));
    if (name === 'presence') this.#audience.emit('presence', event as Events['presence']);
    if (name === 'room') this.#audience.emit('room', event as Events['room']);
  }

  #withTransport(state: ConnectionState): ConnectionState {
    if (state.state !== 'connected' || !this.#engine) return state;
    return { ...state, transport: this.#engine.transport };
  }

  #setState(state: ConnectionState): void {
    const wasConnected = this.#isConnected;
    this.#isConnected = state.state === 'connected';
    if (state.state === 'disconnected') this.#isConnecting = false;
    if (this.#isConnected && !wasConnected) this.#mailbox.connected();
    this.#audience.emit('state', state);
  }
}

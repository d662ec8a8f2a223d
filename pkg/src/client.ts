import { Mailbox } from './broadcasts/mailbox.js';
import { clearConversation, deviceCalls, groupCalls, isRepeatable, messageCalls } from './calls.js';
import * as convert from './convert.js';
import { Delivery } from './delivery.js';
import { messageId, rawBody, rawDraft, rawTarget } from './drafts.js';
import { Emitter } from './emitter.js';
import type { Engine } from './engine.js';
import { SeqlineError } from './error.js';
import type { Environment } from './hosts/environment.js';
import { Live } from './live.js';
import type { MethodName, MethodParams, MethodValue } from './methods.js';
import { toApp, toRelay } from './names.js';
import { Opening } from './opening.js';
import type { RawConversation, RawEvent } from './raw.js';
import type {
  Body,
  Broadcast,
  Client,
  ClientOptions,
  ConnectionState,
  Conversations,
  ConversationsQuery,
  DraftMessage,
  EventName,
  Events,
  Failure,
  Handler,
  HistoryPage,
  HistoryQuery,
  SendResult,
  Sent,
  Stats,
  Target,
} from './types.js';
import { socketUrl } from './url.js';
import type { wasm } from './wasm.js';

/** Where a client runs, and how its compiled part is loaded there. */
export interface Platform {
  environment: Environment;
  load(): Promise<void>;
}

/**
 * Makes a client. Nothing is loaded or connected yet.
 * @throws {SeqlineError} `url_invalid`
 */
export function makeClient(platform: Platform, url: string | URL, options: ClientOptions): Client {
  return new SeqlineClient(platform, socketUrl(url), options);
}

interface Waiting {
  use(engine: Engine): void;
  fail(error: SeqlineError): void;
}

interface Connecting {
  promise: Promise<void>;
  resolve(): void;
  reject(error: SeqlineError): void;
}

class SeqlineClient implements Client {
  readonly call = async <M extends MethodName>(
    method: M,
    params: MethodParams<M>,
  ): Promise<MethodValue<M>> => {
    const json = JSON.stringify(toRelay(params));
    const call = { method, params: json, repeatable: isRepeatable(method) };
    return toApp(JSON.parse((await this.#call({ call })) as string)) as MethodValue<M>;
  };
  readonly groups = groupCalls(this.call);
  readonly messages = messageCalls(this.call);
  readonly devices = deviceCalls(this.call);
  readonly conversations: Conversations = Object.assign(
    async (query: ConversationsQuery = {}) => {
      const raw = (await this.#call({ conversations: { ...query } })) as {
        conversations: RawConversation[];
        next?: string;
      };
      return {
        conversations: raw.conversations.map((row) => convert.conversation(row, this.#user)),
        ...(raw.next === undefined ? {} : { next: raw.next }),
      };
    },
    { clear: clearConversation(this.call) },
  );
  readonly #live: Live;
  readonly #emitter = new Emitter();
  readonly #environment: Environment;
  readonly #opening: Opening;
  readonly #delivery: Delivery;
  readonly #mailbox: Mailbox;
  /** What waits for the engine, in order. */
  readonly #waiting: Waiting[] = [];
  #engine: Engine | undefined;
  #state: ConnectionState = { state: 'disconnected', reason: 'initial' };
  #user: string | undefined;
  #connecting: Connecting | undefined;
  #lastError: Failure | undefined;
  #disposing: Promise<void> | undefined;

  constructor(platform: Platform, url: string, options: ClientOptions) {
    this.#live = new Live({
      call: this.call,
      isConnected: () => this.#state.state === 'connected',
      room: (event) => {
        this.#emitter.emit('room', event);
      },
      failed: (failure) => {
        this.#failed(failure);
      },
    });
    this.#environment = options.host ?? platform.environment;
    this.#mailbox = new Mailbox({
      emitter: this.#emitter,
      call: this.call,
      write: (changes) => this.#engine?.write(changes) ?? Promise.resolve(),
      isConnected: () => this.#state.state === 'connected',
      failed: (failure) => {
        this.#failed(failure);
      },
    });
    this.#delivery = new Delivery(
      this.#emitter,
      this.#mailbox,
      {
        taken: (id) => this.#engine?.taken(id),
        refused: (id, count) => this.#engine?.refused(id, count),
      },
      () => this.#environment.monotonicMs(),
    );
    this.#opening = new Opening(platform, this.#environment, url, options, {
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
        this.#failed(failure);
        this.#setState({ state: 'disconnected', reason: 'crashed', failure });
      },
      warned: (failure) => {
        this.#failed(failure);
      },
      retrying: (attempt, retryInMs) => {
        if (!this.#connecting) return;
        this.#setState({ state: 'connecting', attempt, retryInMs, offline: false });
      },
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get user(): string | undefined {
    return this.#user;
  }

  connect(): Promise<void> {
    if (this.#disposing) return Promise.reject(disposed());
    if (this.#state.state === 'connected') return Promise.resolve();
    if (this.#connecting) {
      // Asked again while it waits for the next attempt: that is made now.
      this.#engine?.connect();
      return this.#connecting.promise;
    }

    const connecting = deferred();
    this.#connecting = connecting;
    this.#lastError = undefined;
    if (!this.#engine) {
      this.#setState({ state: 'connecting', attempt: 0, retryInMs: 0, offline: false });
    }
    this.#withEngine({
      use: (engine) => {
        if (this.#connecting === connecting) engine.connect();
      },
      fail: (error) => {
        if (this.#connecting !== connecting) return;
        this.#failed(error);
        this.#setState({ state: 'disconnected', reason: 'refused', failure: error });
      },
    });
    return connecting.promise;
  }

  disconnect(): void {
    this.#opening.pause();
    if (this.#engine) this.#engine.disconnect();
    else if (this.#connecting) this.#setState({ state: 'disconnected', reason: 'requested' });
  }

  dispose(): Promise<void> {
    this.#disposing ??= this.#dispose();
    return this.#disposing;
  }

  send(draft: DraftMessage): SendResult {
    const clientMsgId = draft.clientMsgId ?? messageId(this.#environment.random());
    const promise = this.#sendDraft(draft, clientMsgId);
    // `status` events tell of a failure, too: an app that goes by them may leave the promise alone.
    promise.catch(() => undefined);
    return Object.assign(promise, { clientMsgId });
  }

  async retry(clientMsgId: string): Promise<Sent> {
    return toApp(await this.#call({ retry: { client_msg_id: clientMsgId } })) as Sent;
  }

  async discard(clientMsgId: string): Promise<void> {
    await this.#call({ discard: { client_msg_id: clientMsgId } });
  }

  async recall(conv: string, convSeq: number): Promise<void> {
    await this.#call({ recall: { conv, conv_seq: convSeq } });
  }

  async history(conv: string, query: HistoryQuery = {}): Promise<HistoryPage> {
    return toApp(await this.#call({ history: { conv, ...query } })) as HistoryPage;
  }

  async markRead(conv: string, convSeq: number): Promise<void> {
    await this.#call({ read: { conv, conv_seq: convSeq } });
  }

  async broadcasts(): Promise<Broadcast[]> {
    await this.#whenOpen();
    return this.#mailbox.list();
  }

  async opened(id: number): Promise<void> {
    await this.#whenOpen();
    await this.#mailbox.opened(id);
  }

  async ephemeral(to: Target, kind: string, body: Body): Promise<void> {
    await this.#call({ ephemeral: { to: rawTarget(to), kind, body: rawBody(kind, body) } });
  }

  on<E extends EventName>(event: E, handler: Handler<E>): () => void {
    this.#emitter.add(event, handler);
    if (event === 'message') this.#delivery.wake();
    return () => {
      this.off(event, handler);
    };
  }

  off<E extends EventName>(event: E, handler: Handler<E>): void {
    this.#emitter.remove(event, handler);
  }

  stats(): Stats {
    const raw = this.#engine?.stats();
    return raw ? (toApp(raw) as Stats) : convert.NO_STATS;
  }

  async #sendDraft(draft: DraftMessage, clientMsgId: string): Promise<Sent> {
    const send = rawDraft(draft, clientMsgId);
    return toApp(await this.#call({ send })) as Sent;
  }

  get presence() {
    return this.#live.presence;
  }

  get rooms() {
    return this.#live.rooms;
  }

  /** When storage is open. */
  #whenOpen(): Promise<unknown> {
    return new Promise((use, fail) => {
      this.#withEngine({ use, fail });
    });
  }

  #call(request: wasm.Request): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#withEngine({
        use: (engine) => {
          engine.call(request).then(resolve, reject);
        },
        fail: reject,
      });
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
  }

  async #dispose(): Promise<void> {
    this.disconnect();
    this.#delivery.stop();
    this.#mailbox.stop();
    this.#failWaiting(disposed());
    await this.#opening.close();
    await this.#engine?.close();
    this.#engine = undefined;
    this.#emitter.removeAll();
  }

  #heard(raw: RawEvent): void {
    const { type, ...content } = raw;
    switch (type) {
      case 'state':
        this.#setState(this.#withReason(toApp(content) as ConnectionState));
        break;
      case 'kicked': {
        const event = content as Events['kicked'];
        this.#lastError = { code: 'kicked', message: event.message, retryable: false };
        this.#emitter.emit('kicked', event);
        break;
      }
      case 'event':
        this.#asked(content as { name: string; value: string });
        break;
      case 'error':
        this.#failed(toApp(content) as Failure);
        break;
      default:
        this.#emitter.emit(type, toApp(content) as never);
    }
  }

  /** The error that ended the connection was told just before. */
  #withReason(state: ConnectionState): ConnectionState {
    const failure = this.#lastError;
    const hasFailed = state.state === 'disconnected' && /kicked|refused/.test(state.reason);
    return hasFailed && failure ? { ...state, failure } : state;
  }

  /** Something that this session asked to be told of. */
  #asked({ name, value }: { name: string; value: string }): void {
    const event = toApp(JSON.parse(value));
    if (name === 'presence') this.#emitter.emit('presence', event as Events['presence']);
    if (name !== 'room') return;
    this.#live.heard(event as Events['room']);
    this.#emitter.emit('room', event as Events['room']);
  }

  #failed(failure: Failure): void {
    this.#lastError = failure;
    this.#emitter.emit('error', failure);
  }

  #setState(state: ConnectionState): void {
    // Opening and the session both tell of the first attempt.
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    if (state.state === 'connected') {
      this.#user = state.user;
      this.#live.connected();
      this.#mailbox.connected();
      this.#settle((connecting) => {
        connecting.resolve();
      });
    }
    if (state.state === 'disconnected') {
      const { reason } = state;
      this.#settle((connecting) => {
        // The error that says why may follow within this turn.
        queueMicrotask(() => {
          connecting.reject(this.#whyDisconnected(reason));
        });
      });
    }
    this.#emitter.emit('state', state);
  }

  #settle(how: (connecting: Connecting) => void): void {
    const connecting = this.#connecting;
    this.#connecting = undefined;
    if (connecting) how(connecting);
  }

  #whyDisconnected(reason: string): SeqlineError {
    const message = 'disconnect() was called before the connection was there';
    return new SeqlineError(
      (reason === 'requested' ? undefined : this.#lastError) ?? {
        code: 'disconnected',
        message: reason === 'requested' ? message : `the client is disconnected (${reason})`,
        retryable: true,
      },
    );
  }
}

function deferred(): Connecting {
  let resolve!: () => void;
  let reject!: (error: SeqlineError) => void;
  const promise = new Promise<void>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  // `state` events tell of a refusal, too.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

function disposed(): SeqlineError {
  return new SeqlineError({
    code: 'disconnected',
    message: 'the client is disposed; make a new one',
    retryable: false,
  });
}

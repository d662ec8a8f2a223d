import { callMethodBy, clearConversation, deviceCalls, groupCalls, messageCalls } from './calls.js';
import * as convert from './convert.js';
import { messageId, rawBody, rawDraft, rawTarget } from './drafts.js';
import { Journal } from './diagnostics/journal.js';
import { Emitter } from './emitter.js';
import { disposed, SeqlineError } from './error.js';
import { Live } from './live.js';
import type { CallMethod } from './methods.js';
import { toApp } from './names.js';
import type { RawConversation } from './raw.js';
import type { LocalSessionParts } from './session/local.js';
import type { Session } from './session/session.js';
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
  Host,
  Report,
  SendResult,
  Sent,
  Stats,
  Target,
} from './types.js';
import { socketUrl } from './url.js';
import type { wasm } from './wasm.js';

/** Where a client runs, and how its compiled part is loaded there. */
export interface Platform {
  host: Host;
  load(): Promise<void>;
  makeSession(parts: LocalSessionParts): Session;
}

/**
 * Makes a client. Nothing is loaded or connected yet.
 * @throws {SeqlineError} `url_invalid`
 */
export function makeClient(platform: Platform, url: string | URL, options: ClientOptions): Client {
  return new SeqlineClient(platform, socketUrl(url), options);
}

interface Connecting {
  promise: Promise<void>;
  resolve(): void;
  reject(error: SeqlineError): void;
}

class SeqlineClient implements Client {
  readonly call: CallMethod = callMethodBy((request) => this.#call(request));
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
  readonly #journal = new Journal();
  readonly #host: Host;
  readonly #session: Session;
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
        this.#emit('error', failure);
      },
    });
    this.#host = options.host ?? platform.host;
    const { log, logger } = options;
    this.#journal.isVerbose = log === 'debug';
    this.#emitter.isQuiet = (log ?? logger) !== undefined;
    const logging = this.#emitter.isQuiet && this.#startLog(options).catch(() => undefined);
    this.#session = platform.makeSession({
      host: this.#host,
      load: async () => {
        await logging;
        await platform.load();
      },
      tap: (way, frame) => this.#journal.frame?.(way, frame),
      url,
      options,
      callMethod: this.call,
      audience: {
        has: (name) => this.#emitter.has(name),
        emit: (name, event) => {
          this.#emit(name, event);
        },
        handOver: (name, event) => {
          this.#journal.note(name, event);
          return this.#emitter.handOver(name, event);
        },
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
    // Asked again while it waits for the next attempt: that is made now.
    if (!this.#connecting) this.#lastError = undefined;
    const connecting = (this.#connecting ??= deferred());
    this.#session.connect();
    return connecting.promise;
  }

  disconnect(): void {
    this.#session.disconnect();
  }

  dispose(): Promise<void> {
    this.#disposing ??= this.#session.dispose().then(() => {
      this.#emitter.removeAll();
    });
    return this.#disposing;
  }

  send(draft: DraftMessage): SendResult {
    const clientMsgId = draft.clientMsgId ?? messageId(this.#host.random());
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

  broadcasts(): Promise<Broadcast[]> {
    return this.#session.broadcasts();
  }

  opened(id: number): Promise<void> {
    return this.#session.opened(id);
  }

  async ephemeral(to: Target, kind: string, body: Body): Promise<void> {
    await this.#call({ ephemeral: { to: rawTarget(to), kind, body: rawBody(kind, body) } });
  }

  on<E extends EventName>(event: E, handler: Handler<E>): () => void {
    this.#emitter.add(event, handler);
    this.#session.listening();
    return () => {
      this.off(event, handler);
    };
  }

  off<E extends EventName>(event: E, handler: Handler<E>): void {
    this.#emitter.remove(event, handler);
    this.#session.listening();
  }

  stats(): Stats {
    return this.#session.stats() ?? convert.NO_STATS;
  }

  async report(): Promise<Report> {
    const { reportOf } = await loadDiagnostics();
    return reportOf(this, this.#host.name, this.#journal);
  }

  /** Without a log it goes on. */
  async #startLog(options: ClientOptions): Promise<void> {
    const { startLog } = await loadDiagnostics();
    startLog(this.#journal, options);
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

  #call(request: wasm.Request): Promise<unknown> {
    return this.#session.call(request);
  }

  /** The session tells of something: what this client keeps of it, and then the handlers. */
  #emit<E extends EventName>(name: E, event: Events[E]): void {
    if (name !== 'state') this.#journal.note(name, event);
    if (name === 'state') {
      this.#setState(this.#withReason(event as ConnectionState));
      return;
    }
    if (name === 'error') this.#lastError = event as Failure;
    if (name === 'kicked') {
      const { message } = event as Events['kicked'];
      this.#lastError = { code: 'kicked', message, retryable: false };
    }
    if (name === 'room') this.#live.heard(event as Events['room']);
    this.#emitter.emit(name, event);
  }

  /** The error that ended the connection was told just before. */
  #withReason(state: ConnectionState): ConnectionState {
    const failure = this.#lastError;
    const hasFailed = state.state === 'disconnected' && /kicked|refused/.test(state.reason);
    return hasFailed && failure ? { ...state, failure } : state;
  }

  #setState(state: ConnectionState): void {
    // Opening and the session both tell of the first attempt.
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#journal.note('state', state);
    if (state.state === 'connected') {
      this.#user = state.user;
      this.#live.connected();
      this.#settle((connecting) => {
        connecting.resolve();
      });
    }
    if (state.state === 'disconnected') {
      const { reason } = state;
      this.#settle((connecting) => {
        // The error that says why may follow within this turn.
        void Promise.resolve().then(() => {
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

/** Most clients need none of it. */
const loadDiagnostics = () => import('./diagnostics/log.js');

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

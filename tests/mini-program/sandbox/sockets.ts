/** WebSockets as mini-programs have them: as tasks, few at a time, and none in the background. */
import { WebSocket } from 'ws';

import type { Realm } from './realm.ts';

export const SOCKETS_MAX = 5;

export type Listener = (event: unknown) => void;
export type SocketEvent = 'open' | 'message' | 'error' | 'close';

/** What hosts do differently. */
export interface SocketDialect {
  /** What an app hears of a message. */
  received(data: string | Uint8Array): unknown;
  /** What an app sends. @returns none if the host does not take it */
  sent(message: SentMessage): string | Uint8Array | undefined;
  closed(code: number, reason: string): unknown;
  failed(call: string, what: string): unknown;
}

export interface SentMessage {
  data?: unknown;
  isBuffer?: boolean;
}

export interface CallbackOptions {
  success?: unknown;
  fail?: unknown;
  complete?: unknown;
}

export class Sockets {
  readonly #realm: Realm;
  readonly #dialect: SocketDialect;
  readonly #open = new Set<Task>();
  #isDown = false;
  /** All that were ever made. */
  made = 0;

  constructor(realm: Realm, dialect: SocketDialect) {
    this.#realm = realm;
    this.#dialect = dialect;
  }

  /** Those that count for the host's limit. */
  get open(): number {
    return this.#open.size;
  }

  /**
   * Accepts, or says why not. The socket is open only once its task says so.
   * @returns none if it is refused
   */
  connect(url: unknown, options: CallbackOptions): TaskApi | undefined {
    const refusal = this.#refusal(url);
    if (refusal) {
      const failure = this.#dialect.failed('connectSocket', refusal);
      this.#realm.post(options.fail, failure);
      this.#realm.post(options.complete, failure);
      return undefined;
    }
    this.made += 1;
    const task = new Task(url as string, this.#realm, this.#dialect, () => this.#open.delete(task));
    this.#open.add(task);
    this.#realm.post(options.success, { errMsg: 'connectSocket:ok' });
    this.#realm.post(options.complete, { errMsg: 'connectSocket:ok' });
    return task.api;
  }

  /**
   * The network is taken away, some seconds after the app was hidden.
   * @param told whether tasks hear that they are closed: they do not always
   */
  takeAway(told: boolean): void {
    this.#isDown = true;
    for (const task of [...this.#open]) task.interrupt(told);
  }

  giveBack(): void {
    this.#isDown = false;
  }

  /** The app is gone. */
  drop(): void {
    for (const task of [...this.#open]) task.interrupt(false);
  }

  #refusal(url: unknown): string | undefined {
    if (typeof url !== 'string' || !/^wss?:\/\//.test(url)) return 'invalid url';
    if (this.#isDown) return 'interrupted';
    if (this.#open.size >= SOCKETS_MAX) return 'exceed max task count';
    return undefined;
  }
}

type CloseOptions = CallbackOptions & { code?: number; reason?: string };

/** What the app holds. */
export type TaskApi = Record<string, unknown>;

class Task {
  readonly api: TaskApi;
  readonly #realm: Realm;
  readonly #dialect: SocketDialect;
  readonly #gone: () => void;
  readonly #socket: WebSocket;
  readonly #listeners = new Map<SocketEvent, Set<Listener>>();
  #isOver = false;

  constructor(url: string, realm: Realm, dialect: SocketDialect, gone: () => void) {
    this.#realm = realm;
    this.#dialect = dialect;
    this.#gone = gone;
    this.#socket = new WebSocket(url, { perMessageDeflate: false });
    this.#socket.on('open', () => {
      this.#tell('open', {});
    });
    this.#socket.on('message', (data: Buffer, isBinary) => {
      this.#tell('message', dialect.received(isBinary ? new Uint8Array(data) : data.toString()));
    });
    this.#socket.on('error', (error) => {
      this.#tell('error', dialect.failed('socket', error.message));
    });
    this.#socket.on('close', (code, reason) => {
      this.#over(dialect.closed(code, reason.toString()));
    });
    this.api = this.#makeApi();
  }

  interrupt(told: boolean): void {
    const closed = this.#dialect.closed(1006, 'interrupted');
    if (told) this.#over(closed);
    this.#isOver = true;
    this.#gone();
    this.#socket.terminate();
  }

  #makeApi(): TaskApi {
    const on = (event: SocketEvent) => (listener: Listener) => {
      this.#listenersOf(event).add(listener);
    };
    const off = (event: SocketEvent) => (listener: Listener) => {
      this.#listenersOf(event).delete(listener);
    };
    return {
      onOpen: on('open'),
      onMessage: on('message'),
      onError: on('error'),
      onClose: on('close'),
      offOpen: off('open'),
      offMessage: off('message'),
      offError: off('error'),
      offClose: off('close'),
      send: (options: SentMessage & CallbackOptions) => {
        this.#send(options);
      },
      close: (options: CloseOptions = {}) => {
        this.#close(options);
      },
    };
  }

  #send(options: SentMessage & CallbackOptions): void {
    const frame = this.#dialect.sent(options);
    const isOpen = !this.#isOver && this.#socket.readyState === WebSocket.OPEN;
    if (frame !== undefined && isOpen) {
      this.#socket.send(frame);
      this.#answer(options, { errMsg: 'sendSocketMessage:ok' }, true);
      return;
    }
    const what = isOpen ? 'data must be a string or an ArrayBuffer' : 'task not found';
    this.#answer(options, this.#dialect.failed('sendSocketMessage', what), false);
  }

  #close(options: CloseOptions): void {
    const { code = 1000, reason = '' } = options;
    if (this.#isOver) {
      this.#answer(options, this.#dialect.failed('closeSocket', 'task not found'), false);
      return;
    }
    // One that is opening cannot be closed: it opens all the same.
    const isOpening = this.#socket.readyState === WebSocket.CONNECTING;
    if (!isOpening) this.#socket.close(code, reason);
    this.#answer(options, { errMsg: 'closeSocket:ok' }, !isOpening);
  }

  #answer(options: CallbackOptions, value: unknown, isSuccess: boolean): void {
    this.#realm.post(isSuccess ? options.success : options.fail, value);
    this.#realm.post(options.complete, value);
  }

  #over(event: unknown): void {
    if (this.#isOver) return;
    this.#tell('close', event);
    this.#isOver = true;
    this.#gone();
  }

  /** What nobody listens to at that moment is lost. */
  #tell(name: SocketEvent, event: unknown): void {
    if (this.#isOver) return;
    for (const listener of this.#listenersOf(name)) this.#realm.post(listener, event);
  }

  #listenersOf(event: SocketEvent): Set<Listener> {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    return listeners;
  }
}

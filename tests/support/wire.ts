/**
 * Speaks the protocol directly, without the client under test: to ask the relay what it has
 * stored, and to tell it what no client would.
 */
import { once } from 'node:events';

import { decode } from 'cborg';
import { WebSocket } from 'ws';

import type { Seen } from './ledger.ts';

/** A frame: a map with one key, its name. */
export type Frame = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A message as the relay has it, as far as tests look into it. */
export interface StoredMessage {
  conv: string;
  conv_seq: number;
  sender: string;
  kind: string;
  body: string;
}

/** One place of a user's timeline. */
export interface TimelineEntry {
  seq: number;
  item: { message?: StoredMessage };
}

/** What came of something that was sent. */
export interface Outcome {
  /** Codes of `error` frames. */
  errors: string[];
  /** Close code, if the connection was closed. */
  close?: number;
}

const answers = [
  'error',
  'sent',
  'page',
  'history',
  'conversations',
  'done',
  'refreshed',
  'welcome',
];

export class Wire {
  /** The close code. */
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  readonly #frames: Frame[] = [];
  #isClosed = false;
  #lastReq = 0;

  /** Opens a connection to a relay, without a word yet. */
  static async open(relayUrl: string): Promise<Wire> {
    const url = new URL('/v1/socket', relayUrl.replace(/^http/, 'ws'));
    const socket = new WebSocket(url, { perMessageDeflate: false });
    const wire = new Wire(socket);
    await once(socket, 'open');
    return wire;
  }

  /** Opens a session. */
  static async connect(relayUrl: string, token: string, device = 'wire'): Promise<Wire> {
    const wire = await Wire.open(relayUrl);
    wire.send({ hello: { version: 1, token, device, host: 'test' } });
    await wire.next('welcome');
    return wire;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      this.#frames.push((isBinary ? decode(data) : JSON.parse(data.toString('utf8'))) as Frame);
      socket.emit('frame');
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on('close', (code) => {
        this.#isClosed = true;
        socket.emit('frame');
        resolve(code);
      });
    });
  }

  send(frame: Frame): void {
    this.sendRaw(JSON.stringify(frame));
  }

  /** Sends the payload of a text or of a binary frame as it is. */
  sendRaw(payload: string | Uint8Array, isBinary = typeof payload !== 'string'): void {
    this.#socket.send(payload, { binary: isBinary });
  }

  /** The next frame of one of these names; others before it are passed over. */
  async next(...names: string[]): Promise<Frame[string]> {
    for (;;) {
      const frame = this.#frames.shift();
      const name = names.find((each) => frame?.[each] !== undefined);
      if (frame && name !== undefined) return frame[name] ?? {};
      if (frame?.['error'] && !names.includes('error')) {
        throw new Error(`waited for ${names.join(', ')}, got ${JSON.stringify(frame)}`);
      }
      if (frame) continue;
      if (this.#isClosed) throw new Error(`closed while waiting for ${names.join(', ')}`);
      await once(this.#socket, 'frame');
    }
  }

  /** Waits for the answer to what was sent last, and for whether the session goes on after it. */
  async outcome(): Promise<Outcome> {
    const errors: string[] = [];
    let isAnswered = false;
    for (;;) {
      const frame = this.#frames.shift();
      if (frame?.['error']) errors.push(String(frame['error']['code']));
      if (frame?.['pong']) return { errors };
      if (!isAnswered && answers.some((name) => frame?.[name])) {
        isAnswered = true;
        this.send({ ping: { nonce: 0 } });
      }
      if (frame) continue;
      if (this.#isClosed) return { errors, close: await this.closed };
      await once(this.#socket, 'frame');
    }
  }

  /** Waits for a sign of life. @returns errors that came before it */
  async ping(): Promise<Outcome> {
    this.send({ ping: { nonce: 0 } });
    return this.outcome();
  }

  /** Sends a message and waits until it is stored. */
  async sendText(user: string, text: string, clientMsgId: string): Promise<Frame[string]> {
    this.send({ send: { client_msg_id: clientMsgId, to: { user }, kind: 'text', body: text } });
    return this.next('sent');
  }

  /** Everything that the relay has stored of a conversation, oldest first. */
  async history(conv: string): Promise<Seen[]> {
    const all: StoredMessage[] = [];
    for (let more = true; more;) {
      const req = ++this.#lastReq;
      this.send({ history: { req, conv, after: all.at(-1)?.conv_seq ?? 0, limit: 200 } });
      const page = await this.next('history');
      all.push(...(page['messages'] as StoredMessage[]));
      more = page['more'] as boolean;
    }
    for (const [index, { conv_seq }] of all.entries()) {
      if (conv_seq !== index + 1) throw new Error(`${conv} has ${conv_seq} at place ${index + 1}`);
    }
    return all.map(({ sender, body }) => ({ sender, text: body }));
  }

  /** Reads nothing from now on: what is sent waits in the network, then with the relay. */
  pause(): void {
    this.#socket.pause();
  }

  /** Reads again. */
  resume(): void {
    this.#socket.resume();
  }

  /**
   * Takes what comes of the user's timeline, pushed, and pulled once it is told to, until
   * `isDone` says so.
   * @param onEntry called for each entry, in order
   * @returns how often it was told to pull
   */
  async takeAll(onEntry: (entry: TimelineEntry) => void, isDone: () => boolean): Promise<number> {
    let [newest, notifies] = [0, 0];
    const take = (entries: readonly TimelineEntry[]): void => {
      for (const entry of entries) {
        if (entry.seq <= newest) continue;
        if (entry.seq !== newest + 1) throw new Error(`${entry.seq} came after ${newest}`);
        newest = entry.seq;
        onEntry(entry);
      }
    };
    while (!isDone()) {
      const frame = await this.next('push', 'notify');
      if (frame['entries']) {
        take(frame['entries'] as TimelineEntry[]);
        this.send({ ack: { cursor: newest } });
        continue;
      }
      notifies += 1;
      for (let head = frame['head'] as number; newest < head;) {
        this.send({ pull: { req: ++this.#lastReq, after: newest, limit: 200 } });
        const page = await this.next('page');
        take(page['entries'] as TimelineEntry[]);
        head = page['head'] as number;
      }
      this.send({ ack: { cursor: newest } });
    }
    return notifies;
  }

  /** Ends it without a word. */
  drop(): void {
    this.#socket.terminate();
  }
}

/** The id of two users' conversation. */
export const directConversation = (one: string, other: string): string =>
  `dm:${[one, other].sort().join(':')}`;

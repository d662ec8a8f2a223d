import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { decode, encode } from 'cborg';
import { onTestFinished, vi } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';

import {
  CREATED_US,
  messageEntry,
  type Frame,
  type WireChange,
  type WireEntry,
  type WireMessage,
} from './wire.ts';

interface Heard {
  /** Which connection, from 0. */
  conn: number;
  frame: Frame;
}

interface PublicPlace {
  after: number;
  view?: string;
}

type Answer = (content: Record<string, unknown>, socket: FakeSocket) => void;

/** One connection of a client. */
export class FakeSocket {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  say(...frames: Frame[]): void {
    for (const frame of frames) this.#socket.send(encode(frame));
  }

  /** Something in a text frame. */
  sayText(text: string): void {
    this.#socket.send(text);
  }

  close(code: number): void {
    this.#socket.close(code);
  }

  /** As when a cable is cut. */
  cut(): void {
    this.#socket.terminate();
  }
}

/**
 * A relay of one user, alice, that does what a test tells it. It keeps a timeline, answers
 * as a relay does, and remembers all it heard.
 */
export class FakeRelay {
  readonly heard: Heard[] = [];
  readonly sockets: FakeSocket[] = [];
  /** Alice's. The seq of an entry is its place, from 1. */
  readonly timeline: WireEntry[] = [];
  epoch = 1;
  /** Of the public mailbox. The number of a change is its place, from 1. */
  readonly publicChanges: WireChange[] = [];
  /** What decides who sees what there; another one brings the whole list. */
  publicView = 'v1';
  readonly #server: WebSocketServer;
  readonly #answers = new Map<string, Answer>();
  readonly #stored = new Map<string, WireEntry>();
  readonly #methods = new Map<string, (params: Record<string, unknown>) => unknown>();

  /** Stops when the test is finished. */
  static async start(): Promise<FakeRelay> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    const relay = new FakeRelay(server);
    onTestFinished(() => {
      relay.stop();
    });
    return relay;
  }

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket, request) => {
      if (request.url !== '/v1/socket') {
        socket.close(1002);
        return;
      }
      this.#accept(socket);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many connections are open now. */
  get open(): number {
    return this.#server.clients.size;
  }

  /** The newest connection. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error('nobody is connected');
    return socket;
  }

  /** Answers a frame in another way than a relay does. */
  on(name: string, answer: Answer): void {
    this.#answers.set(name, answer);
  }

  /** How a relay answers a frame. */
  usually(name: string): Answer {
    return this.#usual(name);
  }

  /** Answers as a relay does again. */
  off(name: string): void {
    this.#answers.delete(name);
  }

  /** What came of one name, oldest first. */
  all(name: string): Record<string, unknown>[] {
    return this.heard.flatMap(({ frame }) => (frame[name] ? [frame[name]] : []));
  }

  /** Waits until that many frames of a name have come; gives the last of them. */
  async nth(name: string, count: number): Promise<Record<string, unknown>> {
    return vi.waitFor(
      () => {
        const frame = this.all(name)[count - 1];
        if (!frame) throw new Error(`${this.all(name).length} of ${count} ${name} have come`);
        return frame;
      },
      { timeout: 30_000, interval: 5 },
    );
  }

  /** Answers a method; what comes is its parameters. Others give `{}`. */
  answer(method: string, value: (params: Record<string, unknown>) => unknown): void {
    this.#methods.set(method, value);
  }

  /** The parameters of a method's calls, oldest first. */
  calls(method: string): unknown[] {
    return this.all('call')
      .filter((call) => call['method'] === method)
      .map(({ params }) => JSON.parse(params as string) as unknown);
  }

  /** Adds to the timeline, without telling anyone. */
  add(...entries: WireEntry[]): void {
    this.timeline.push(...entries);
  }

  /** Adds messages from bob to the timeline, and pushes them. */
  sendMessages(count: number): void {
    const entries = Array.from({ length: count }, (_, at) =>
      messageEntry(this.timeline.length + at + 1),
    );
    this.add(...entries);
    this.socket.say({ push: { entries } });
  }

  /** Changes the public mailbox, and tells those who are connected. */
  publish(...changes: WireChange[]): void {
    this.publicChanges.push(...changes);
    const notify = { head: this.timeline.length, pub_head: this.publicChanges.length };
    for (const socket of this.sockets) socket.say({ notify });
  }

  stop(): void {
    for (const socket of this.#server.clients) socket.terminate();
    this.#server.close();
  }

  welcome(content: Record<string, unknown>): Frame {
    const resume = content['resume'] as { cursor: number; epoch: number } | undefined;
    return {
      welcome: {
        version: 1,
        session: `s-${this.sockets.length}`,
        app: 'demo',
        user: 'alice',
        epoch: this.epoch,
        head: this.timeline.length,
        cursor: resume?.epoch === this.epoch ? resume.cursor : 0,
        pub_head: this.publicChanges.length,
        pub_view: this.publicView,
        now_us: CREATED_US,
        token_expires_us: CREATED_US + 3_600_000_000,
        heartbeat: { interval_ms: 25_000, background_interval_ms: 60_000 },
        limits: {
          frame_bytes_max: 65_536,
          body_bytes_max: 32_768,
          page_entries_max: 200,
          send_window: 64,
        },
      },
    };
  }

  #accept(webSocket: WebSocket): void {
    const socket = new FakeSocket(webSocket);
    const conn = this.sockets.push(socket) - 1;
    webSocket.on('message', (data) => {
      const frame = decode(data as Buffer) as Frame;
      this.heard.push({ conn, frame });
      const [[name, content]] = Object.entries(frame) as [[string, Record<string, unknown>]];
      (this.#answers.get(name) ?? this.#usual(name))(content, socket);
    });
    webSocket.on('error', () => undefined);
  }

  #usual(name: string): Answer {
    switch (name) {
      case 'hello':
        return (content, socket) => {
          socket.say(this.welcome(content));
        };
      case 'pull':
        return ({ req, after, limit, public: place }, socket) => {
          const start = after as number;
          const entries = this.timeline.slice(start, start + ((limit as number | null) ?? 50));
          const shown = place ? { public: this.#publicPage(place as PublicPlace) } : {};
          socket.say({ page: { req, entries, head: this.timeline.length, ...shown } });
        };
      case 'send':
        return (content, socket) => {
          this.#store(content, socket);
        };
      case 'ping':
        return ({ nonce }, socket) => {
          socket.say({ pong: { nonce, now_us: CREATED_US } });
        };
      case 'call':
        return ({ req, method, params }, socket) => {
          const given = JSON.parse(params as string) as Record<string, unknown>;
          const value = this.#methods.get(method as string)?.(given) ?? {};
          socket.say({ result: { req, value: JSON.stringify(value) } });
        };
      case 'history':
        return (query, socket) => {
          socket.say({ history: this.#history(query) });
        };
      case 'conversations':
        return ({ req }, socket) => {
          socket.say({ conversations: { req, conversations: this.#conversations() } });
        };
      case 'read':
      case 'recall':
        return ({ req }, socket) => {
          socket.say({ done: { req } });
        };
      default:
        return () => undefined;
    }
  }

  #messages(): WireMessage[] {
    return this.timeline.flatMap(({ item }) => (item['message'] as WireMessage | undefined) ?? []);
  }

  #history({ req, conv, before, after, limit }: Record<string, unknown>): Frame[string] {
    const from = (after as number | null) ?? 0;
    const to = (before as number | null) ?? Infinity;
    const count = (limit as number | null) ?? 50;
    const found = this.#messages().filter(
      (message) => message.conv === conv && message.conv_seq > from && message.conv_seq < to,
    );
    const messages = after ? found.slice(0, count) : found.slice(-count);
    return { req, conv, messages, more: found.length > count };
  }

  /** Nothing is read. */
  #conversations(): object[] {
    const newest = new Map(this.#messages().map((message) => [message.conv, message]));
    return Array.from(newest, ([conv, last]) => {
      const others = this.#messages().filter((one) => one.conv === conv && one.sender !== 'alice');
      const row = { conv, head: last.conv_seq, last, unread: others.length, read: 0 };
      return { ...row, receipts: [], active_us: last.created_us };
    });
  }

  #publicPage({ after, view }: PublicPlace): object {
    const head = this.publicChanges.length;
    const changes = this.publicChanges.map((change, at) => ({ pub_seq: at + 1, ...change }));
    const page = { cursor: head, head, view: this.publicView };
    if (view === this.publicView) {
      const news = { changes: changes.slice(after) };
      return news.changes.length > 0 ? { ...page, news } : page;
    }
    const newest = new Map(changes.map((change) => [change.id, change]));
    const visible = [...newest.values()].filter(({ broadcast }) => broadcast);
    return { ...page, news: { held: visible.map(({ id }) => id), changes: visible } };
  }

  /** Once for each id, as a relay does; the entry is pushed after the answer. */
  #store(content: Record<string, unknown>, socket: FakeSocket): void {
    const id = content['client_msg_id'] as string;
    const known = this.#stored.get(id);
    const seq = known?.seq ?? this.timeline.length + 1;
    const entry =
      known ??
      messageEntry(seq, {
        client_msg_id: id,
        sender: 'alice',
        kind: content['kind'] as string,
        body: content['body'] as string,
      });
    if (!known) {
      this.#stored.set(id, entry);
      this.add(entry);
    }
    const { msg_id, conv, conv_seq, created_us } = entry.item['message'] as Record<string, unknown>;
    socket.say({ sent: { client_msg_id: id, msg_id, conv, conv_seq, seq, created_us } });
    if (!known) socket.say({ push: { entries: [entry] } });
  }
}

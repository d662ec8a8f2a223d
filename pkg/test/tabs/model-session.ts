/** As much of the compiled client as tabs can notice: cursor, outbox, and a batch at a time. */
import type { Broadcast, Stats, Storage } from 'seqline';

import { decode, encode } from '../../dist/cbor.js';
import { SeqlineError } from '../../dist/error.js';
import type { LocalSessionParts } from '../../dist/session/local.js';
import type { Session } from '../../dist/session/session.js';
import type { Connection } from './model-relay.ts';
import type { BrowserTab, World } from './world.ts';

const BATCH_MAX = 4;

interface Draft {
  client_msg_id: string;
}

interface Outgoing {
  place: number;
  id: string;
  isKept: boolean;
  isSent: boolean;
  resolve(sent: unknown): void;
}

const ended = () =>
  new SeqlineError({ code: 'disconnected', message: 'disposed', retryable: false });

export class ModelSession implements Session {
  readonly #world: World;
  readonly #tab: BrowserTab;
  readonly #parts: LocalSessionParts;
  readonly #outbox: Outgoing[] = [];
  #storage: Storage | undefined;
  #opening: Promise<void> | undefined;
  #cursor = 0;
  #place = 0;
  #connection: Connection | undefined;
  #isConnecting = false;
  #isDelivering = false;
  #hasEnded = false;
  #lastWrite: Promise<void> = Promise.resolve();

  constructor(world: World, tab: BrowserTab, parts: LocalSessionParts) {
    this.#world = world;
    this.#tab = tab;
    this.#parts = parts;
  }

  connect(): void {
    if (this.#connection || this.#isConnecting) return;
    this.#isConnecting = true;
    const { audience } = this.#parts;
    audience.emit('state', { state: 'connecting', attempt: 0, retryInMs: 0, offline: false });
    void this.#open().then(() => {
      const opened = () => {
        void this.#parts.maySpeak?.().then((isAllowed) => {
          if (isAllowed) this.#connected();
        });
      };
      const ignore = () => undefined;
      this.#parts.host.openSocket('', { opened, received: ignore, closed: ignore });
    });
  }

  disconnect(): void {
    const wasOn = this.#isConnecting || this.#connection;
    this.#isConnecting = false;
    this.#hangUp();
    if (!wasOn) return;
    this.#parts.audience.emit('state', { state: 'disconnected', reason: 'requested' });
  }

  async call(request: Parameters<Session['call']>[0]): Promise<unknown> {
    await this.#open();
    if (this.#hasEnded) throw ended();
    if (!('send' in request)) return {};
    return this.#send(request.send);
  }

  async broadcasts(): Promise<Broadcast[]> {
    await this.#open();
    return [];
  }

  async opened(): Promise<void> {
    await this.#open();
  }

  stats(): Stats | undefined {
    return undefined;
  }

  listening(): void {
    void this.#deliver();
  }

  async dispose(): Promise<void> {
    this.disconnect();
    this.#hasEnded = true;
    await this.#opening?.catch(() => undefined);
    this.#storage?.close();
  }

  #open(): Promise<void> {
    this.#opening ??= this.#restore();
    return this.#opening;
  }

  async #restore(): Promise<void> {
    const { host, audience } = this.#parts;
    this.#storage = await host.openStorage('demo/alice', () => undefined);
    const outbox = new Map<number, string>();
    for (const [key, value] of await this.#storage.load()) {
      if (key === 'position') this.#cursor = (decode(value) as { cursor: number }).cursor;
      if (!key.startsWith('outbox/')) continue;
      const { draft } = decode(value) as { draft: Draft };
      outbox.set(Number(key.slice('outbox/'.length)), draft.client_msg_id);
    }
    for (const place of [...outbox.keys()].sort((a, b) => a - b)) {
      const id = outbox.get(place) ?? '';
      this.#place = place + 1;
      this.#outbox.push({ place, id, isKept: true, isSent: false, resolve: () => undefined });
      audience.emit('status', { clientMsgId: id, status: 'queued' });
    }
  }

  #send({ client_msg_id: id }: Draft): Promise<unknown> {
    if (this.#outbox.some((each) => each.id === id)) {
      throw new SeqlineError({ code: 'id_in_use', message: id, retryable: false });
    }
    return new Promise((resolve) => {
      const outgoing = { place: this.#place++, id, isKept: false, isSent: false, resolve };
      this.#outbox.push(outgoing);
      this.#parts.audience.emit('status', { clientMsgId: id, status: 'queued' });
      const record = encode({ draft: { client_msg_id: id } });
      const kept = () => {
        outgoing.isKept = true;
        this.#transmit();
      };
      this.#write([[`outbox/${outgoing.place}`, record]]).then(kept, kept);
    });
  }

  #transmit(): void {
    const connection = this.#connection;
    if (!connection) return;
    for (const outgoing of this.#outbox) {
      if (!outgoing.isKept) return;
      if (outgoing.isSent) continue;
      outgoing.isSent = true;
      this.#parts.audience.emit('status', { clientMsgId: outgoing.id, status: 'sending' });
      // What was written arrives in its order, also if the tab is gone by then.
      const seq = this.#world.relay.store(outgoing.id);
      this.#world.soon(this.#tab, () => {
        if (this.#connection !== connection) return;
        this.#acknowledged(outgoing, seq);
      });
    }
  }

  #acknowledged(outgoing: Outgoing, seq: number): void {
    const at = this.#outbox.indexOf(outgoing);
    if (at < 0) return;
    this.#outbox.splice(at, 1);
    void this.#write([[`outbox/${outgoing.place}`, null]]).catch(() => undefined);
    const sent = { msgId: seq, conv: 'dm:alice:bob', convSeq: seq, createdAt: 0 };
    this.#parts.audience.emit('status', { clientMsgId: outgoing.id, status: 'sent', sent });
    outgoing.resolve(sent);
  }

  async #deliver(): Promise<void> {
    const { audience } = this.#parts;
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    while (this.#connection && !this.#hasEnded && audience.has('message')) {
      const { timeline } = this.#world.relay;
      const batch = timeline.slice(this.#cursor, this.#cursor + BATCH_MAX);
      if (batch.length === 0) break;
      const events = batch.map((id, at) => messageOf(id, this.#cursor + at + 1));
      const taken = events.map(async (event) => {
        await audience.handOver('message', event);
      });
      await Promise.all(taken);
      if (this.#isOver()) break;
      this.#cursor += batch.length;
      const position = encode({ epoch: 1, cursor: this.#cursor });
      void this.#write([['position', position]]).catch(() => undefined);
    }
    this.#isDelivering = false;
  }

  #isOver(): boolean {
    return this.#hasEnded;
  }

  /** One after the other. */
  #write(changes: [string, Uint8Array | null][]): Promise<void> {
    const written = this.#lastWrite
      .catch(() => undefined)
      .then(() => this.#storage?.write(changes));
    this.#lastWrite = written;
    return written;
  }

  #connected(): void {
    if (!this.#isConnecting || this.#hasEnded) return;
    this.#isConnecting = false;
    this.#connection = this.#world.relay.connect(this.#tab, {
      grown: () => void this.#deliver(),
      replaced: () => {
        this.#replaced();
      },
    });
    const { session } = this.#connection;
    this.#parts.audience.emit('state', {
      state: 'connected',
      user: 'alice',
      session,
      transport: 'socket',
    });
    this.#transmit();
    void this.#deliver();
  }

  #replaced(): void {
    this.#hangUp();
    const { audience } = this.#parts;
    audience.emit('kicked', { reason: 'replaced', message: 'this device connected again' });
    audience.emit('state', { state: 'disconnected', reason: 'kicked' });
  }

  #hangUp(): void {
    if (this.#connection) this.#world.relay.close(this.#connection);
    this.#connection = undefined;
    for (const outgoing of this.#outbox) outgoing.isSent = false;
  }
}

const messageOf = (id: string, seq: number) => ({
  msgId: seq,
  clientMsgId: id,
  sender: 'bob',
  conv: 'dm:alice:bob',
  convSeq: seq,
  kind: 'text',
  body: id,
  priority: 'normal' as const,
  createdAt: 0,
  recalled: false,
  replaced: false,
  mentions: [],
  seq,
  own: false,
});

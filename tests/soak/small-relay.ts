/** A relay of one user in virtual time, which forgets what no device can ask for any more. */
import { decode, encode } from 'cborg';
import type { Socket, SocketEvents } from 'seqline';

import type { VirtualClock } from './virtual-clock.ts';

type Fields = Record<string, unknown>;

interface Entry {
  seq: number;
  item: Fields;
}

/** More than comes while a device is away here. */
const ENTRIES_MAX = 500;
const LATENCY_MS = 30;
const UNIX_MS = 1_795_248_000_000;
const CONV = 'dm:alice:bob';

interface Connection {
  events: SocketEvents;
  isOpen: boolean;
  /** Nothing gets through, and nobody is told. */
  isDead: boolean;
}

export class SmallRelay {
  readonly #clock: VirtualClock;
  readonly #entries: Entry[] = [];
  #head = 0;
  #connections = 0;
  #messages = 0;
  #connection: Connection | undefined;
  /** Nobody gets through. */
  isAway = false;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  get head(): number {
    return this.#head;
  }

  /** How many there have been. */
  get messages(): number {
    return this.#messages;
  }

  open(events: SocketEvents): Socket {
    const connection: Connection = { events, isOpen: false, isDead: false };
    this.#clock.after(LATENCY_MS, () => {
      if (this.isAway) {
        events.closed();
        return;
      }
      connection.isOpen = true;
      this.#connection = connection;
      this.#connections += 1;
      events.opened();
    });
    return {
      send: (frame) => {
        const [named] = Object.entries(decode(frame as Uint8Array) as Record<string, Fields>);
        if (!named) throw new Error('a frame without a name');
        this.#clock.after(LATENCY_MS, () => {
          if (connection.isOpen && !connection.isDead) this.#hear(connection, ...named);
        });
      },
      close: () => {
        this.#clock.after(LATENCY_MS, () => {
          this.#end(connection, undefined);
        });
      },
    };
  }

  /** A message from bob. */
  say(body: string): void {
    this.#push(this.#store('bob', `bob-${this.#head}`, body));
  }

  /** Somebody writes, or whatever else is not kept. */
  hint(): void {
    this.#tell({ ephemeral: { conv: CONV, sender: 'bob', kind: 'typing', body: '{}' } });
  }

  /** All have received and read everything. */
  readAll(): void {
    this.#head += 1;
    const receipt = { conv: CONV, user: 'bob', delivered: this.#head, read: this.#head };
    this.#keep({ seq: this.#head, item: { receipt } });
    this.#push(this.#entries.at(-1));
  }

  /** Ends the connection: with a code, or without a word, or so that nobody notices. */
  lose(how: number | 'cut' | 'silently'): void {
    const connection = this.#connection;
    if (!connection) return;
    if (how === 'silently') connection.isDead = true;
    else this.#end(connection, how === 'cut' ? undefined : how);
  }

  #end(connection: Connection, code: number | undefined): void {
    if (this.#connection === connection) this.#connection = undefined;
    if (!connection.isOpen) return;
    connection.isOpen = false;
    connection.events.closed(code);
  }

  #hear(connection: Connection, name: string, content: Fields): void {
    const answer = (frame: Fields) => {
      this.#tell(frame, connection);
    };
    switch (name) {
      case 'hello':
        answer(this.#welcome(content));
        break;
      case 'ping':
        answer({ pong: { nonce: content['nonce'], now_us: this.#nowUs() } });
        break;
      case 'pull': {
        const after = content['after'] as number;
        const entries = this.#entries.filter(({ seq }) => seq > after).slice(0, 50);
        const page = { cursor: 0, head: 0, view: '' };
        const shown = content['public'] ? { public: page } : {};
        answer({ page: { req: content['req'], entries, head: this.#head, ...shown } });
        break;
      }
      case 'send':
        this.#handleSend(content, answer);
        break;
      case 'history': {
        const newest = this.#entries.slice(-50).flatMap(({ item }) => item['message'] ?? []);
        answer({ history: { req: content['req'], conv: CONV, messages: newest, more: true } });
        break;
      }
      case 'call':
        answer({ result: { req: content['req'], value: '{}' } });
        break;
      case 'read':
        answer({ done: { req: content['req'] } });
        break;
    }
  }

  #handleSend(content: Fields, answer: (frame: Fields) => void): void {
    const id = content['client_msg_id'] as string;
    const known = this.#entries.find(
      ({ item }) => (item['message'] as Fields | undefined)?.['client_msg_id'] === id,
    );
    const entry = known ?? this.#store('alice', id, content['body'] as string);
    const { msg_id, conv, conv_seq, created_us } = entry.item['message'] as Fields;
    answer({ sent: { client_msg_id: id, msg_id, conv, conv_seq, seq: entry.seq, created_us } });
    if (!known) this.#push(entry);
  }

  #store(sender: string, id: string, body: string): Entry {
    this.#head += 1;
    this.#messages += 1;
    const seq = this.#head;
    const message = {
      msg_id: seq,
      client_msg_id: id,
      sender,
      conv: CONV,
      conv_seq: seq,
      kind: 'text',
      body,
      created_us: this.#nowUs(),
    };
    return this.#keep({ seq, item: { message } });
  }

  #keep(entry: Entry): Entry {
    this.#entries.push(entry);
    if (this.#entries.length > ENTRIES_MAX) this.#entries.splice(0, ENTRIES_MAX / 2);
    return entry;
  }

  #push(entry: Entry | undefined): void {
    if (entry) this.#tell({ push: { entries: [entry] } });
  }

  #tell(frame: Fields, connection = this.#connection): void {
    if (!connection) return;
    const bytes = encode(frame);
    this.#clock.after(LATENCY_MS, () => {
      if (connection.isOpen && !connection.isDead) connection.events.received(bytes);
    });
  }

  #welcome({ resume }: Fields): Fields {
    return {
      welcome: {
        version: 1,
        session: `s-${this.#connections}`,
        app: 'demo',
        user: 'alice',
        epoch: 1,
        head: this.#head,
        cursor: (resume as { cursor: number } | undefined)?.cursor ?? 0,
        pub_head: 0,
        pub_view: '',
        pub_refresh_ms: 600_000,
        now_us: this.#nowUs(),
        token_expires_us: this.#nowUs() + 3_600_000_000,
        heartbeat: {
          interval_ms: 25_000,
          background_interval_ms: 55_000,
          bounds: {
            interval_ms_min: 15_000,
            interval_ms_max: 55_000,
            background_interval_ms_max: 240_000,
          },
        },
        limits: {
          frame_bytes_max: 65_536,
          body_bytes_max: 32_768,
          page_entries_max: 200,
          send_window: 64,
        },
      },
    };
  }

  #nowUs = (): number => unixMsAt(this.#clock) * 1_000;
}

/** The wall clock. */
export const unixMsAt = ({ nowMs }: VirtualClock): number => UNIX_MS + Math.floor(nowMs);

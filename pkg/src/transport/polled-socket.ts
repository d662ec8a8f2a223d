/**
 * A connection over HTTP that looks like a socket: see "Over HTTP" in `docs/protocol.md`. One
 * request waits for what the relay has to say, and another one sends, so that neither waits for
 * the other. What is not answered is asked again under its number, which takes nothing twice.
 */
import { after } from '../alarm.js';
import { decode, encode } from '../cbor.js';
import { fetchRequest } from './fetch-request.js';
import type { Host, HttpAnswer, SocketEvents } from '../types.js';
import type { Candidate, Trial } from './candidate.js';

/** Beside what the relay may wait, from a request to its answer. */
const PATIENCE_MS = 10_000;
/** Before a request that failed is repeated: the first time, the second … and no further. */
const RETRIES_MS = [0, 500, 1_000, 2_000, 4_000];
/** Waiting that broke off after so long was cut by something that allows no more. */
const CUT_MS_MIN = 4_000;
const WAIT_MS_MIN = 1_000;
/** Of one request. */
const FRAMES_MAX = 64;
const BYTES_MAX = 128 * 1024;
const NORMAL_CLOSE = 1000;

interface PollRequest {
  connection?: string;
  send?: number;
  frames?: Uint8Array[];
  receive?: number;
  wait_ms?: number;
  close?: boolean;
}

interface PollAnswer {
  connection?: string;
  wait_ms?: number;
  frames?: Uint8Array[];
  close?: number;
}

export class PolledSocket implements Candidate {
  readonly #host: Host;
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #queue: Uint8Array[] = [];
  readonly #stops = new Set<() => void>();
  #trial: Trial | undefined;
  #events: SocketEvents | undefined;
  #connection: string | undefined;
  #waitMs = 0;
  #sent = 0;
  #received = 0;
  #isSending = false;
  #isClosed = false;

  /** Opens it. `url` is of the relay's WebSocket endpoint. */
  constructor(host: Host, url: string, trial: Trial) {
    this.#host = host;
    this.#url = pollUrl(url);
    this.#trial = trial;
    const route = [...host.random().subarray(0, 8)].map((byte) => byte.toString(16)).join('');
    this.#headers = { 'content-type': 'application/cbor', 'seqline-route': route };
    // What opens is not repeated: whoever wants a connection has a time for all of it.
    this.#ask({}, PATIENCE_MS, [], ({ connection, wait_ms = PATIENCE_MS }) => {
      this.#connection = connection;
      this.#waitMs = wait_ms;
      trial.works();
      this.#receive();
    });
  }

  adopt(events: SocketEvents): void {
    this.#events = events;
    this.#trial = undefined;
  }

  send(frame: string | Uint8Array): void {
    // The compiled client speaks CBOR.
    if (this.#isClosed || typeof frame === 'string') return;
    this.#queue.push(frame);
    // What is written in one go is sent by one request.
    if (this.#isSending) return;
    void Promise.resolve().then(() => {
      this.#send();
    });
  }

  close(): void {
    this.#leave();
  }

  #send(): void {
    if (this.#isSending || this.#isClosed || this.#queue.length === 0) return;
    this.#isSending = true;
    this.#sent += 1;
    const request = { send: this.#sent, frames: this.#nextBatch() };
    this.#ask(request, PATIENCE_MS, RETRIES_MS, () => {
      this.#isSending = false;
      this.#send();
    });
  }

  #nextBatch(): Uint8Array[] {
    let count = 0;
    let bytes = 0;
    for (const frame of this.#queue) {
      bytes += frame.length;
      if (count > 0 && (count === FRAMES_MAX || bytes > BYTES_MAX)) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  #receive(): void {
    if (this.#isClosed) return;
    this.#received += 1;
    const request = { receive: this.#received, wait_ms: this.#waitMs };
    this.#ask(request, this.#waitMs + PATIENCE_MS, RETRIES_MS, ({ frames = [], close }) => {
      for (const frame of frames) if (!this.#hasClosed()) this.#events?.received(frame);
      if (this.#hasClosed()) return;
      if (close === undefined) this.#receive();
      else this.#end(close === NORMAL_CLOSE ? undefined : close);
    });
  }

  /** Asks until there is an answer, or no hope for one. */
  #ask(
    fields: PollRequest,
    patienceMs: number,
    retriesMs: readonly number[],
    done: (answer: PollAnswer) => void,
  ): void {
    const begunMs = this.#host.monotonicMs();
    this.#post(fields, patienceMs, (answer) => {
      const content = answer?.status === 200 ? read(answer) : undefined;
      if (content) {
        done(content);
        return;
      }
      const [delayMs, ...later] = retriesMs;
      if (delayMs === undefined || (answer && isFinal(answer.status))) {
        this.#end();
        return;
      }
      const again = fields.receive === undefined ? fields : this.#waitLess(fields, begunMs);
      this.#later(delayMs, () => {
        this.#ask(again, patienceMs, later, done);
      });
    });
  }

  /** Proxies end requests that wait for longer than they like: half of that will do. */
  #waitLess(fields: PollRequest, begunMs: number): PollRequest {
    const lastedMs = this.#host.monotonicMs() - begunMs;
    if (lastedMs < CUT_MS_MIN) return fields;
    this.#waitMs = Math.min(this.#waitMs, Math.max(WAIT_MS_MIN, Math.floor(lastedMs / 2)));
    return { ...fields, wait_ms: this.#waitMs };
  }

  /** One request, of which no more is heard once the connection is closed. */
  #post(fields: PollRequest, patienceMs: number, done: (answer?: HttpAnswer) => void): void {
    const stopAll = () => {
      stopRequest();
      stopTimer();
      this.#stops.delete(stopAll);
    };
    const settle = (answer?: HttpAnswer) => {
      stopAll();
      done(answer);
    };
    this.#stops.add(stopAll);
    const stopTimer = after(this.#host, patienceMs, () => {
      settle();
    });
    const stopRequest = this.#request(fields, settle);
  }

  #request(fields: PollRequest, done: (answer?: HttpAnswer) => void): () => void {
    const body = encode({ connection: this.#connection, ...fields });
    const request = { url: this.#url, headers: this.#headers, body };
    return this.#host.request?.(request, done) ?? fetchRequest(request, done);
  }

  #later(delayMs: number, callback: () => void): void {
    const stop = after(this.#host, delayMs, () => {
      this.#stops.delete(stop);
      callback();
    });
    this.#stops.add(stop);
  }

  #end(code?: number): void {
    if (this.#isClosed) return;
    this.#leave();
    this.#events?.closed(code);
    this.#trial?.failed();
  }

  /** Tells the relay, which need not wait then; nothing waits for its answer. */
  #leave(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stop of [...this.#stops]) stop();
    this.#stops.clear();
    if (this.#connection !== undefined) {
      this.#request({ close: true }, () => undefined);
    }
  }

  #hasClosed(): boolean {
    return this.#isClosed;
  }
}

/** Beside the WebSocket endpoint: `/v1/poll` for `/v1/socket`. */
export const pollUrl = (socketUrl: string): string =>
  socketUrl.replace(/^ws/, 'http').replace(/[^/?]*(\?|$)/, 'poll$1');

/** None for what is not from a relay: a page to log in to the network, for example. */
function read({ body }: HttpAnswer): PollAnswer | undefined {
  try {
    const content = decode(body);
    return typeof content === 'object' && content !== null ? content : undefined;
  } catch {
    return undefined;
  }
}

/** What is not to be healed by asking again. */
const isFinal = (status: number): boolean => status < 500 && status !== 408 && status !== 429;

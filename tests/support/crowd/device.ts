/** One of a user's devices: an app on the package, that shows what it is given. */
import { setTimeout as pause } from 'node:timers/promises';

import {
  createClient,
  memoryStorage,
  SeqlineError,
  type Client,
  type ClientOptions,
  type ConnectionState,
  type Sent,
  type Target,
} from 'seqline/node';

import type { Seen } from '../ledger.ts';
import type { Signal } from '../signal.ts';

export interface DeviceOptions {
  user: string;
  /** Tells it apart from the user's others. */
  device: string;
  url: string;
  token: string;
  /** What carries its frames. */
  transport: ClientOptions['transport'];
  /** Told of everything that happens. */
  progress: Signal;
  /** Called for each message that was acknowledged or shown. */
  onEvent: () => void;
}

/** A time without a connection. */
export interface Outage {
  /** From its end to the next `connected`. */
  length_ms: number;
  /** Attempts that it took. */
  attempts: number;
  /** The longest wait for one of them. */
  wait_ms: number;
}

/** Before a call that was refused is made again. */
const pause_ms = 50;

export class Device {
  readonly user: string;
  readonly name: string;
  readonly client: Client;
  /** What the app was handed, by conversation. */
  readonly shown = new Map<string, Seen[]>();
  /** How often it was told that a message was taken back, by conversation and place. */
  readonly recalls = new Map<string, Map<number, number>>();
  /** Up to where it was told that its user has read, by conversation. */
  readonly reads = new Map<string, number>();
  /** Broadcasts that the app was told of, and how often as new. */
  readonly broadcasts = new Map<number, number>();
  /** Own messages that were acknowledged. */
  readonly sent: Sent[] = [];
  /** Since it was connected for the first time; whoever counts them may empty it. */
  readonly outages: Outage[] = [];
  shownCount = 0;
  /** Messages, marks and recalls that were asked for and are not acknowledged yet. */
  unsent = 0;
  readonly #options: DeviceOptions;
  #outage: { since_ms: number; attempts: number; wait_ms: number } | undefined;

  constructor(options: DeviceOptions) {
    const { user, device, url, token, transport } = options;
    this.user = user;
    this.name = `${user}'s ${device}`;
    this.#options = options;
    this.client = createClient(url, {
      token,
      ...(transport === undefined ? {} : { transport }),
      storage: memoryStorage(),
      backoffBaseMs: 20,
      backoffMaxMs: 250,
      // Nothing is given up before its fault has healed.
      sendDeadlineMs: 0,
    });
    this.#listen();
  }

  get isConnected(): boolean {
    return this.client.state.state === 'connected';
  }

  /** Writes a message, under an id that is its text. Resolves when it is acknowledged. */
  async send(to: Target, text: string): Promise<void> {
    await this.#asked(text, async () => {
      this.sent.push(await this.client.send({ to, body: text, clientMsgId: text }));
      this.#options.onEvent();
    });
  }

  /** Its user has read so far. Resolves when that is acknowledged, however often it is asked for. */
  async markRead(conv: string, convSeq: number): Promise<void> {
    await this.#asked(`read ${conv} up to ${convSeq}`, () =>
      this.#atLast(() => this.client.markRead(conv, convSeq)),
    );
  }

  /** Takes an own message back. Resolves when that is acknowledged. */
  async recall({ conv, convSeq }: Sent): Promise<void> {
    await this.#asked(`recall ${conv} ${convSeq}`, () =>
      this.#atLast(() => this.client.recall(conv, convSeq)),
    );
  }

  /** Has its app connect anew, as one does that is opened again. */
  async reconnect(): Promise<void> {
    this.client.disconnect();
    await this.client.connect();
  }

  async #asked(what: string, ask: () => Promise<void>): Promise<void> {
    this.unsent += 1;
    try {
      await ask();
      this.unsent -= 1;
      this.#options.progress.notify();
    } catch (error) {
      this.#fail(`${what}: ${String(error)}`);
    }
  }

  /** Calls are not kept as messages are: what a fault took is asked again. */
  async #atLast(call: () => Promise<void>): Promise<void> {
    for (;;) {
      await this.#connected();
      try {
        await call();
        return;
      } catch (error) {
        if (!(error instanceof SeqlineError) || !error.retryable) throw error;
        await pause(pause_ms);
      }
    }
  }

  async #connected(): Promise<void> {
    if (this.isConnected) return;
    await new Promise<void>((resolve) => {
      const stop = this.client.on('state', ({ state }) => {
        if (state !== 'connected') return;
        stop();
        resolve();
      });
    });
  }

  #listen(): void {
    const { client } = this;
    client.on('state', (state) => {
      this.#noteOutage(state);
      this.#options.progress.notify();
    });
    client.on('message', ({ conv, sender, body, recalled, clientMsgId }) => {
      const messages = this.shown.get(conv) ?? [];
      // One that was taken back before it came has no body any more.
      messages.push({ sender, text: recalled ? clientMsgId : (body as string) });
      this.shown.set(conv, messages);
      this.shownCount += 1;
      this.#options.onEvent();
      this.#options.progress.notify();
    });
    client.on('recall', ({ conv, convSeq }) => {
      const recalls = this.recalls.get(conv) ?? new Map<number, number>();
      this.recalls.set(conv, recalls.set(convSeq, (recalls.get(convSeq) ?? 0) + 1));
      this.#options.progress.notify();
    });
    client.on('read', ({ conv, convSeq }) => {
      if (convSeq < (this.reads.get(conv) ?? 0)) this.#fail(`its mark in ${conv} went back`);
      this.reads.set(conv, convSeq);
      this.#options.progress.notify();
    });
    client.on('broadcast', ({ id, change }) => {
      if (change === 'withdrawn') this.#fail(`broadcast ${id} was withdrawn`);
      this.broadcasts.set(id, (this.broadcasts.get(id) ?? 0) + (change === 'new' ? 1 : 0));
      this.#options.progress.notify();
    });
    client.on('error', ({ code, message, retryable }) => {
      if (!retryable) this.#fail(`${code}: ${message}`);
    });
    client.on('reset', ({ reason }) => {
      this.#fail(`reset: ${reason}`);
    });
  }

  #noteOutage(state: ConnectionState): void {
    if (state.state === 'connecting') {
      const outage = (this.#outage ??= { since_ms: performance.now(), attempts: 0, wait_ms: 0 });
      // Waits are told, too.
      if (state.retryInMs === 0) outage.attempts += 1;
      outage.wait_ms = Math.max(outage.wait_ms, state.retryInMs);
      return;
    }
    const outage = this.#outage;
    this.#outage = undefined;
    if (!outage || state.state !== 'connected') return;
    const { since_ms, ...rest } = outage;
    this.outages.push({ length_ms: performance.now() - since_ms, ...rest });
  }

  #fail(what: string): void {
    this.#options.progress.fail(new Error(`${this.name}: ${what}`));
  }
}

/** One of a user's devices: an app on the package, that shows what it is given. */
import { createClient, memoryStorage, type Client, type Target } from 'seqline/node';

import type { Seen } from '../../support/ledger.ts';
import type { Signal } from '../../support/signal.ts';

export interface DeviceOptions {
  user: string;
  device: string;
  url: string;
  token: string;
  /** Told of everything that happens. */
  progress: Signal;
  /** Called for each message that was acknowledged or shown. */
  onEvent: () => void;
}

export class Device {
  readonly user: string;
  readonly name: string;
  readonly client: Client;
  /** What the app was handed, by conversation. */
  readonly shown = new Map<string, Seen[]>();
  /** Broadcasts that the app was told of, and how often as new. */
  readonly broadcasts = new Map<number, number>();
  shownCount = 0;
  /** Messages that were written and not acknowledged yet. */
  unsent = 0;
  readonly #options: DeviceOptions;

  constructor(options: DeviceOptions) {
    const { user, device, url, token } = options;
    this.user = user;
    this.name = `${user}'s ${device}`;
    this.#options = options;
    this.client = createClient(url, {
      token,
      storage: memoryStorage(),
      backoffBaseMs: 20,
      backoffMaxMs: 250,
      // Nothing is given up before its fault has healed.
      sendDeadlineMs: 0,
    });
    this.#listen();
  }

  /** Writes a message. Resolves when it is acknowledged. */
  async send(to: Target, text: string): Promise<void> {
    this.unsent += 1;
    try {
      await this.client.send({ to, body: text });
      this.unsent -= 1;
      this.#options.onEvent();
      this.#options.progress.notify();
    } catch (error) {
      this.#fail(`${JSON.stringify(text)}: ${String(error)}`);
    }
  }

  #listen(): void {
    const { client } = this;
    client.on('message', ({ conv, sender, body }) => {
      const messages = this.shown.get(conv) ?? [];
      messages.push({ sender, text: body as string });
      this.shown.set(conv, messages);
      this.shownCount += 1;
      this.#options.onEvent();
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

  #fail(what: string): void {
    this.#options.progress.fail(new Error(`${this.name}: ${what}`));
  }
}

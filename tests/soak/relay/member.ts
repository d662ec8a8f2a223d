/** A user of the soak: her app, which is closed and opened again, and what she keeps. */
import { createClient, memoryStorage, type Client } from 'seqline/node';

import type { FaultProxy } from '../../support/fault-proxy.ts';
import type { Signal } from '../../support/signal.ts';
import type { Witness } from './witness.ts';

export class Member {
  readonly name: string;
  /** Conversations that she takes part in. */
  readonly convs = new Set<string>();
  /** How often she was told that she missed something. */
  resets = 0;
  /** Ids of messages that are not known to be stored. */
  readonly unsent = new Set<string>();
  readonly #proxy: FaultProxy;
  readonly #token: string;
  readonly #witness: Witness;
  readonly #progress: Signal;
  readonly #storage = memoryStorage();
  #client: Client | undefined;
  #sends = 0;

  constructor(name: string, proxy: FaultProxy, token: string, witness: Witness, progress: Signal) {
    this.name = name;
    this.#proxy = proxy;
    this.#token = token;
    this.#witness = witness;
    this.#progress = progress;
  }

  get isOpen(): boolean {
    return this.#client !== undefined;
  }

  get client(): Client {
    if (!this.#client) throw new Error(`${this.name}'s app is closed`);
    return this.#client;
  }

  /** Opens her app, which goes on from where it was closed. */
  open(): void {
    const client = createClient(this.#proxy.url, {
      token: this.#token,
      storage: this.#storage,
      backoffBaseMs: 100,
      backoffMaxMs: 2_000,
    });
    this.#client = client;
    client.on('message', ({ conv, sender, body }) => {
      this.#witness.show(this.name, conv, sender, body as string);
      this.#progress.notify();
    });
    client.on('status', ({ sent, failure, clientMsgId }) => {
      if (sent) this.unsent.delete(clientMsgId);
      if (failure) this.#fail(`${clientMsgId}: ${failure.message}`);
      this.#progress.notify();
    });
    client.on('reset', () => {
      this.resets += 1;
      this.#witness.excuse(this.name);
    });
    client.on('error', ({ code, message, retryable }) => {
      if (!retryable) this.#fail(`${code}: ${message}`);
    });
    void client.connect();
  }

  /** Closes her app. What is not sent is kept. */
  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.dispose();
  }

  send(conv: string): void {
    const clientMsgId = `${this.name}-${++this.#sends}`;
    this.unsent.add(clientMsgId);
    const body = this.#witness.write(this.name, conv);
    // What becomes of it is told by `status`, also after the app was closed and opened again.
    this.client.send({ to: { conv }, body, clientMsgId }).catch(() => undefined);
  }

  #fail(what: string): void {
    this.#progress.fail(new Error(`${this.name}: ${what}`));
  }
}

/** A user on the package, and what she was shown and refused. */
import { createClient, memoryStorage, type Client } from 'seqline/node';

import type { Seen } from '../support/ledger.ts';
import type { Relay } from '../support/relay.ts';
import { Signal } from '../support/signal.ts';
import { devToken } from '../support/tokens.ts';

const timeout_ms = 90_000;

export class User {
  readonly name: string;
  readonly client: Client;
  readonly shown: Seen[] = [];
  /** Codes of errors that the client told of. */
  readonly errors: string[] = [];
  sent = 0;
  /** Codes of messages that failed. */
  readonly failed: string[] = [];
  readonly #progress = new Signal();

  /** @param url where the relay is reached; by itself, if it is not restarted */
  static async connect(relay: Relay, name: string, url = relay.url): Promise<User> {
    const user = new User(name, url, await devToken(relay.url, name));
    await user.client.connect();
    return user;
  }

  private constructor(name: string, url: string, token: string) {
    this.name = name;
    const backoff = { backoffBaseMs: 20, backoffMaxMs: 250, sendDeadlineMs: 0 };
    this.client = createClient(url, { token, storage: memoryStorage(), ...backoff });
    this.client.on('message', ({ sender, body }) => {
      this.shown.push({ sender, text: body as string });
      this.#progress.notify();
    });
    this.client.on('error', ({ code }) => {
      this.errors.push(code);
      this.#progress.notify();
    });
  }

  /** Writes; what becomes of it is counted. */
  write(peer: string, text: string): void {
    this.client.send({ to: { user: peer }, body: text }).then(
      () => {
        this.sent += 1;
        this.#progress.notify();
      },
      (error: unknown) => {
        this.failed.push((error as { code: string }).code);
        this.#progress.notify();
      },
    );
  }

  async until(condition: () => boolean): Promise<void> {
    await this.#progress.until(condition, timeout_ms, () => {
      const { name, sent, shown, failed, errors } = this;
      return `${name}: ${sent} sent, ${shown.length} shown, failed ${failed.join()}, errors ${errors.join()}`;
    });
  }

  dispose(): Promise<void> {
    return this.client.dispose();
  }
}

/** A member of a group: an app on the package, behind a network of its own that can fail. */
import { createClient, type Client } from 'seqline/node';

import { FaultProxy } from '../support/fault-proxy.ts';
import type { Seen } from '../support/ledger.ts';
import type { Relay } from '../support/relay.ts';
import type { Signal } from '../support/signal.ts';
import { devToken } from '../support/tokens.ts';

export class Member {
  /** What the app was handed of the group, in the order in which it was. */
  readonly shown: (Seen & { convSeq: number })[] = [];
  readonly name: string;
  readonly client: Client;
  readonly proxy: FaultProxy;
  readonly #progress: Signal;
  #sent = 0;

  static async start(
    name: string,
    relay: Relay,
    conv: string,
    progress: Signal,
    onEvent: () => void,
  ): Promise<Member> {
    const token = await devToken(relay.url, name);
    const proxy = await FaultProxy.start(() => relay.port);
    const member = new Member(name, proxy, token, progress);
    member.client.on('message', (message) => {
      if (message.conv !== conv) return;
      const { convSeq, sender, body } = message;
      member.shown.push({ convSeq, sender, text: body as string });
      onEvent();
      progress.notify();
    });
    await member.client.connect();
    return member;
  }

  private constructor(name: string, proxy: FaultProxy, token: string, progress: Signal) {
    this.name = name;
    this.proxy = proxy;
    this.#progress = progress;
    this.client = createClient(proxy.url, { token, backoffBaseMs: 50, backoffMaxMs: 500 });
    this.client.on('error', ({ code, message, retryable }) => {
      if (!retryable) progress.fail(new Error(`${name}: ${code}: ${message}`));
    });
    this.client.on('reset', ({ reason }) => {
      progress.fail(new Error(`${name}: reset: ${reason}`));
    });
  }

  /** Messages that the relay has acknowledged. */
  get sent(): number {
    return this.#sent;
  }

  send(conv: string, text: string): void {
    this.client.send({ to: { conv }, body: text }).then(
      () => {
        this.#sent += 1;
        this.#progress.notify();
      },
      (error: unknown) => {
        this.#progress.fail(new Error(`${this.name}: "${text}": ${String(error)}`));
      },
    );
  }

  async dispose(): Promise<void> {
    await this.client.dispose();
    await this.proxy.stop();
  }
}

/** What an app goes through with one account, in one process after the other. */
import { decode } from 'cborg';
import { createClient, type Client, type Events, type Storage } from 'seqline';
import { expect } from 'vitest';

import { TOKEN, until } from './client.ts';
import type { FakeRelay } from './fake-relay.ts';
import { FaultyStorage, Process, type Fault } from './process.ts';
import { shows } from './wire.ts';

const BAD = 'bad';

/** Everything there is to be told in the end, whatever happened. */
export class Life {
  /** What the app was told of, in each process. Its own disk never fails. */
  readonly taken: Events['message'][][] = [];
  readonly broadcasts: Events['broadcast'][] = [];
  readonly errors: string[] = [];
  readonly #relay: FakeRelay;
  readonly #open: () => Promise<Storage>;
  readonly #sent = new Set<string>();
  /** What it called `send` for. */
  readonly #wanted: string[] = [];
  #hasOpened = false;

  constructor(relay: FakeRelay, open: () => Promise<Storage>) {
    this.#relay = relay;
    this.#open = open;
    relay.answer('broadcasts.seen', ({ ids }) => ({ new: ids }));
    const store = relay.usually('send');
    relay.on('send', (content, socket) => {
      const { client_msg_id, body } = content;
      const error = { code: 'not_allowed', message: 'no', retryable: false, client_msg_id };
      if (body === BAD) socket.say({ error });
      else store(content, socket);
    });
  }

  /** Goes through all of it. @returns whether the fault has come */
  async live(fault?: Fault, nth?: number): Promise<boolean> {
    const first = await this.#process((client) => this.#script(client), fault, nth);
    // What was written last counts: the rest is gone with the process.
    if (!first.isDone) await this.#process((client) => this.#script(client));
    const isKept = fault !== 'hangs' && fault !== 'fails from then on';
    await this.#process((client) => this.#lookBack(client, isKept));
    return first.hasCome;
  }

  async #process(script: (client: Client) => Promise<void>, fault?: Fault, nth?: number) {
    const durable = await this.#unsent();
    const process = new Process();
    const storage = new FaultyStorage(this.#open, process, fault, nth);
    const client = createClient(this.#relay.url, {
      token: TOKEN,
      host: process.host,
      storage: storage.open,
      backoffBaseMs: 10,
      connectTimeoutMs: 1_000_000,
      requestTimeoutMs: 1_000_000,
    });
    this.#listen(client, process);
    const begin = async () => {
      await client.connect();
      // What is kept is sent, though the app does nothing for it.
      await until(() => process.hasEnded || durable.every((body) => this.#stored().includes(body)));
      await script(client);
      await client.dispose();
    };
    const outcome = await Promise.race([begin(), process.ended]);
    process.end();
    return { isDone: outcome !== 'ended', hasCome: storage.hasCome };
  }

  #listen(client: Client, process: Process): void {
    const taken: Events['message'][] = [];
    this.taken.push(taken);
    client.on('message', (event) => {
      if (!process.hasEnded) taken.push(event);
    });
    client.on('broadcast', (event) => {
      if (!process.hasEnded) this.broadcasts.push(event);
    });
    client.on('error', ({ code }) => void this.errors.push(code));
    client.on('status', ({ clientMsgId, status }) => {
      if (status === 'sent') this.#sent.add(clientMsgId);
      if (status === 'failed') client.discard(clientMsgId).catch(() => undefined);
    });
  }

  async #script(client: Client): Promise<void> {
    const relay = this.#relay;
    if (relay.timeline.length === 0) relay.sendMessages(3);
    await this.#hasAll();
    await this.#send(client, 'one', 'two');
    if (relay.publicChanges.length === 0) relay.publish(shows(1));
    await until(() => this.broadcasts.some(({ id }) => id === 1));
    if (!this.#hasOpened) {
      // Another process may have been told of it, and not have kept it.
      await until(() => client.stats().inbox === 0);
      await client.broadcasts();
      await this.#open1(client);
    }
    if (relay.timeline.length < 7) relay.sendMessages(2);
    await this.#hasAll();
    client.disconnect();
    const sending = this.#send(client, 'three');
    await client.connect();
    await sending;
    await client.send({ to: { user: 'bob' }, body: BAD }).catch(() => undefined);
    if (relay.publicChanges.length === 1) relay.publish(shows(1, { version: 2 }), shows(2));
    await this.#hasAll();
    await until(() => this.broadcasts.some(({ id }) => id === 2));
    await until(() => client.stats().outbox === 0);
  }

  async #open1(client: Client): Promise<void> {
    await untilAsync(async () => (await client.broadcasts()).some(({ id }) => id === 1));
    await client.opened(1);
    this.#hasOpened = true;
  }

  /** In a new process, after everything. */
  async #lookBack(client: Client, isKept: boolean): Promise<void> {
    await until(() => client.stats().outbox === 0 && client.stats().cursor === client.stats().head);
    await untilAsync(async () => (await client.broadcasts()).length === 2);
    expect(await client.broadcasts()).toMatchObject([
      { id: 2, version: 1 },
      { id: 1, version: 2, ...(isKept ? { opened: true } : {}) },
    ]);
  }

  /** With ids of the app's own, as it does not know what became of what it sent before. */
  async #send(client: Client, ...bodies: string[]): Promise<void> {
    for (const body of bodies) if (!this.#wanted.includes(body)) this.#wanted.push(body);
    const unsure = this.#wanted.filter((body) => !this.#sent.has(idOf(body)));
    await Promise.all(
      unsure.map(async (body) => {
        await client
          .send({ to: { user: 'bob' }, body, clientMsgId: idOf(body) })
          .catch((error: unknown) => {
            // It is on its way since the process before this one.
            expect(error).toMatchObject({ code: 'id_in_use' });
          });
        await until(() => this.#sent.has(idOf(body)));
      }),
    );
  }

  #hasAll(): Promise<void> {
    return until(() => {
      const seqs = new Set(this.taken.flat().map(({ seq }) => seq));
      return this.#relay.timeline.every(({ seq }) => seqs.has(seq));
    });
  }

  #stored(): string[] {
    return this.#relay.timeline.flatMap(({ item }) => {
      const { sender, body } = item['message'] as { sender: string; body: string };
      return sender === 'alice' ? [body] : [];
    });
  }

  /** Bodies in the outbox that is kept, the refused one left out. */
  async #unsent(): Promise<string[]> {
    const storage = await this.#open();
    const records = await storage.load();
    storage.close();
    return records
      .filter(([key]) => key.startsWith('outbox/'))
      .map(([, record]) => (decode(record) as { draft: { body: string } }).draft.body)
      .filter((body) => body !== BAD);
  }

  /** @throws if anything was lost, doubled or out of order */
  check(): void {
    expect(this.#stored()).toEqual(['one', 'two', 'three']);
    const hellos = this.#relay.all('hello') as { resume?: { cursor: number } }[];
    const cursors = hellos.map(({ resume }) => resume?.cursor ?? 0);
    const told = this.taken.map((process) => process.map(({ seq }) => seq));
    for (const seqs of told) {
      const [start = 1] = seqs;
      expect(seqs).toEqual(seqs.map((_, at) => start + at));
      // It begins where a process began: not later than what the app has, so nothing is left out.
      if (seqs.length > 0) expect(cursors).toContain(start - 1);
    }
    const all = new Set(told.flat());
    expect([...all].sort((a, b) => a - b)).toEqual(this.#relay.timeline.map(({ seq }) => seq));
    for (const id of [1, 2]) {
      const changes = this.broadcasts.filter((event) => event.id === id);
      expect(changes[0]?.change).toBe('new');
    }
    expect(this.#relay.calls('broadcasts.opened')).not.toEqual([]);
  }
}

const idOf = (body: string) => `id-of-${body}-0123456789`;

async function untilAsync(check: () => Promise<boolean>): Promise<void> {
  await expect.poll(check, { timeout: 30_000, interval: 5 }).toBe(true);
}

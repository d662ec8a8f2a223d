// Never a message twice, none lost, all in order, in whatever order pages of history, the list of
// conversations, `status` events and the events of the timeline come.
import type { Events, Message } from 'seqline';
import { storesOf, type MessagesStore, type ShownMessage } from 'seqline/stores';
import { expect, test } from 'vitest';

import { CONV, ME, ModelClient, PEER, settled } from '../support/model-client.ts';
import { Random } from '../../../tests/support/random.ts';

const STEPS = 120;
const seeds = Array.from({ length: 100 }, (_, index) => index + 1);

/** What may happen, the more often the likelier. */
const ACTIONS = [
  ...['receive', 'receive', 'send', 'send', 'storeNext', 'storeNext', 'acknowledge', 'acknowledge'],
  ...['deliverEntry', 'deliverEntry', 'deliverEntry', 'deliverStatus', 'deliverStatus'],
  ...['answer', 'answer', 'deliverAnswer', 'deliverAnswer', 'deliverAnswer'],
  ...['edit', 'recall', 'delete', 'fail', 'retry', 'scrollUp', 'scrollDown', 'markRead'],
  ...['loseConnection', 'lookAway', 'reset'],
] as const;

type Entry = () => Promise<void>;

class World {
  readonly client = new ModelClient();
  readonly stores = storesOf(this.client.asClient);
  readonly store: MessagesStore = this.stores.messages(CONV);
  /** What was sent here. */
  readonly sent = new Set<string>();
  readonly #random: Random;
  #timeline: Entry[] = [];
  #statuses: Events['status'][] = [];
  #failed: { clientMsgId: string; body: string }[] = [];
  #unacknowledged: Message[] = [];
  #stops: (() => void)[] = [];

  constructor(random: Random) {
    this.#random = random;
    const before = random.pick([0, 3, 120, 700]);
    for (let count = 0; count < before; count += 1) this.client.store(PEER, this.client.name());
    this.look();
    void this.client.goOnline();
  }

  step(): Promise<void> | void {
    return this[this.#random.pick(ACTIONS)]();
  }

  /** Everything that is on its way arrives. */
  async settle(): Promise<void> {
    this.look();
    if (this.client.state.state !== 'connected') await this.client.goOnline();
    while (this.#failed.length > 0) this.retry();
    while (this.client.waiting.length > 0) this.storeNext();
    while (this.#unacknowledged.length > 0) this.acknowledge();
    while (this.#statuses.length > 0) await this.deliverStatus();
    while (this.#timeline.length > 0) {
      const delivered = this.deliverEntry();
      await this.client.answerAll();
      await delivered;
    }
    await this.client.answerAll();
    const back = this.store.toNewest();
    await this.client.answerAll();
    await back;
    await this.client.answerAll();
  }

  async scrollUp(): Promise<void> {
    const loading = this.store.loadOlder();
    await settled();
    if (this.#random.chance(0.5)) await this.client.answerAll();
    void loading;
  }

  look(): void {
    if (this.#stops.length > 0) return;
    const { conversations } = this.stores;
    this.#stops = [this.store, conversations].map((store) => store.subscribe(() => undefined));
  }

  private receive(): void {
    const message = this.client.store(PEER, this.client.name());
    this.#timeline.push(() => this.#tell(message));
  }

  private send(): void {
    const { clientMsgId } = this.store.send(`text of ${this.sent.size}`);
    this.sent.add(clientMsgId);
    const draft = this.#draftOf(clientMsgId, `text of ${this.sent.size - 1}`);
    this.#statuses.push(
      { clientMsgId, status: 'queued', draft },
      { clientMsgId, status: 'sending' },
    );
  }

  private storeNext(): void {
    const next = this.client.waiting.shift();
    if (!next) return;
    const message = this.client.store(ME, next.clientMsgId, next.body);
    this.#unacknowledged.push(message);
    this.#timeline.push(() => this.#tell(message));
  }

  private acknowledge(): void {
    const message = this.#unacknowledged.shift();
    if (!message) return;
    const { clientMsgId, msgId, conv, convSeq, createdAt } = message;
    this.#statuses.push({ clientMsgId, status: 'sent', sent: { msgId, conv, convSeq, createdAt } });
  }

  private fail(): void {
    const last = this.client.waiting.pop();
    if (!last) return;
    this.#failed.push(last);
    const failure = { code: 'timeout', message: 'late', retryable: true };
    this.#statuses.push({ clientMsgId: last.clientMsgId, status: 'failed', failure });
  }

  private retry(): void {
    const next = this.#failed.shift();
    if (!next) return;
    const { clientMsgId, body } = next;
    this.client.waiting.push(next);
    const draft = this.#draftOf(clientMsgId, body);
    this.#statuses.push({ clientMsgId, status: 'queued', draft });
  }

  private edit(): void {
    this.#change(
      ({ recalled }) => !recalled,
      (message) => {
        const editedAt = 1_000_000 + this.client.calls.length + this.#timeline.length;
        const now = {
          ...message,
          body: `edited at ${editedAt}`,
          editedAt: Math.max(editedAt, (message.editedAt ?? 0) + 1),
        };
        this.#timeline.push(() =>
          this.client.emit('edit', { ...now, seq: 1, own: now.sender === ME }),
        );
        return now;
      },
    );
  }

  private recall(): void {
    this.#change(
      ({ recalled }) => !recalled,
      (message) => {
        const { conv, convSeq, msgId, sender } = message;
        this.#timeline.push(() =>
          this.client.emit('recall', { conv, convSeq, msgId, by: sender, seq: 1 }),
        );
        return { ...message, recalled: true, body: '' };
      },
    );
  }

  private delete(): void {
    this.#change(
      ({ convSeq }) => !this.client.deleted.has(convSeq),
      (message) => {
        const { conv, convSeq } = message;
        this.client.deleted.add(convSeq);
        this.#timeline.push(() => this.client.emit('delete', { conv, convSeq, seq: 1 }));
        return message;
      },
    );
  }

  /** One of the messages, a late one more often than not. */
  #change(fits: (message: Message) => boolean, how: (message: Message) => Message): void {
    const late = this.#random.chance(0.7);
    const found = (late ? this.client.visible.slice(-30) : this.client.visible).filter(fits);
    if (found.length === 0) return;
    const message = this.#random.pick(found);
    const now = how(message);
    this.client.stored = this.client.stored.map((one) => (one === message ? now : one));
  }

  /** The relay has an answer, which is on its way from now on. */
  private answer(): void {
    const question = this.client.questions.find(({ answer }) => !answer);
    if (question) question.answer = { value: question.read() };
  }

  private deliverAnswer(): void {
    const at = this.client.questions.findIndex(({ answer }) => answer);
    const [question] = at < 0 ? [] : this.client.questions.splice(at, 1);
    if (question?.answer) question.resolve(question.answer.value);
  }

  private async deliverEntry(): Promise<void> {
    const entry = this.#timeline.shift();
    // Nobody takes messages while nobody looks.
    if (entry && this.#stops.length === 0) this.#timeline.unshift(entry);
    else await entry?.();
  }

  private async deliverStatus(): Promise<void> {
    const next = this.#statuses.shift();
    if (next) await this.client.emit('status', next);
  }

  private async scrollDown(): Promise<void> {
    void (this.#random.chance(0.5) ? this.store.toNewest() : this.store.loadNewer());
    await settled();
  }

  private async markRead(): Promise<void> {
    this.store.markRead();
    const convSeq = this.client.read;
    if (convSeq > 0) {
      this.#timeline.push(() => this.client.emit('read', { conv: CONV, convSeq, seq: 1 }));
    }
    await settled();
  }

  private async loseConnection(): Promise<void> {
    if (this.client.state.state !== 'connected') await this.client.goOnline();
    else if (this.#random.chance(0.3)) await this.client.goOffline();
  }

  private lookAway(): void {
    if (this.#stops.length === 0) {
      this.look();
    } else if (this.#random.chance(0.3)) {
      for (const stop of this.#stops.splice(0)) stop();
    }
  }

  /** The relay cannot continue: what was in the timeline is to be read from history. */
  private async reset(): Promise<void> {
    if (this.#stops.length === 0 || this.#random.chance(0.9)) return;
    if (this.client.state.state !== 'connected') await this.client.goOnline();
    this.#timeline = [];
    const done = this.client.emit('reset', { reason: 'below_floor', head: 0 });
    await settled();
    await this.client.answerAll();
    await done;
  }

  #tell({ convSeq }: Message): Promise<void> {
    // Entries are pointers: what is handed over reads as it reads now.
    const message = this.client.stored[convSeq - 1];
    if (!message || this.client.deleted.has(convSeq)) return Promise.resolve();
    const event = { ...structuredClone(message), seq: convSeq, own: message.sender === ME };
    return this.client.emit('message', event);
  }

  #draftOf(clientMsgId: string, body: string) {
    return { clientMsgId, to: { user: PEER }, kind: 'text', body };
  }
}

test.each(seeds)(
  'every message once and in order, whatever the interleaving (seed %i)',
  async (seed) => {
    const world = new World(new Random(seed));
    for (let step = 0; step < STEPS; step += 1) {
      await world.step();
      await settled();
      checkAlways(world, `step ${step}`);
    }
    await world.settle();
    await checkAtRest(world);
  },
);

/** What holds at every moment. */
function checkAlways({ client, store, sent }: World, when: string): void {
  const { messages, hasNewer, isLoaded } = store.get();
  const keys = messages.map(({ key }) => key);
  ensure(new Set(keys).size === keys.length, when, 'a message is shown twice', keys);

  const placed = messages.filter(({ convSeq }) => convSeq !== undefined);
  const positions = placed.map(({ convSeq = 0 }) => convSeq);
  ensure(isAscending(positions), when, 'messages are out of order', positions);
  ensure(
    messages.slice(placed.length).every(({ convSeq }) => convSeq === undefined),
    when,
    'one on its way stands before a stored one',
    messages.map(({ convSeq }) => convSeq),
  );

  const [first = 0] = positions;
  // Own ones that were stored ahead of a hole stand behind it until it is filled.
  const end = placed.findLast(({ own }) => !own)?.convSeq ?? 0;
  const has = new Set(positions);
  const missing = client.visible.filter(
    ({ convSeq }) => convSeq > first && convSeq < end && !has.has(convSeq),
  );
  ensure(!isLoaded || missing.length === 0, when, 'a hole', missing);

  const lost = [...sent].filter(
    (id) => !keys.includes(id) && !hasNewer && isLost(client, id, first),
  );
  ensure(lost.length === 0 || !isLoaded, when, 'a message that was sent is not shown', lost);
}

/** Whether a message that is not shown should be. */
function isLost(client: ModelClient, id: string, first: number): boolean {
  const stored = client.stored.find(
    ({ clientMsgId, sender }) => sender === ME && clientMsgId === id,
  );
  if (!stored) return true;
  return !client.deleted.has(stored.convSeq) && stored.convSeq > first;
}

/** What holds when everything has arrived, from the newest message back to the first. */
async function checkAtRest(world: World): Promise<void> {
  const { client, store, stores } = world;
  expect(stores.conversations.get().conversations.map(({ unread }) => unread)).toEqual(
    client.stored.length > 0 ? [client.unread] : [],
  );
  expect(store.get()).toMatchObject({ isLoaded: true, isLoading: false, hasNewer: false });

  const seen = new Map<number, ShownMessage>();
  for (;;) {
    checkAlways(world, 'scrolling up');
    for (const message of store.get().messages) seen.set(message.convSeq ?? -1, message);
    if (!store.get().hasOlder) break;
    const loading = store.loadOlder();
    await settled();
    await client.answerAll();
    await loading;
  }
  expect(store.get().messages.length).toBeLessThanOrEqual(500);
  const inOrder = [...seen.values()].sort((a, b) => (a.convSeq ?? 0) - (b.convSeq ?? 0));
  const strip = ({ convSeq, clientMsgId, sender, body, recalled }: Message | ShownMessage) => ({
    ...{ convSeq, clientMsgId, sender, body, recalled },
  });
  expect(inOrder.map(strip)).toEqual(client.visible.map(strip));
}

// Not `expect`: these run very often.
function ensure(condition: boolean, when: string, problem: string, shown: unknown): void {
  if (!condition) throw new Error(`${when}: ${problem}: ${JSON.stringify(shown)}`);
}

const isAscending = (numbers: number[]): boolean =>
  numbers.every((number, index) => number > (numbers[index - 1] ?? -1));

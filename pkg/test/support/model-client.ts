/**
 * A client and the relay behind it in a few lines, in the hands of a test: what is asked is
 * answered, and what happens is told, whenever the test says.
 */
import type {
  Broadcast,
  Client,
  ConnectionState,
  Conversation,
  ConversationPage,
  DraftMessage,
  EventName,
  Events,
  HistoryPage,
  HistoryQuery,
  Message,
  SendResult,
  Sent,
} from 'seqline';

export const ME = 'alice';
export const PEER = 'bob';
export const CONV = 'dm:alice:bob';

/** Something that was asked for, and its answer, once the relay has one. */
interface Question<T> {
  read: () => T;
  answer?: { value: T };
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
}

export const nothing = (): Promise<void> => Promise.resolve();

type AnyHandler = (event: never) => unknown;

/** As much of a client as the stores use. */
export class ModelClient {
  state: ConnectionState = { state: 'disconnected', reason: 'initial' };
  user: string | undefined = ME;
  /** All that the relay has, in order; the nth has the position n. */
  stored: Message[] = [];
  /** Deleted by this user: positions that are missing from history. */
  readonly deleted = new Set<number>();
  read = 0;
  /** Messages that the client has taken, and the relay has not. */
  waiting: { clientMsgId: string; body: string }[] = [];
  readonly questions: Question<never>[] = [];
  readonly calls: string[] = [];
  /** What only some tests need. */
  presence: Pick<Client['presence'], 'watch' | 'unwatch'> = { watch: nothing, unwatch: nothing };
  broadcasts = (): Promise<Broadcast[]> => Promise.resolve([]);
  opened: Client['opened'] = nothing;
  ephemeral: Client['ephemeral'] = nothing;
  retry: Client['retry'] = () => new Promise(() => undefined);
  discard: Client['discard'] = nothing;
  readonly #handlers = new Map<string, Set<AnyHandler>>();
  #names = 0;

  /** For what takes a client. */
  get asClient(): Client {
    return this as unknown as Client;
  }

  /** How many handlers there are, by event. */
  get handlerCounts(): Record<string, number> {
    const counts = [...this.#handlers].map(([name, handlers]) => [name, handlers.size] as const);
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  }

  on(name: EventName, handler: AnyHandler): () => void {
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  /** Tells of something. Resolves when all handlers are done. */
  async emit<E extends EventName>(name: E, event: Events[E]): Promise<void> {
    if (name === 'state') this.state = event as ConnectionState;
    for (const handler of [...(this.#handlers.get(name) ?? [])]) await handler(event as never);
  }

  goOnline(): Promise<void> {
    return this.emit('state', { state: 'connected', user: ME, session: 's', transport: 'socket' });
  }

  async goOffline(): Promise<void> {
    await this.emit('state', { state: 'connecting', attempt: 1, retryInMs: 500, offline: false });
    const error = Object.assign(new Error('lost'), { code: 'connection_lost', retryable: true });
    for (const { reject } of this.questions.splice(0)) reject(error);
  }

  history(conv: string, { before = Infinity, after, limit = 50 }: HistoryQuery = {}) {
    this.calls.push(`history ${conv}`);
    return this.#ask((): HistoryPage => {
      const from = after ?? 0;
      const all = conv === CONV ? this.visible : [];
      const shown = all.filter(({ convSeq }) => convSeq < before && convSeq > from);
      const chosen = after === undefined ? shown.slice(-limit) : shown.slice(0, limit);
      return { messages: structuredClone(chosen), more: shown.length > limit };
    });
  }

  conversations() {
    this.calls.push('conversations');
    return this.#ask((): ConversationPage => ({ conversations: this.listed }));
  }

  send(draft: DraftMessage): SendResult {
    const clientMsgId = draft.clientMsgId ?? this.name();
    this.waiting.push({ clientMsgId, body: draft.body as string });
    // Told by `status` events.
    return Object.assign(new Promise<Sent>(() => undefined), { clientMsgId });
  }

  markRead(_conv: string, convSeq: number): Promise<void> {
    this.calls.push(`read ${convSeq}`);
    this.read = Math.max(this.read, convSeq);
    return Promise.resolve();
  }

  name(): string {
    this.#names += 1;
    return `c${this.#names}`;
  }

  /** The relay stores a message. */
  store(sender: string, clientMsgId: string, body = `text ${clientMsgId}`): Message {
    const convSeq = this.stored.length + 1;
    const message: Message = {
      msgId: convSeq,
      clientMsgId,
      sender,
      conv: CONV,
      convSeq,
      kind: 'text',
      body,
      priority: 'normal',
      createdAt: convSeq,
      recalled: false,
      replaced: false,
      mentions: [],
    };
    this.stored.push(message);
    return message;
  }

  /** Stored from another one, and told of. */
  async receive(text: string): Promise<Message> {
    const message = this.store(PEER, this.name(), text);
    await this.emit('message', { ...message, seq: message.convSeq, own: false });
    return message;
  }

  /** What the relay shows in all. */
  get visible(): Message[] {
    return this.stored.filter(({ convSeq }) => !this.deleted.has(convSeq));
  }

  get unread(): number {
    return this.visible.filter(({ sender, convSeq }) => sender === PEER && convSeq > this.read)
      .length;
  }

  get listed(): Conversation[] {
    const last = this.visible.at(-1);
    if (this.stored.length === 0) return [];
    return [
      {
        conv: CONV,
        peer: PEER,
        head: this.stored.length,
        ...(last ? { last: structuredClone(last) } : {}),
        unread: this.unread,
        read: this.read,
        receipts: [],
        activeAt: this.stored.length,
        crowd: false,
      },
    ];
  }

  /** The relay answers all that was asked, and the answers arrive. */
  async answerAll(): Promise<void> {
    do {
      for (const question of this.questions.splice(0)) {
        question.resolve((question.answer ?? { value: question.read() }).value);
      }
      await settled();
    } while (this.questions.length > 0);
  }

  #ask<T>(read: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.questions.push({ read, resolve, reject } as unknown as Question<never>);
    });
  }
}

/** Everything that is under way here gets its turn. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A client and its relay as far as a cache looks at them: everything is known, nothing is random. */
import type {
  Conversation,
  ConversationPage,
  EventName,
  Events,
  Handler,
  HistoryPage,
  HistoryQuery,
  Message,
} from 'seqline';
import type { CachedClient } from 'seqline/cache';

import { CREATED_MS } from './wire.ts';

const ME = 'alice';
const PAGE = 3;

type Told = {
  [Name in 'message' | 'edit' | 'recall' | 'delete' | 'read' | 'receipt' | 'group']: {
    name: Name;
    event: (seq: number) => Events[Name];
  };
}['message' | 'edit' | 'recall' | 'delete' | 'read' | 'receipt' | 'group'];

interface Kept {
  messages: Message[];
  deleted: Set<number>;
  read: number;
  title?: string;
}

/** What the relay has: conversations, and alice's timeline. */
export class RelayModel {
  readonly conversations = new Map<string, Kept>();
  readonly timeline: Told[] = [];
  #clock = CREATED_MS;

  kept(conv: string): Kept {
    const kept = this.conversations.get(conv) ?? { messages: [], deleted: new Set(), read: 0 };
    this.conversations.set(conv, kept);
    return kept;
  }

  message(conv: string, sender: string, changes: Partial<Message> = {}): void {
    const { messages } = this.kept(conv);
    this.#clock += 1;
    const convSeq = messages.length + 1;
    const message: Message = {
      msgId: this.#clock,
      clientMsgId: `${conv}-${convSeq}`,
      sender,
      conv,
      convSeq,
      kind: 'text',
      body: `text ${convSeq}`,
      priority: 'normal',
      createdAt: this.#clock,
      recalled: false,
      replaced: false,
      mentions: [],
      ...changes,
    };
    messages.push(message);
    // As it is when it is told, not as it was.
    this.timeline.push({
      name: 'message',
      event: (seq) => ({ ...copy(message), seq, own: sender === ME }),
    });
  }

  edit(conv: string, convSeq: number): void {
    const message = this.#message(conv, convSeq);
    if (!message || message.recalled) return;
    this.#clock += 1;
    Object.assign(message, { body: `edited ${this.#clock}`, editedAt: this.#clock });
    this.timeline.push({
      name: 'edit',
      event: (seq) => ({ ...copy(message), seq, own: message.sender === ME }),
    });
  }

  recall(conv: string, convSeq: number): void {
    const message = this.#message(conv, convSeq);
    if (!message) return;
    Object.assign(message, { body: '', recalled: true, mentions: [] });
    const { msgId, sender } = message;
    this.timeline.push({
      name: 'recall',
      event: (seq) => ({ seq, conv, convSeq, msgId, by: sender }),
    });
  }

  delete(conv: string, convSeq: number): void {
    if (!this.#message(conv, convSeq)) return;
    this.kept(conv).deleted.add(convSeq);
    this.timeline.push({ name: 'delete', event: (seq) => ({ seq, conv, convSeq }) });
  }

  read(conv: string, convSeq: number): void {
    const kept = this.kept(conv);
    if (convSeq <= kept.read || convSeq > kept.messages.length) return;
    kept.read = convSeq;
    this.timeline.push({ name: 'read', event: (seq) => ({ seq, conv, convSeq }) });
  }

  rename(conv: string, title: string): void {
    this.kept(conv).title = title;
    this.#clock += 1;
    const at = this.#clock;
    this.timeline.push({ name: 'group', event: (seq) => ({ seq, conv, at, op: 'edited', title }) });
  }

  /** An entry of the timeline that the app is not told of. */
  silent(): void {
    this.timeline.push({
      name: 'receipt',
      event: (seq) => ({ seq, conv: 'dm:alice:nobody', user: 'nobody', delivered: 0, read: 0 }),
    });
  }

  /** What a user who sees everything sees, ascending. */
  visible(conv: string): Message[] {
    const { messages, deleted } = this.kept(conv);
    return messages.filter(({ convSeq }) => !deleted.has(convSeq)).map(copy);
  }

  row(conv: string): Conversation {
    const { messages, read, title } = this.kept(conv);
    const visible = this.visible(conv);
    const last = visible.at(-1);
    return {
      conv,
      head: messages.length,
      ...(last?.convSeq === messages.length ? { last } : {}),
      unread: visible.filter(({ convSeq, sender }) => convSeq > read && sender !== ME).length,
      read,
      receipts: [],
      activeAt: messages.at(-1)?.createdAt ?? 0,
      crowd: false,
      ...(title === undefined ? {} : { title }),
    };
  }

  rows(): Conversation[] {
    return [...this.conversations.keys()]
      .map((conv) => this.row(conv))
      .sort((one, other) => other.activeAt - one.activeAt);
  }

  #message(conv: string, convSeq: number): Message | undefined {
    return this.kept(conv).messages[convSeq - 1];
  }
}

/** One process of a client. */
export class ModelClient implements CachedClient {
  readonly user = ME;
  state: CachedClient['state'] = { state: 'disconnected', reason: 'initial' };
  asked = 0;
  cursor: number;
  readonly #relay: RelayModel;
  readonly #handlers = new Map<EventName, Set<Handler<EventName>>>();

  constructor(relay: RelayModel, cursor: number) {
    this.#relay = relay;
    this.cursor = cursor;
  }

  readonly on = <E extends EventName>(name: E, handler: Handler<E>): (() => void) => {
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers.add(handler as never));
    return () => {
      handlers.delete(handler as never);
    };
  };

  readonly stats = () => ({ cursor: this.cursor }) as ReturnType<CachedClient['stats']>;

  readonly conversations = Object.assign(
    async ({ page = '0' }: { page?: string } = {}): Promise<ConversationPage> => {
      const start = Number(page);
      const rows = this.#relay.rows();
      const conversations = copy(rows.slice(start, start + PAGE));
      await this.#answer();
      const isLast = start + PAGE >= rows.length;
      return { conversations, ...(isLast ? {} : { next: String(start + PAGE) }) };
    },
    { clear: () => Promise.resolve() },
  );

  readonly history = async (conv: string, query: HistoryQuery = {}): Promise<HistoryPage> => {
    const { before = Infinity, after = 0, limit = 50 } = query;
    const there = this.#relay
      .visible(conv)
      .filter(({ convSeq }) => convSeq < before && convSeq > after);
    const isForward = query.after !== undefined;
    const messages = isForward ? there.slice(0, limit) : there.slice(-limit);
    await this.#answer();
    return { messages, more: there.length > messages.length };
  };

  connect(): void {
    this.state = { state: 'connected', user: ME, session: 's', transport: 'socket' };
    this.emit('state', this.state);
  }

  emit<E extends EventName>(name: E, event: Events[E]): void {
    for (const handler of this.#handlers.get(name) ?? []) void handler(event);
  }

  /** Hands over what comes next, as the client does: the cursor moves when all have it. */
  async deliver(count = Infinity): Promise<void> {
    const end = Math.min(this.#relay.timeline.length, this.cursor + count);
    while (this.cursor < end) {
      const told = this.#relay.timeline[this.cursor];
      if (!told) return;
      await this.handOver(told.name, told.event(this.cursor + 1));
      this.cursor += 1;
    }
    if (end === this.#relay.timeline.length) this.emit('synced', { cursor: end });
  }

  async handOver<E extends EventName>(name: E, event: Events[E]): Promise<void> {
    for (const handler of this.#handlers.get(name) ?? []) await handler(event);
  }

  async #answer(): Promise<void> {
    this.asked += 1;
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    this.asked -= 1;
  }
}

/** What goes over a wire is another object. */
function copy<T>(value: T): T {
  return structuredClone(value);
}

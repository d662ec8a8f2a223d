// A client in the hands of a test: it emits what the test says, and notes what it is asked.
import type {
  Client,
  ConnectionState,
  ConversationPage,
  EventName,
  Events,
  Handler,
  HistoryPage,
  HistoryQuery,
  Sent,
} from 'seqline';

import { conv as dm, me } from '../store/builders.ts';

export class FakeClient implements Client {
  state: ConnectionState = { state: 'disconnected', reason: 'initial' };
  user = me;
  /** Every call, as `name argument …`. */
  readonly calls: string[] = [];
  /** What `history` answers. */
  pages: (conv: string, query: HistoryQuery) => Promise<HistoryPage> = () =>
    Promise.resolve({ messages: [], more: false });
  lists: () => Promise<ConversationPage> = () => Promise.resolve({ conversations: [] });
  marks: () => Promise<void> = () => Promise.resolve();
  outcome: () => Promise<Sent> = () => new Promise(() => undefined);
  private readonly handlers = new Map<string, ((event: never) => unknown)[]>();
  private sends = 0;

  emit<E extends EventName>(name: E, event: Events[E]): void {
    if (name === 'state') this.state = event as ConnectionState;
    for (const handler of this.handlers.get(name) ?? []) handler(event as never);
  }

  goOnline(): void {
    this.emit('state', { state: 'connected', user: me, session: 's' });
  }

  goOffline(): void {
    this.emit('state', { state: 'connecting', attempt: 1, retryInMs: 500, offline: false });
  }

  on<E extends EventName>(name: E, handler: Handler<E>): () => void {
    this.handlers.set(name, [...(this.handlers.get(name) ?? []), handler]);
    return () => undefined;
  }

  off(): void {
    throw new Error('Nobody stops listening.');
  }

  connect(): Promise<void> {
    this.calls.push('connect');
    return Promise.resolve();
  }

  disconnect(): void {
    this.calls.push('disconnect');
  }

  dispose(): Promise<void> {
    this.calls.push('dispose');
    return Promise.resolve();
  }

  send(draft: Parameters<Client['send']>[0]): ReturnType<Client['send']> {
    this.sends += 1;
    const clientMsgId = draft.clientMsgId ?? `c${this.sends}`;
    this.calls.push(`send ${clientMsgId} ${JSON.stringify(draft.body)}`);
    return Object.assign(this.outcome(), { clientMsgId });
  }

  retry(clientMsgId: string): Promise<Sent> {
    this.calls.push(`retry ${clientMsgId}`);
    return this.outcome();
  }

  discard(clientMsgId: string): Promise<void> {
    this.calls.push(`discard ${clientMsgId}`);
    return Promise.resolve();
  }

  recall(conv: string, convSeq: number): Promise<void> {
    this.calls.push(`recall ${conv} ${convSeq}`);
    return Promise.resolve();
  }

  history(conv: string, query: HistoryQuery = {}): Promise<HistoryPage> {
    const { before, after } = query;
    const from = [
      ...(before ? [`before ${before}`] : []),
      ...(after === undefined ? [] : [`after ${after}`]),
    ];
    this.calls.push(['history', ...from].join(' '));
    return this.pages(conv, query);
  }

  conversations(): Promise<ConversationPage> {
    this.calls.push('conversations');
    return this.lists();
  }

  markRead(conv: string, convSeq: number): Promise<void> {
    this.calls.push(`read ${conv === dm ? '' : `${conv} `}${convSeq}`);
    return this.marks();
  }

  ephemeral(): Promise<void> {
    this.calls.push('ephemeral');
    return Promise.resolve();
  }

  stats(): never {
    throw new Error('The inspector is not open.');
  }
}

/** Everything that is under way gets its turn. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

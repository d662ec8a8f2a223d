// A client in the hands of a test: it emits what the test says, and notes what it is asked.
import type {
  Broadcast,
  Client,
  ConnectionState,
  ConversationPage,
  Devices,
  EventName,
  Events,
  Groups,
  Handler,
  HistoryPage,
  HistoryQuery,
  Messages,
  MethodName,
  MethodParams,
  MethodValue,
  PresenceCalls,
  Rooms,
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
    this.emit('state', { state: 'connected', user: me, session: 's', transport: 'socket' });
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

  readonly conversations = Object.assign(
    () => {
      this.calls.push('conversations');
      return this.lists();
    },
    { clear: (conv: string) => this.call('conversations.clear', { conv }) },
  );

  /** Every method, as `name {params}`; answered by `answers`. */
  call<M extends MethodName>(method: M, params: MethodParams<M>): Promise<MethodValue<M>> {
    this.calls.push(`${method} ${JSON.stringify(params)}`);
    const answer = this.answers[method];
    return Promise.resolve(
      (answer ? answer(params as Record<string, unknown>) : {}) as MethodValue<M>,
    );
  }
  /** What methods give, by name; `{}` unless said otherwise. A promise may be rejected. */
  answers: Record<string, (params: Record<string, unknown>) => unknown> = {};

  readonly groups: Groups = {
    create: (group) => this.call('groups.create', group),
    get: (conv) => this.call('groups.get', { conv }),
    members: (conv, query) => this.call('groups.members', { ...query, conv }),
    invite: (conv, users) => this.call('groups.invite', { conv, users }),
    join: (conv) => this.call('groups.join', { conv }),
    leave: (conv) => this.call('groups.leave', { conv }),
    remove: (conv, users) => this.call('groups.remove', { conv, users }),
    transfer: (conv, user) => this.call('groups.transfer', { conv, user }),
    role: (conv, user, role) => this.call('groups.role', { conv, user, role }),
    mute: (conv, user, until) => this.call('groups.mute', { conv, user, until }),
    muteAll: (conv, muted) => this.call('groups.mute_all', { conv, muted }),
    edit: (conv, changes) => this.call('groups.edit', { conv, ...changes }),
    dissolve: (conv) => this.call('groups.dissolve', { conv }),
  };
  readonly messages: Messages = {
    edit: (conv, convSeq, body) =>
      this.call('messages.edit', { conv, convSeq, body: body as string }),
    delete: (conv, convSeq) => this.call('messages.delete', { conv, convSeq }),
    list: (conv, query) => this.call('messages.list', { ...query, conv }),
    receipts: (conv, convSeq) => this.call('messages.receipts', { conv, convSeq }),
    search: (text, query) => this.call('messages.search', { ...query, text }),
  };
  readonly devices: Devices = {
    list: () => this.call('devices.list', {}),
    end: (device) => this.call('devices.end', { device }),
  };
  readonly presence: PresenceCalls = {
    share: (shared) => this.call('presence.share', { shared }),
    get: (users) => this.call('presence.get', { users }),
    watch: (users) => this.call('presence.watch', { users }),
    unwatch: (users) => this.call('presence.unwatch', { users }),
  };
  readonly rooms: Rooms = {
    join: (conv) => this.call('rooms.join', { conv }),
    leave: (conv) => this.call('rooms.leave', { conv }),
    send: (conv, body) => this.call('rooms.send', { conv, body: body as string }),
  };

  /** What the device holds of the public mailbox. */
  held: Broadcast[] = [];
  openings: () => Promise<void> = () => Promise.resolve();

  broadcasts(): Promise<Broadcast[]> {
    return Promise.resolve(this.held);
  }

  opened(id: number): Promise<void> {
    this.calls.push(`opened ${id}`);
    return this.openings();
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

  report(): never {
    throw new Error('Nobody reports a bug.');
  }
}

/** Everything that is under way gets its turn. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

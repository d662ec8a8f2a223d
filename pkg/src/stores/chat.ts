/** Conversations and their messages, kept up to date by the client's events while somebody looks. */
import { peerOf } from '../conversations.js';
import { rebuild } from '../rebuild.js';
import type { Client, Conversation, Events, Failure, Message, Sent } from '../types.js';
import { amend, edited, Meanwhile, recalled, removed, type Amendment } from './amendments.js';
import { failureOf } from '../error.js';
import { OpenConversation, type ConversationParts, type MessagesStore } from './messages.js';
import { Shared, View, type Observable } from './observable.js';
import { Outbox, storedForm, type Outgoing } from './outbox.js';
import { Rows } from './rows.js';

/** Conversations whose messages stay in memory after they were looked at. */
const IDLE_MAX = 8;
/** Messages kept of each of those. */
const IDLE_MESSAGES_MAX = 100;
/** Conversations whose store is kept for the next who asks for it. */
const KNOWN_MAX = 64;

/** The user's conversations, as far as they are loaded. */
export interface ConversationsState {
  /** Most recently active first. At most 1,000. */
  conversations: readonly Conversation[];
  /** Whether the first page has come. */
  isLoaded: boolean;
  isLoading: boolean;
  /** Whether there are further ones, for `loadMore()`. */
  hasMore: boolean;
  /** Why they could not be loaded. The next connection tries again. */
  failure?: Failure;
}

/** The user's conversations. They are kept up to date while somebody listens. */
export interface ConversationsStore extends Observable<ConversationsState> {
  /** Loads the next page. Does nothing if there is none. */
  readonly loadMore: () => Promise<void>;
}

/** What is unread. */
export interface Unread {
  /** In the conversations that are loaded. */
  messages: number;
  /** Conversations with something unread. */
  conversations: number;
  /** Conversations with an unread message that mentions this user. */
  mentioned: number;
  /** False while there are conversations that are not loaded. */
  isComplete: boolean;
}

const NO_CONVERSATIONS: ConversationsState = {
  conversations: [],
  isLoaded: false,
  isLoading: false,
  hasMore: false,
};

const NOTHING_UNREAD: Unread = { messages: 0, conversations: 0, mentioned: 0, isComplete: false };

interface ListState {
  isLoaded: boolean;
  isLoading: boolean;
  /** Asks for the next page. */
  next?: string;
  failure?: Failure;
}

const noList = (): ListState => ({ isLoaded: false, isLoading: false });

export class Chat {
  readonly conversations: ConversationsStore;
  readonly unread: Observable<Unread>;
  readonly #client: Client;
  readonly #outbox = new Outbox();
  readonly #rows = new Rows();
  readonly #meanwhile = new Meanwhile();
  readonly #listView: View<ConversationsState>;
  readonly #unreadView: View<Unread>;
  readonly #running = new Shared(() => this.#start());
  /** By conversation, those that were asked for last at the end. */
  readonly #known = new Map<string, OpenConversation>();
  /** Whose messages are in memory, those that were looked at last at the end. */
  readonly #open = new Set<OpenConversation>();
  /** Read marks that the relay has not confirmed, by conversation. */
  readonly #marks = new Map<string, number>();
  readonly #parts: ConversationParts;
  #list = noList();
  #mustReload = false;

  constructor(client: Client) {
    this.#client = client;
    const watched = (isWatched: boolean) => {
      if (isWatched) this.#running.use();
      else this.#running.release();
    };
    this.#listView = new View({ initial: NO_CONVERSATIONS, read: () => this.#readList(), watched });
    this.#unreadView = new View({
      initial: NOTHING_UNREAD,
      read: () => this.#readUnread(),
      watched,
    });
    this.unread = this.#unreadView;
    const { get, subscribe, initial } = this.#listView;
    this.conversations = { get, subscribe, initial, loadMore: () => this.#loadMore() };
    this.#parts = {
      client,
      outbox: this.#outbox,
      meanwhile: this.#meanwhile,
      row: (conv) => this.#rows.get(conv),
      watched: (conversation, isWatched) => {
        watched(isWatched);
        this.#watched(conversation, isWatched);
      },
      outboxChanged: () => {
        for (const { view } of this.#open) view.changed();
      },
      discarded: (clientMsgId) => {
        this.#discarded(clientMsgId);
      },
      markRead: (conv, convSeq) => {
        this.#markRead(conv, convSeq);
      },
    };
    // Holds nothing back, and tells only once of what comes back from storage.
    client.on('status', (event) => {
      this.#status(event);
    });
    client.on('discard', ({ clientMsgId }) => {
      this.#discarded(clientMsgId);
    });
  }

  messages(conv: string): MessagesStore {
    const conversation = this.#known.get(conv) ?? new OpenConversation(conv, this.#parts);
    this.#known.delete(conv);
    this.#known.set(conv, conversation);
    for (const [oldest, { view }] of this.#known) {
      if (this.#known.size <= KNOWN_MAX) break;
      if (!view.isWatched && oldest !== conv) this.#known.delete(oldest);
    }
    return conversation;
  }

  #start(): () => void {
    const client = this.#client;
    let end!: () => void;
    const over = new Promise<undefined>((resolve) => {
      end = () => {
        resolve(undefined);
      };
    });
    // Mini-programs have none.
    const aborter = typeof AbortController === 'function' ? new AbortController() : undefined;
    const stops = [
      client.on('state', ({ state }) => {
        if (state === 'connected') this.#connected();
      }),
      client.on('message', (event) => {
        this.#place(event);
      }),
      client.on('edit', (event) => {
        this.#amend(edited(event));
      }),
      client.on('recall', ({ conv, convSeq }) => {
        this.#amend(recalled(conv, convSeq));
      }),
      client.on('delete', ({ conv, convSeq }) => {
        this.#amend(removed(conv, convSeq));
        this.#rows.forgetUnread(conv, convSeq);
        this.#recount(conv);
      }),
      client.on('read', ({ conv, convSeq }) => {
        this.#rows.markRead(conv, convSeq);
        this.#recount(conv);
        this.#listChanged();
      }),
      client.on('receipt', (receipt) => {
        this.#rows.addReceipt(receipt);
        this.#listChanged(receipt.conv);
      }),
      client.on('group', (event) => {
        this.#group(event);
      }),
      client.on('reset', ({ conv }) => this.#reset(conv, over, aborter?.signal)),
    ];
    if (client.state.state === 'connected') this.#connected();
    return () => {
      for (const stop of stops) stop();
      end();
      aborter?.abort();
      this.#forget();
    };
  }

  /** Nobody looks any more: events pass by, so what is known becomes old. */
  #forget(): void {
    this.#rows.clear();
    this.#outbox.forgetStored();
    this.#list = noList();
    for (const conversation of this.#open) conversation.reset();
    this.#open.clear();
    this.#listChanged();
  }

  #connected(): void {
    this.#reload();
    this.#catchUp();
    for (const [conv, convSeq] of this.#marks) this.#sendMark(conv, convSeq);
  }

  #catchUp(): void {
    for (const conversation of this.#open) void conversation.catchUp();
  }

  #watched(conversation: OpenConversation, isWatched: boolean): void {
    this.#open.delete(conversation);
    this.#open.add(conversation);
    if (isWatched) {
      this.#known.set(conversation.conv, conversation);
      conversation.view.changed();
      void conversation.catchUp();
      return;
    }
    if (conversation.stretch.isDetached) conversation.reset();
    else conversation.stretch.dropOldest(IDLE_MESSAGES_MAX);
    const idle = [...this.#open].filter(({ view }) => !view.isWatched);
    for (const oldest of idle.slice(0, Math.max(idle.length - IDLE_MAX, 0))) {
      this.#open.delete(oldest);
      oldest.reset();
    }
  }

  #of(conv: string): OpenConversation[] {
    return [...this.#open].filter((conversation) => conversation.conv === conv);
  }

  #listChanged(conv?: string): void {
    this.#listView.changed();
    this.#unreadView.changed();
    if (conv !== undefined) for (const { view } of this.#of(conv)) view.changed();
  }

  #place(message: Message): void {
    const { conv, replaces } = message;
    const { user } = this.#client;
    if (replaces !== undefined) this.#amend(removed(conv, replaces));
    this.#rows.addMessage(message, user);
    const open = this.#of(conv);
    for (const conversation of open) {
      conversation.stretch.addMessage(message);
      void conversation.catchUp();
    }
    const outgoing = message.sender === user ? this.#outbox.get(message.clientMsgId) : undefined;
    if (outgoing) this.#settle(outgoing, message, open);
    this.#listChanged(conv);
  }

  /** An own message is stored. It leaves the outbox when it has its place among the others. */
  #settle({ clientMsgId }: Outgoing, sent: Sent, open: OpenConversation[]): void {
    const { msgId, conv, convSeq, createdAt } = sent;
    const isAwaited = open.some(({ stretch }) => stretch.awaits(convSeq));
    if (!isAwaited) this.#outbox.delete(clientMsgId);
    else {
      const place = { msgId, conv, convSeq, createdAt };
      this.#outbox.advance({ clientMsgId, status: 'sent', sent: place });
    }
  }

  #amend(amendment: Amendment): void {
    this.#meanwhile.add(amendment);
    const mustAsk = this.#rows.amend(amendment);
    for (const { stretch } of this.#of(amendment.conv)) stretch.amend(amendment);
    this.#listChanged(amendment.conv);
    if (mustAsk) this.#reload();
  }

  #status(event: Events['status']): void {
    const { clientMsgId, draft, sent } = event;
    const { user } = this.#client;
    if (draft && !this.#isStored(clientMsgId)) this.#outbox.add(draft);
    const message = this.#outbox.advance(event);
    if (message?.sent) {
      const isSeen = this.#running.isRunning && user !== undefined;
      const stored = isSeen && storedForm(message, message.sent, user);
      const now = stored && amend(stored, this.#meanwhile.recent);
      if (now) this.#place(now);
      else this.#outbox.delete(clientMsgId);
    }
    if (sent && user !== undefined) this.#reached(event.status, sent, user);
    this.#parts.outboxChanged();
  }

  #discarded(clientMsgId: string): void {
    if (this.#outbox.get(clientMsgId)?.status !== 'failed') return;
    this.#outbox.delete(clientMsgId);
    this.#parts.outboxChanged();
  }

  /** The receiver of a direct message has it: as good as a receipt. */
  #reached(status: string, { conv, convSeq }: Sent, user: string): void {
    const peer = peerOf(conv, user);
    if (peer === undefined || (status !== 'delivered' && status !== 'read')) return;
    const read = status === 'read' ? convSeq : 0;
    this.#rows.addReceipt({ conv, user: peer, delivered: convSeq, read });
    this.#listChanged(conv);
  }

  #isStored(id: string): boolean {
    const { user } = this.#client;
    return [...this.#open].some(({ stretch }) =>
      stretch.messages.some(({ sender, clientMsgId }) => sender === user && clientMsgId === id),
    );
  }

  #group(event: Events['group']): void {
    const { conv, op, at } = event;
    const { user } = this.#client;
    const isMeant = 'users' in event && user !== undefined && event.users.includes(user);
    if (isMeant && (op === 'left' || op === 'removed')) {
      this.#rows.delete(conv);
    } else {
      const title = op === 'created' || op === 'edited' ? event.title : undefined;
      this.#rows.addActivity(conv, at, user, title);
      // Only the relay knows what it is called.
      if (isMeant && op === 'joined') this.#reload();
    }
    this.#listChanged();
  }

  /** What is known of the relay's side is void; what is on its way is not. */
  async #reset(
    conv: string | undefined,
    over: Promise<undefined>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (conv === undefined) {
      this.#rows.clear();
      this.#outbox.forgetStored();
      this.#list = noList();
    }
    for (const conversation of this.#open) {
      if (conv === undefined || conversation.conv === conv) conversation.reset();
    }
    this.#listChanged();
    this.#catchUp();
    const rows = rebuild(this.#client, {
      ...(conv === undefined ? {} : { conv }),
      ...(signal ? { signal } : {}),
      messagesPer: 0,
    });
    try {
      for (;;) {
        const next = await Promise.race([rows.next(), over]);
        if (!next) return;
        if (next.done) break;
        this.#rows.addListed(next.value.conversation);
        this.#listChanged();
      }
      if (conv === undefined) this.#list = { isLoaded: true, isLoading: false };
    } catch (error) {
      // The event would come again, with the same outcome.
      this.#list = { ...this.#list, failure: failureOf(error) };
    }
    this.#listChanged();
  }

  /** Loads the most recently active ones, now or after what is under way. */
  #reload(): void {
    this.#mustReload = true;
    if (!this.#list.isLoading) void this.#loadList();
  }

  /** The relay knows by now what was read: it is asked if only it can tell what is unread. */
  #recount(conv: string): void {
    if (this.#running.isRunning && this.#rows.isRough(conv)) this.#reload();
  }

  async #loadMore(): Promise<void> {
    const { next, isLoading } = this.#list;
    if (next !== undefined && !isLoading) await this.#loadList(next);
  }

  async #loadList(page?: string): Promise<void> {
    if (this.#client.state.state !== 'connected') return;
    const list = this.#list;
    const isNext = page !== undefined || !list.isLoaded;
    const amendments = this.#meanwhile.begin();
    if (page === undefined) this.#mustReload = false;
    list.isLoading = true;
    delete list.failure;
    this.#listChanged();
    try {
      const answer = await this.#client.conversations(page === undefined ? {} : { page });
      // There was a new beginning meanwhile.
      if (list !== this.#list) return;
      for (const conversation of answer.conversations) this.#addListed(conversation, amendments);
      list.isLoaded = true;
      if (isNext) delete list.next;
      if (isNext && answer.next !== undefined) list.next = answer.next;
    } catch (error) {
      list.failure = failureOf(error);
      this.#mustReload = false;
    } finally {
      this.#meanwhile.end(amendments);
      list.isLoading = false;
      this.#listChanged();
    }
    if (this.#mustReload && list === this.#list) await this.#loadList();
  }

  #addListed(conversation: Conversation, amendments: Amendment[]): void {
    const { last, ...rest } = conversation;
    const now = last && amend(last, amendments);
    this.#rows.addListed(now ? { ...rest, last: now } : rest);
    for (const { view, stretch } of this.#of(conversation.conv)) {
      stretch.raise(conversation.head);
      view.changed();
    }
  }

  #markRead(conv: string, convSeq: number): void {
    const row = this.#rows.get(conv);
    if ((row && row.read >= convSeq) || (this.#marks.get(conv) ?? 0) >= convSeq) return;
    this.#rows.markRead(conv, convSeq);
    this.#listChanged();
    this.#sendMark(conv, convSeq);
  }

  #sendMark(conv: string, convSeq: number): void {
    this.#marks.set(conv, convSeq);
    if (this.#client.state.state !== 'connected') return;
    this.#client.markRead(conv, convSeq).then(
      () => {
        if (this.#marks.get(conv) === convSeq) this.#marks.delete(conv);
        this.#recount(conv);
      },
      (error: unknown) => {
        // Else told again with the next connection; a later mark says it, too.
        if (!failureOf(error).retryable) this.#marks.delete(conv);
      },
    );
  }

  #readList(): ConversationsState {
    const { isLoaded, isLoading, next, failure } = this.#list;
    return {
      conversations: this.#rows.list(),
      isLoaded,
      isLoading,
      hasMore: next !== undefined,
      ...(failure ? { failure } : {}),
    };
  }

  #readUnread(): Unread {
    const unread = this.#rows.list().filter((row) => row.unread > 0);
    return {
      messages: unread.reduce((sum, row) => sum + row.unread, 0),
      conversations: unread.length,
      mentioned: unread.filter(({ mentioned }) => mentioned !== undefined).length,
      isComplete: this.#list.isLoaded && this.#list.next === undefined,
    };
  }
}

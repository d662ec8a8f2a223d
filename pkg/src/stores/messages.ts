/** The messages of one conversation, as they are shown: stored ones, then those on their way. */
import { peerOf } from '../conversations.js';
import { kindOf } from '../drafts.js';
import type {
  Body,
  Client,
  Conversation,
  DraftMessage,
  Failure,
  Message,
  Priority,
  SendResult,
  Status,
} from '../types.js';
import type { Meanwhile } from './amendments.js';
import { failureOf } from '../error.js';
import { Deadline, View, type Observable } from './observable.js';
import type { Outbox, Outgoing } from './outbox.js';
import { reached } from './rows.js';
import { Stretch, type PageKind } from './stretch.js';

/** A message of a conversation: a stored one, or an own one on its way. */
export interface ShownMessage {
  /** The same from sending to storing, and different from that of every other message. */
  key: string;
  clientMsgId: string;
  /** Empty for an own message while it is not known who this user is. */
  sender: string;
  own: boolean;
  kind: string;
  body: Body;
  priority: Priority;
  mentions: string[];
  /** True once it was taken back; the body is empty then. */
  recalled: boolean;
  /** When it was stored. Before that: when it was sent, absent for what came back from storage. */
  at?: number;
  /** Its place in the conversation, once it has one. */
  convSeq?: number;
  msgId?: number;
  editedAt?: number;
  expiresAt?: number;
  business?: string;
  /** How far an own message got. */
  status?: Status;
  /** Why, with `failed`. */
  failure?: Failure;
}

/** What is known of the messages of a conversation. */
export interface MessagesState {
  /** In order: stored ones without a hole, then own ones on their way. At most 500 stored ones. */
  messages: readonly ShownMessage[];
  /** Whether the newest ones have come. */
  isLoaded: boolean;
  isLoading: boolean;
  /** Whether there are older ones, for `loadOlder()`. */
  hasOlder: boolean;
  /** Whether newer ones were let go of for older ones: for `loadNewer()` and `toNewest()`. */
  hasNewer: boolean;
  /** Why they could not be loaded. The next connection tries again. */
  failure?: Failure;
}

/** What a message says beside its body. */
export type MessageOptions = Omit<DraftMessage, 'to' | 'body'>;

/** What can be done with the messages of a conversation. Each may be used by itself. */
export interface MessagesActions {
  /** Loads the page before the first message. Does nothing if there is none. */
  readonly loadOlder: () => Promise<void>;
  /** Loads the page after the last message, if newer ones were let go of. */
  readonly loadNewer: () => Promise<void>;
  /** Goes back from older messages to the newest ones. */
  readonly toNewest: () => Promise<void>;
  /** Sends a message, which is shown at once. Resolves when it is stored. */
  readonly send: (body: Body, options?: MessageOptions) => SendResult;
  /** Tries a failed message again. A failure is told by its status. */
  readonly retry: (clientMsgId: string) => Promise<void>;
  /** Forgets a failed message. */
  readonly discard: (clientMsgId: string) => Promise<void>;
  /**
   * The user has read up to here; default: up to the newest message. Told to the relay now, or
   * with the next connection.
   */
  readonly markRead: (convSeq?: number) => void;
}

/** The messages of a conversation. They are kept up to date while somebody listens. */
export interface MessagesStore extends Observable<MessagesState>, MessagesActions {
  readonly conv: string;
}

/** What the chat has for each of its conversations. */
export interface ConversationParts {
  client: Client;
  outbox: Outbox;
  meanwhile: Meanwhile;
  row(conv: string): Conversation | undefined;
  watched(conversation: OpenConversation, isWatched: boolean): void;
  /** Own messages have changed. */
  outboxChanged(): void;
  /** A failed message is not to be shown any more. */
  discarded(clientMsgId: string): void;
  markRead(conv: string, convSeq: number): void;
}

const NOTHING: MessagesState = {
  messages: [],
  isLoaded: false,
  isLoading: false,
  hasOlder: false,
  hasNewer: false,
};

export class OpenConversation implements MessagesStore {
  readonly conv: string;
  readonly stretch = new Stretch();
  readonly view: View<MessagesState>;
  readonly initial = NOTHING;
  readonly #parts: ConversationParts;
  readonly #expiry = new Deadline();
  /** As they were shown last: what has not changed stays the same object. */
  #shown = new Map<string, { of: object; shown: ShownMessage }>();
  #loading: Promise<boolean> | undefined;
  #failure: Failure | undefined;

  constructor(conv: string, parts: ConversationParts) {
    this.conv = conv;
    this.#parts = parts;
    this.view = new View({
      initial: NOTHING,
      read: () => this.#read(),
      watched: (isWatched) => {
        if (!isWatched) this.#expiry.clear();
        parts.watched(this, isWatched);
      },
    });
  }

  readonly get = (): MessagesState => this.view.get();
  readonly subscribe = (listener: () => void): (() => void) => this.view.subscribe(listener);

  readonly loadOlder = async (): Promise<void> => {
    await this.#loadIf('older', () => this.stretch.hasOlder);
  };

  readonly loadNewer = async (): Promise<void> => {
    await this.#loadIf('newer', () => this.stretch.hasNewer);
    await this.catchUp();
  };

  readonly toNewest = async (): Promise<void> => {
    await this.#loadIf('newest', () => this.stretch.isDetached);
    await this.catchUp();
  };

  readonly send = (body: Body, options: MessageOptions = {}): SendResult => {
    const { client, outbox } = this.#parts;
    const peer = client.user === undefined ? undefined : peerOf(this.conv, client.user);
    // The first message to a user makes the conversation.
    const to = peer === undefined ? { conv: this.conv } : { user: peer };
    const sending = client.send({ ...options, to, body });
    const { clientMsgId } = sending;
    const { kind = kindOf(body) } = options;
    outbox.addSent({ ...options, to, kind, body, clientMsgId }, Date.now());
    this.#parts.outboxChanged();
    sending.catch((error: unknown) => {
      // What the client has taken, `status` events tell of.
      if (!outbox.get(clientMsgId)?.isUntaken) return;
      outbox.advance({ clientMsgId, status: 'failed', failure: failureOf(error) });
      this.#parts.outboxChanged();
    });
    void this.toNewest();
    return sending;
  };

  readonly retry = async (clientMsgId: string): Promise<void> => {
    const { client, outbox } = this.#parts;
    try {
      await client.retry(clientMsgId);
    } catch (error) {
      const message = outbox.get(clientMsgId);
      if (failureOf(error).code !== 'not_failed' || message?.status !== 'failed') return;
      // It never got into the client's outbox.
      outbox.delete(clientMsgId);
      const { body, ...options } = message.draft;
      this.send(body, { ...options, clientMsgId }).catch(() => undefined);
    }
  };

  readonly discard = async (clientMsgId: string): Promise<void> => {
    const { client } = this.#parts;
    try {
      await client.discard(clientMsgId);
    } catch (error) {
      // It is only here.
      if (failureOf(error).code !== 'not_failed') throw error;
    }
    this.#parts.discarded(clientMsgId);
  };

  readonly markRead = (convSeq = this.stretch.high): void => {
    if (convSeq > 0) this.#parts.markRead(this.conv, convSeq);
  };

  /** Loads what is missing up to the newest message. */
  async catchUp(): Promise<void> {
    while (this.view.isWatched) {
      const { missing } = this.stretch;
      if (this.#loading) await this.#loading;
      else if (!missing || !(await this.#load(missing))) return;
    }
  }

  /** Forgets everything. What is asked for now is of no use. */
  reset(): void {
    this.stretch.reset();
    this.#failure = undefined;
    this.view.changed();
  }

  async #loadIf(kind: PageKind, isUseful: () => boolean): Promise<void> {
    while (this.#loading) await this.#loading;
    if (isUseful()) await this.#load(kind);
  }

  async #load(kind: PageKind): Promise<boolean> {
    if (this.#parts.client.state.state !== 'connected') return false;
    this.#loading = this.#ask(kind);
    this.view.changed();
    try {
      return await this.#loading;
    } finally {
      this.#loading = undefined;
      this.view.changed();
    }
  }

  /** @returns whether an answer came */
  async #ask(kind: PageKind): Promise<boolean> {
    const { client, meanwhile } = this.#parts;
    const request = this.stretch.request(kind);
    const amendments = meanwhile.begin();
    this.#failure = undefined;
    try {
      const page = await client.history(this.conv, request.query).catch((error: unknown) => {
        // Nobody has written there yet.
        if (failureOf(error).code === 'conversation_unknown') return { messages: [], more: false };
        throw error;
      });
      this.stretch.addPage(request, page, amendments);
      this.#settle();
      return true;
    } catch (error) {
      this.#failure = failureOf(error);
      return false;
    } finally {
      meanwhile.end(amendments);
    }
  }

  /** Takes out of the outbox what has a place now. */
  #settle(): void {
    const { client, outbox } = this.#parts;
    const own = this.stretch.messages.filter(({ sender }) => sender === client.user);
    const placed = new Set(own.map(({ clientMsgId }) => clientMsgId));
    for (const { clientMsgId, sent } of outbox.of(this.conv, client.user)) {
      const hasPlace = sent ? !this.stretch.awaits(sent.convSeq) : placed.has(clientMsgId);
      if (hasPlace) outbox.delete(clientMsgId);
    }
  }

  #read(): MessagesState {
    const { client, outbox } = this.#parts;
    const { stretch } = this;
    const now = Date.now();
    const stored = stretch.messages.filter(({ expiresAt = Infinity }) => expiresAt > now);
    // Behind messages that are left out they would stand in the wrong place.
    const outgoing = stretch.isDetached ? [] : outbox.of(this.conv, client.user);
    this.#expireAt(Math.min(...stored.map(({ expiresAt = Infinity }) => expiresAt)));
    return {
      messages: this.#keepUnchanged([
        ...stored.map((message) => [message, this.#storedForm(message)] as const),
        ...outgoing.map((message) => [message, this.#outgoingForm(message)] as const),
      ]),
      isLoaded: stretch.isLoaded,
      isLoading: this.#loading !== undefined,
      hasOlder: stretch.hasOlder,
      hasNewer: stretch.isDetached,
      ...(this.#failure ? { failure: this.#failure } : {}),
    };
  }

  #expireAt(at: number): void {
    this.#expiry.set(this.view.isWatched ? at : Infinity, () => {
      this.view.changed();
    });
  }

  #keepUnchanged(entries: (readonly [of: object, shown: ShownMessage])[]): ShownMessage[] {
    const before = this.#shown;
    this.#shown = new Map();
    return entries.map(([of, made]) => {
      const known = before.get(made.key);
      const isSame = known?.of === of && known.shown.status === made.status;
      const shown = isSame ? known.shown : made;
      this.#shown.set(made.key, { of, shown });
      return shown;
    });
  }

  #storedForm(message: Message): ShownMessage {
    const { clientMsgId, sender, kind, body, priority, mentions, convSeq, msgId } = message;
    const { editedAt, expiresAt, business } = message;
    const own = sender === this.#parts.client.user;
    return {
      key: own ? clientMsgId : `${sender}/${clientMsgId}`,
      clientMsgId,
      sender,
      own,
      kind,
      body,
      priority,
      mentions,
      recalled: message.recalled,
      at: message.createdAt,
      convSeq,
      msgId,
      ...(editedAt === undefined ? {} : { editedAt }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(business === undefined ? {} : { business }),
      ...(own ? { status: reached(this.#parts.row(this.conv), convSeq) } : {}),
    };
  }

  #outgoingForm({ clientMsgId, draft, status, at, sent, failure }: Outgoing): ShownMessage {
    const { kind, body, priority = 'normal', mentions = [], expiresAt, business } = draft;
    const when = sent?.createdAt ?? at;
    return {
      key: clientMsgId,
      clientMsgId,
      sender: this.#parts.client.user ?? '',
      own: true,
      kind,
      body,
      priority,
      mentions,
      recalled: false,
      status,
      ...(when === undefined ? {} : { at: when }),
      ...(sent ? { convSeq: sent.convSeq, msgId: sent.msgId } : {}),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(business === undefined ? {} : { business }),
      ...(failure ? { failure } : {}),
    };
  }
}

/**
 * What a client knows, as values that change: for `seqline/vue`, `seqline/react`, and for any
 * other framework that can bind to something with `get` and `subscribe`.
 * @module
 */
import { broadcastsStore, type BroadcastsStore } from './stores/broadcasts.js';
import { Chat, type ConversationsStore, type Unread } from './stores/chat.js';
import { connectionStore, type Connection } from './stores/connection.js';
import type { MessagesStore } from './stores/messages.js';
import type { Observable } from './stores/observable.js';
import { Presences } from './stores/presence.js';
import { Typing, type TypingStore } from './stores/typing.js';
import type { Client, Presence } from './types.js';

export type { BroadcastsState, BroadcastsStore } from './stores/broadcasts.js';
export type { ConversationsState, ConversationsStore, Unread } from './stores/chat.js';
export type { Connection } from './stores/connection.js';
export type {
  MessageOptions,
  MessagesActions,
  MessagesState,
  MessagesStore,
  ShownMessage,
} from './stores/messages.js';
export type { Observable } from './stores/observable.js';
export type { TypingStore } from './stores/typing.js';

/**
 * What a client knows. Nothing is asked of the relay, and no event that moves the cursor is
 * taken, before somebody subscribes to a store that needs it; when the last one has stopped,
 * that ends.
 */
export interface Stores {
  /** The connection. */
  readonly connection: Observable<Connection>;
  /** The user's conversations. Who listens to them takes messages: see `messages`. */
  readonly conversations: ConversationsStore;
  /** What is unread in the conversations that are loaded. Who listens to it takes messages. */
  readonly unread: Observable<Unread>;
  /** Messages to all users. They come with the timeline, so somebody has to take messages, too. */
  readonly broadcasts: BroadcastsStore;
  /**
   * The messages of a conversation, also of one that nobody has written in yet. Who listens to
   * them is a handler of `message`: the cursor moves past what came.
   */
  readonly messages: (conv: string) => MessagesStore;
  /** Who is typing in a conversation. */
  readonly typing: (conv: string) => TypingStore;
  /** Whether a user is there; `undefined` until that is known. */
  readonly presence: (user: string) => Observable<Presence | undefined>;
}

const made = new WeakMap<Client, Stores>();

/**
 * What a client knows, the same object each time. Best called before `connect()`: own messages
 * that wait in the outbox are told of only once.
 */
export function storesOf(client: Client): Stores {
  const known = made.get(client);
  if (known) return known;
  const chat = new Chat(client);
  const typing = new Typing(client);
  const presences = new Presences(client);
  const stores: Stores = {
    connection: connectionStore(client),
    conversations: chat.conversations,
    unread: chat.unread,
    broadcasts: broadcastsStore(client),
    messages: (conv) => chat.messages(conv),
    typing: (conv) => typing.in(conv),
    presence: (user) => presences.of(user),
  };
  made.set(client, stores);
  return stores;
}

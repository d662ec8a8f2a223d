import type {
  Client,
  Conversation,
  ConversationPage,
  HistoryPage,
  HistoryQuery,
  Message,
  Storage,
} from '../types.js';

/** What is kept, and how much of it. */
export interface CacheOptions {
  /**
   * Whose it is: under this name it is kept, apart from those of other accounts. Give the client
   * the same as its option `account`.
   */
  account: string;
  /** Where it is kept. Default: a database of its own in IndexedDB, else memory. */
  storage?: (name: string) => Promise<Storage>;
  /** Conversations at most, the lately active ones. Default: 200. */
  conversationsMax?: number;
  /** Messages of each at most, the newest ones. Default: 50. */
  messagesMax?: number;
  /** Bytes of all messages together at most, about. Default: 4 MiB. */
  bytesMax?: number;
  /** Told what does not work; the page works on without. Default: `console.warn`. */
  warn?: (message: string) => void;
}

/** Conversations and recent messages of one account on this device. */
export interface Cache {
  /** Most recently active first. */
  conversations(): Conversation[];
  /** The newest ones of a conversation without a hole, ascending; taken back ones are empty. */
  messages(conv: string): Message[];
  /**
   * Calls back after changes.
   * @param handler is given the conversation that changed; nothing if several may have
   * @returns a function that stops it
   */
  onChange(handler: (conv?: string) => void): () => void;
  /** Takes in a page of `client.conversations()` that the app has asked for anyway. */
  keepConversations(page: ConversationPage): void;
  /** Takes in a page of `client.history()`, and what was asked for. */
  keepHistory(conv: string, page: HistoryPage, query?: HistoryQuery): void;
  /**
   * Reads the list and what is missing from the relay, waiting for a connection. Called by itself
   * when the cache is empty, or was left behind.
   */
  refresh(): Promise<void>;
  /** Resolves when everything so far is kept, or could not be. */
  flushed(): Promise<void>;
  /** Forgets everything, on this device as well: for logging out. */
  clear(): Promise<void>;
  /** Follows the client no longer. What is kept stays. */
  close(): Promise<void>;
}

/** What a cache needs of a client. */
export type CachedClient = Pick<
  Client,
  'on' | 'stats' | 'state' | 'user' | 'conversations' | 'history'
>;

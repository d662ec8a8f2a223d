import { useMemo, useSyncExternalStore } from 'react';

import {
  storesOf,
  type BroadcastsState,
  type BroadcastsStore,
  type Connection,
  type ConversationsState,
  type ConversationsStore,
  type MessagesActions,
  type MessagesState,
  type Observable,
  type TypingStore,
  type Unread,
} from '../stores.js';
import type { Presence } from '../types.js';
import { useClient } from './client.js';

/** What `useConversations()` gives. */
export type UseConversations = ConversationsState & Pick<ConversationsStore, 'loadMore'>;
/** What `useMessages()` gives. */
export type UseMessages = MessagesState & MessagesActions;
/** What `useBroadcasts()` gives. */
export type UseBroadcasts = BroadcastsState & Pick<BroadcastsStore, 'open' | 'dismiss'>;
/** What `useTyping()` gives. */
export type UseTyping = { users: readonly string[] } & Pick<TypingStore, 'typed'>;

/** The connection's state. */
export function useConnection(): Connection {
  return useStore(storesOf(useClient()).connection);
}

/** The user's conversations, most recently active first. */
export function useConversations(): UseConversations {
  const { conversations } = storesOf(useClient());
  const state = useStore(conversations);
  return useMemo(() => ({ ...state, loadMore: conversations.loadMore }), [state, conversations]);
}

/** What is unread in all conversations that are loaded. */
export function useUnread(): Unread {
  return useStore(storesOf(useClient()).unread);
}

/** The messages of a conversation. */
export function useMessages(conv: string): UseMessages {
  const client = useClient();
  const store = useMemo(() => storesOf(client).messages(conv), [client, conv]);
  const state = useStore(store);
  return useMemo(() => {
    const { loadOlder, loadNewer, toNewest, send, retry, discard, markRead } = store;
    return { ...state, loadOlder, loadNewer, toNewest, send, retry, discard, markRead };
  }, [state, store]);
}

/** Messages to all users. They come only while something takes messages, too. */
export function useBroadcasts(): UseBroadcasts {
  const { broadcasts } = storesOf(useClient());
  const state = useStore(broadcasts);
  return useMemo(() => {
    const { open, dismiss } = broadcasts;
    return { ...state, open, dismiss };
  }, [state, broadcasts]);
}

/** Who is typing in a conversation, and a function that says that this user is. */
export function useTyping(conv: string): UseTyping {
  const client = useClient();
  const store = useMemo(() => storesOf(client).typing(conv), [client, conv]);
  const users = useStore(store);
  return useMemo(() => ({ users, typed: store.typed }), [users, store]);
}

/** Whether a user is there; `undefined` until that is known. */
export function usePresence(user: string): Presence | undefined {
  const client = useClient();
  const store = useMemo(() => storesOf(client).presence(user), [client, user]);
  return useStore(store);
}

/** A server, and the first render in a browser after it, know nothing yet. */
function useStore<T>(store: Observable<T>): T {
  return useSyncExternalStore(store.subscribe, store.get, () => store.initial);
}

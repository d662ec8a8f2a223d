import {
  computed,
  getCurrentInstance,
  onMounted,
  onScopeDispose,
  shallowRef,
  toValue,
  watch,
  type ComputedRef,
  type MaybeRefOrGetter,
  type ShallowRef,
} from 'vue';

import type {
  BroadcastsState,
  BroadcastsStore,
  Connection,
  ConversationsState,
  ConversationsStore,
  MessagesActions,
  MessagesState,
  Observable,
  TypingStore,
  Unread,
} from '../stores.js';
import { storesOf } from '../stores.js';
import type { Presence } from '../types.js';
import { useClient } from './client.js';

/** Each field of a state as a value that changes. */
type Fields<State> = { [Name in keyof State]-?: ComputedRef<State[Name]> };

/** What `useConversations()` gives. */
export type UseConversations = Fields<ConversationsState> & Pick<ConversationsStore, 'loadMore'>;
/** What `useMessages()` gives. The functions are about the conversation that is shown now. */
export type UseMessages = Fields<MessagesState> & MessagesActions;
/** What `useBroadcasts()` gives. */
export type UseBroadcasts = Fields<BroadcastsState> & Pick<BroadcastsStore, 'open' | 'dismiss'>;
/** What `useTyping()` gives. */
export type UseTyping = { users: ComputedRef<readonly string[]> } & Pick<TypingStore, 'typed'>;

/** The connection's state. */
export function useConnection(): Readonly<ShallowRef<Connection>> {
  const { connection } = storesOf(useClient());
  return useStore(() => connection);
}

/** The user's conversations, most recently active first. */
export function useConversations(): UseConversations {
  const { conversations } = storesOf(useClient());
  const state = useStore(() => conversations);
  return { ...fieldsOf(state, CONVERSATIONS), loadMore: conversations.loadMore };
}

/** What is unread in all conversations that are loaded. */
export function useUnread(): Readonly<ShallowRef<Unread>> {
  const { unread } = storesOf(useClient());
  return useStore(() => unread);
}

/**
 * The messages of a conversation.
 * @param conv its id, which may change
 */
export function useMessages(conv: MaybeRefOrGetter<string>): UseMessages {
  const stores = storesOf(useClient());
  const store = () => stores.messages(toValue(conv));
  return {
    ...fieldsOf(useStore(store), MESSAGES),
    loadOlder: () => store().loadOlder(),
    loadNewer: () => store().loadNewer(),
    toNewest: () => store().toNewest(),
    send: (body, options) => store().send(body, options),
    retry: (clientMsgId) => store().retry(clientMsgId),
    discard: (clientMsgId) => store().discard(clientMsgId),
    markRead: (convSeq) => {
      store().markRead(convSeq);
    },
  };
}

/** Messages to all users. They come only while something takes messages, too. */
export function useBroadcasts(): UseBroadcasts {
  const { broadcasts } = storesOf(useClient());
  const { open, dismiss } = broadcasts;
  return {
    ...fieldsOf(
      useStore(() => broadcasts),
      BROADCASTS,
    ),
    open,
    dismiss,
  };
}

/** Who is typing in a conversation, and a function that says that this user is. */
export function useTyping(conv: MaybeRefOrGetter<string>): UseTyping {
  const stores = storesOf(useClient());
  const store = () => stores.typing(toValue(conv));
  const state = useStore(store);
  return {
    users: computed(() => state.value),
    typed: () => {
      store().typed();
    },
  };
}

/** Whether a user is there; `undefined` until that is known. */
export function usePresence(
  user: MaybeRefOrGetter<string>,
): Readonly<ShallowRef<Presence | undefined>> {
  const stores = storesOf(useClient());
  return useStore(() => stores.presence(toValue(user)));
}

/** Binds to a store while the component, or the scope, is there. A server binds to none. */
function useStore<T>(store: () => Observable<T>): Readonly<ShallowRef<T>> {
  const value = shallowRef(store().initial);
  let stop: (() => void) | undefined;
  const bind = () => {
    const update = () => {
      value.value = watched.get();
    };
    const watched = store();
    stop?.();
    stop = watched.subscribe(update);
    update();
  };
  const start = () => {
    watch(store, bind, { immediate: true, flush: 'sync' });
  };
  onScopeDispose(() => {
    stop?.();
    stop = undefined;
  });
  const instance = getCurrentInstance();
  if (!instance) start();
  else onMounted(start);
  return value;
}

const fieldsOf = <State extends object>(
  state: Readonly<ShallowRef<State>>,
  names: readonly (keyof State)[],
): Fields<State> =>
  Object.fromEntries(
    names.map((name) => [name, computed(() => state.value[name])]),
  ) as Fields<State>;

const CONVERSATIONS = ['conversations', 'isLoaded', 'isLoading', 'hasMore', 'failure'] as const;
const MESSAGES = ['messages', 'isLoaded', 'isLoading', 'hasOlder', 'hasNewer', 'failure'] as const;
const BROADCASTS = ['broadcasts', 'fresh', 'unopened', 'isLoaded', 'failure'] as const;

/**
 * Hooks for React 18 and later. They need a `<SeqlineProvider client={client}>` above them.
 * @module
 */
'use client';

export { SeqlineProvider, useClient, type SeqlineProviderProps } from './react/client.js';
export {
  useBroadcasts,
  useConnection,
  useConversations,
  useMessages,
  usePresence,
  useTyping,
  useUnread,
  type UseBroadcasts,
  type UseConversations,
  type UseMessages,
  type UseTyping,
} from './react/hooks.js';
export type * from './stores.js';

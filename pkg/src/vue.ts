/**
 * Composables for Vue 3.3 and later. They need `app.use(seqline(client))`, or `provideClient()`.
 * @module
 */
export { provideClient, seqline, useClient } from './vue/client.js';
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
} from './vue/composables.js';
export type * from './stores.js';

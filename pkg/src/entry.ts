/** What every entry point offers, beside its own ways to load and to run a client. */
export {
  channelConversation,
  conversationKind,
  directConversation,
  EVERYONE,
  groupConversation,
  peerOf,
  roomConversation,
  type ConversationKind,
} from './conversations.js';
export { SeqlineError } from './error.js';
export { BODY_BYTES_MAX, bodyBytes, surplusBytes } from './limits.js';
export { rebuild, type Rebuilt, type RebuildOptions } from './rebuild.js';
export { memoryStorage } from './storage/memory.js';
export type * from './types.js';

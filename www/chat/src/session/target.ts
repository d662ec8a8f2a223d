import { peerOf, type Target } from 'seqline';

import type { Chat } from '../store/chat.ts';

/** Whom a message of a conversation goes to. The first one to a user makes the conversation. */
export function targetOf(chat: Chat, conv: string): Target {
  const peer = peerOf(conv, chat.me);
  return peer === undefined ? { conv } : { user: peer };
}

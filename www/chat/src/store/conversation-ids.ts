import { peerOf } from 'seqline';

/**
 * What to call a conversation.
 * @param title a group's or channel's own, where it is known
 */
export function conversationTitle(conv: string, user: string, title?: string): string {
  const peer = peerOf(conv, user);
  if (peer === undefined) return title ?? conv.slice(conv.indexOf(':') + 1);
  return peer === user ? `${peer} (you)` : peer;
}

// Recalls outlive the messages in memory: a page that was under way when a message was
// taken back still has its text.
import type { Message } from 'seqline';

const RECALLS_REMEMBERED_MAX = 1_000;

/** What was taken back lately, by `conversation#convSeq`, oldest first. */
export type Recalls = Set<string>;

const keyOf = (conv: string, convSeq: number): string => `${conv}#${convSeq}`;

export function rememberRecall(recalls: Recalls, conv: string, convSeq: number): void {
  recalls.add(keyOf(conv, convSeq));
  for (const oldest of recalls) {
    if (recalls.size <= RECALLS_REMEMBERED_MAX) break;
    recalls.delete(oldest);
  }
}

/** The message, without its text if it was taken back. */
export function amend(recalls: Recalls, message: Message): Message {
  const isRecalled = message.recalled || recalls.has(keyOf(message.conv, message.convSeq));
  return isRecalled ? { ...message, recalled: true, body: '' } : message;
}

// What became of messages after they were sent: taken back, deleted, replaced, edited. It
// outlives the messages in memory: a page that was under way when a message was taken back
// still has its text.
import type { Message } from 'seqline';

const REMEMBERED_MAX = 1_000;

/** How messages read now, by `conversation#convSeq`, changed lately ones last. */
export type Amendments = Map<string, Partial<Message>>;

const keyOf = (conv: string, convSeq: number): string => `${conv}#${convSeq}`;

/** Taken back, for everybody: its place stays. */
export const RECALLED: Partial<Message> = { recalled: true, body: '' };

/** Deleted by this user, or replaced by a later one: not shown, though its place is known. */
export const HIDDEN: Partial<Message> = { replaced: true, body: '' };

/** What an edit changes. */
export function editOf({ kind, body, mentions, editedAt }: Message): Partial<Message> {
  return { kind, body, mentions, ...(editedAt === undefined ? {} : { editedAt }) };
}

export function remember(
  amendments: Amendments,
  conv: string,
  convSeq: number,
  change: Partial<Message>,
): void {
  const key = keyOf(conv, convSeq);
  const known = amendments.get(key);
  amendments.delete(key);
  amendments.set(key, known ? merge(known, change) : change);
  for (const oldest of amendments.keys()) {
    if (amendments.size <= REMEMBERED_MAX) break;
    amendments.delete(oldest);
  }
}

/** The message as it reads now. */
export function amend(amendments: Amendments, message: Message): Message {
  const change = amendments.get(keyOf(message.conv, message.convSeq));
  return change ? merge(message, change) : message;
}

/** Changes come in any order: what is gone stays gone, and of two edits the later one counts. */
export function merge<T extends Partial<Message>>(before: T, change: Partial<Message>): T {
  const merged: T = { ...before };
  if (change.recalled) merged.recalled = true;
  if (change.replaced) merged.replaced = true;
  const isNewer = (change.editedAt ?? -1) >= (before.editedAt ?? 0);
  if (isNewer) Object.assign(merged, change);
  if (merged.recalled || merged.replaced) merged.body = '';
  return merged;
}

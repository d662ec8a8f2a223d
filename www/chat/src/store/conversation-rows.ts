// The rows of the conversation list: what is newest in each, and how much is unread.
//
// Two sources again: the relay's list, a snapshot that may be older than what events
// have told since, and the events, some of which the snapshot contains already. Unread
// messages are therefore counted from two parts: up to `countedTo` by the relay, beyond
// it one by one.
import { EVERYONE, peerOf, type Conversation, type Message, type Receipt } from 'seqline';

import { merge } from './amendments.ts';

/** Unread messages counted one by one, at most; beyond, the count stays. */
const UNREAD_COUNTED_MAX = 1_000;

export interface ConversationRow {
  conv: string;
  /** The other user of a direct conversation. */
  peer?: string;
  /** What a group or channel is called, once that is known. */
  title?: string;
  /** `convSeq` of the newest message heard of. */
  head: number;
  last?: Message;
  /** `convSeq` up to which this user has read. */
  read: number;
  /** `convSeq` of the newest unread message that mentions this user; 0 if none does. */
  mentioned: number;
  /** How far the others are, by user. */
  receipts: Map<string, Pick<Receipt, 'delivered' | 'read'>>;
  /** When something was last said, 0 if nothing was. */
  activeAt: number;
  /** Up to here `unreadCounted` is the relay's count. */
  countedTo: number;
  unreadCounted: number;
  /** Positions of unread messages of others beyond `countedTo`. */
  unreadSince: number[];
  /** True if only the relay can tell how much is unread. */
  countIsRough: boolean;
}

export function createRow(conv: string, me: string): ConversationRow {
  const peer = peerOf(conv, me);
  return {
    conv,
    ...(peer === undefined ? {} : { peer }),
    head: 0,
    read: 0,
    mentioned: 0,
    receipts: new Map(),
    activeAt: 0,
    countedTo: 0,
    unreadCounted: 0,
    unreadSince: [],
    countIsRough: false,
  };
}

export const unreadOf = (row: ConversationRow): number =>
  row.unreadCounted + row.unreadSince.length;

/** Merges a row of the relay's list. */
export function applySnapshot(row: ConversationRow, snapshot: Conversation): void {
  if (snapshot.last) applyNewest(row, snapshot.last);
  if (snapshot.title !== undefined) row.title = snapshot.title;
  row.mentioned = Math.max(row.mentioned, snapshot.mentioned ?? 0);
  row.head = Math.max(row.head, snapshot.head);
  row.activeAt = Math.max(row.activeAt, snapshot.activeAt);
  for (const receipt of snapshot.receipts) applyReceipt(row, receipt);

  if (snapshot.head < row.countedTo) {
    // A newer list came first.
    applyRead(row, snapshot.read);
    forgetRead(row);
    return;
  }
  row.countedTo = snapshot.head;
  row.unreadCounted = snapshot.unread;
  row.countIsRough = row.read > snapshot.read;
  row.read = Math.max(row.read, snapshot.read);
  row.unreadSince = row.unreadSince.filter((at) => at > snapshot.head && at > row.read);
  forgetRead(row);
  boundCount(row);
}

/** Merges a message that was received or sent. */
export function applyMessage(row: ConversationRow, message: Message, me: string): void {
  const { convSeq, sender } = message;
  row.head = Math.max(row.head, convSeq);
  row.activeAt = Math.max(row.activeAt, message.createdAt);
  applyNewest(row, message);
  const isNew = convSeq > row.countedTo && convSeq > row.read && !row.unreadSince.includes(convSeq);
  if (sender !== me && isNew && row.unreadSince.length < UNREAD_COUNTED_MAX) {
    row.unreadSince.push(convSeq);
  }
  const isMeant = message.mentions.some((user) => user === me || user === EVERYONE);
  if (sender !== me && isMeant) row.mentioned = Math.max(row.mentioned, convSeq);
  forgetRead(row);
}

/** This user has read up to `convSeq`, here or on another device. */
export function applyRead(row: ConversationRow, convSeq: number): void {
  if (convSeq <= row.read) return;
  row.read = convSeq;
  row.unreadSince = row.unreadSince.filter((at) => at > convSeq);
  forgetRead(row);
  row.countIsRough = true;
  boundCount(row);
}

/** Another user has received or read. */
export function applyReceipt(row: ConversationRow, receipt: Omit<Receipt, 'conv'>): void {
  const known = row.receipts.get(receipt.user);
  row.receipts.set(receipt.user, {
    delivered: Math.max(known?.delivered ?? 0, receipt.delivered, receipt.read),
    read: Math.max(known?.read ?? 0, receipt.read),
  });
}

/** A message was taken back, edited, deleted or replaced. */
export function applyAmendment(
  row: ConversationRow,
  convSeq: number,
  change: Partial<Message>,
): void {
  if (row.last?.convSeq === convSeq) row.last = merge(row.last, change);
  // Whom it mentioned is meant no longer.
  if (row.mentioned === convSeq && (change.recalled || change.replaced)) row.mentioned = 0;
}

/** Something happened in a conversation that may have no message yet. */
export function applyActivity(row: ConversationRow, at: number): void {
  row.activeAt = Math.max(row.activeAt, at);
}

/** How far an own message at `convSeq` got. */
export function reached(
  row: ConversationRow | undefined,
  convSeq: number,
): 'sent' | 'delivered' | 'read' {
  const receipts = [...(row?.receipts.values() ?? [])];
  if (receipts.some(({ read }) => read >= convSeq)) return 'read';
  if (receipts.some(({ delivered }) => delivered >= convSeq)) return 'delivered';
  return 'sent';
}

function applyNewest(row: ConversationRow, message: Message): void {
  const known = row.last;
  if (known && known.convSeq > message.convSeq && !known.replaced) return;
  row.last = known?.convSeq === message.convSeq ? merge(message, known) : message;
}

/** What was read mentions nobody any more. */
function forgetRead(row: ConversationRow): void {
  if (row.mentioned <= row.read) row.mentioned = 0;
}

/** There cannot be more unread messages than positions after the read mark; none is exact. */
function boundCount(row: ConversationRow): void {
  row.unreadCounted = Math.min(row.unreadCounted, Math.max(row.countedTo - row.read, 0));
  if (row.unreadCounted === 0) row.countIsRough = false;
}

/**
 * The rows of the conversation list. They come from two sides: from the relay's list, which may
 * be older than what events have told since, and from events, some of which the list contains.
 * So what is unread is counted in two parts: by the relay up to a position, beyond it one by one.
 */
import { EVERYONE, peerOf } from '../conversations.js';
import type { Conversation, Message, Receipt } from '../types.js';
import type { Amendment } from './amendments.js';

/** Rows kept. Beyond, those that were active longest ago are let go of. */
const ROWS_MAX = 1_000;
/** Unread messages of one conversation that are counted one by one. Beyond, the count stays. */
const COUNTED_MAX = 1_000;

interface Row {
  conversation: Conversation;
  /** Up to here it was counted by the relay. */
  countedTo: number;
  counted: number;
  /** Positions of unread messages beyond, ascending. */
  since: number[];
  /** True if only the relay can tell how much of what it counted is read now. */
  isRough: boolean;
}

export class Rows {
  readonly #rows = new Map<string, Row>();

  get(conv: string): Conversation | undefined {
    return this.#rows.get(conv)?.conversation;
  }

  /** Most recently active first. */
  list(): Conversation[] {
    return [...this.#rows.values()]
      .map(({ conversation }) => conversation)
      .sort((a, b) => b.activeAt - a.activeAt || (a.conv < b.conv ? -1 : 1));
  }

  clear(): void {
    this.#rows.clear();
  }

  delete(conv: string): void {
    this.#rows.delete(conv);
  }

  /** A row of the relay's list came. */
  addListed(listed: Conversation): void {
    const row = this.#rows.get(listed.conv);
    if (!row) {
      const { head, unread } = listed;
      const made = { conversation: listed, countedTo: head, counted: unread };
      this.#rows.set(listed.conv, { ...made, since: [], isRough: false });
      this.#bound();
      return;
    }
    const known = row.conversation;
    const last = newerOf(known.last, listed.last);
    const read = Math.max(known.read, listed.read);
    if (listed.head >= row.countedTo) {
      row.countedTo = listed.head;
      // What was read here meanwhile, the relay has counted as unread.
      const isOlder = known.read > listed.read;
      row.counted = isOlder ? Math.min(listed.unread, listed.head - read) : listed.unread;
      row.isRough = isOlder && row.counted > 0;
      row.since = row.since.filter((at) => at > listed.head);
    }
    this.#update(row, {
      ...listed,
      head: Math.max(known.head, listed.head),
      activeAt: Math.max(known.activeAt, listed.activeAt),
      read,
      receipts: known.receipts.reduce(withReceipt, listed.receipts),
      ...(last ? { last } : {}),
    });
  }

  /** A message was received, or an own one was stored. */
  addMessage(message: Message, user: string | undefined): void {
    const { conv, convSeq, sender } = message;
    const row = this.#rowOf(conv, user);
    const known = row.conversation;
    const last = newerOf(known.last, message);
    const isOthers = sender !== user;
    const isUnread = convSeq > Math.max(row.countedTo, known.read, row.since.at(-1) ?? 0);
    if (isOthers && isUnread && row.since.length < COUNTED_MAX) row.since.push(convSeq);
    const isMeant = message.mentions.some((name) => name === user || name === EVERYONE);
    this.#update(row, {
      ...known,
      head: Math.max(known.head, convSeq),
      activeAt: Math.max(known.activeAt, message.createdAt),
      ...(last ? { last } : {}),
      ...(isMeant && isOthers ? { mentioned: Math.max(known.mentioned ?? 0, convSeq) } : {}),
    });
  }

  /** This user has read up to here. */
  markRead(conv: string, convSeq: number): void {
    const row = this.#rows.get(conv);
    if (!row || convSeq <= row.conversation.read) return;
    row.counted = Math.min(row.counted, Math.max(row.countedTo - convSeq, 0));
    row.isRough = row.counted > 0;
    this.#update(row, { ...row.conversation, read: convSeq });
  }

  /** This user has deleted a message: it is not unread any more. */
  forgetUnread(conv: string, convSeq: number): void {
    const row = this.#rows.get(conv);
    if (!row || convSeq <= row.conversation.read) return;
    if (convSeq <= row.countedTo) row.isRough = true;
    row.since = row.since.filter((at) => at !== convSeq);
    this.#update(row, row.conversation);
  }

  /** Whether only the relay can tell how much is unread there. */
  isRough(conv: string): boolean {
    return this.#rows.get(conv)?.isRough ?? false;
  }

  addReceipt(receipt: Receipt): void {
    const row = this.#rows.get(receipt.conv);
    if (!row) return;
    const { receipts } = row.conversation;
    this.#update(row, { ...row.conversation, receipts: withReceipt(receipts, receipt) });
  }

  /** @returns whether only the relay can tell now what is the newest message */
  amend({ conv, convSeq, apply }: Amendment): boolean {
    const row = this.#rows.get(conv);
    const last = row?.conversation.last;
    if (!row || last?.convSeq !== convSeq) return false;
    const now = apply(last);
    if (now) {
      this.#update(row, { ...row.conversation, last: now });
      return false;
    }
    const rest = { ...row.conversation };
    delete rest.last;
    this.#update(row, rest);
    return true;
  }

  /** Something has happened there that is no message. */
  addActivity(conv: string, at: number, user: string | undefined, title?: string): void {
    const row = this.#rowOf(conv, user);
    const activeAt = Math.max(row.conversation.activeAt, at);
    this.#update(row, {
      ...row.conversation,
      activeAt,
      ...(title === undefined ? {} : { title }),
    });
  }

  #rowOf(conv: string, user: string | undefined): Row {
    const known = this.#rows.get(conv);
    if (known) return known;
    const peer = user === undefined ? undefined : peerOf(conv, user);
    const conversation: Conversation = {
      conv,
      ...(peer === undefined ? {} : { peer }),
      head: 0,
      unread: 0,
      read: 0,
      receipts: [],
      activeAt: 0,
      crowd: false,
    };
    const row = { conversation, countedTo: 0, counted: 0, since: [], isRough: false };
    this.#rows.set(conv, row);
    this.#bound();
    return row;
  }

  #update(row: Row, { mentioned, ...rest }: Conversation): void {
    row.since = row.since.filter((at) => at > rest.read);
    row.conversation = {
      ...rest,
      unread: row.counted + row.since.length,
      // What was read mentions nobody any more.
      ...(mentioned !== undefined && mentioned > rest.read ? { mentioned } : {}),
    };
  }

  #bound(): void {
    if (this.#rows.size <= ROWS_MAX) return;
    const [least] = this.list().slice(-1);
    if (least) this.#rows.delete(least.conv);
  }
}

/** How far an own message got. */
export function reached(
  conversation: Conversation | undefined,
  convSeq: number,
): 'sent' | 'delivered' | 'read' {
  const receipts = conversation?.receipts ?? [];
  if (receipts.some(({ read }) => read >= convSeq)) return 'read';
  return receipts.some(({ delivered }) => delivered >= convSeq) ? 'delivered' : 'sent';
}

/** Of two that are the same, the latter. */
function newerOf(one: Message | undefined, other: Message | undefined): Message | undefined {
  if (!one || !other) return one ?? other;
  return one.convSeq > other.convSeq ? one : other;
}

function withReceipt(receipts: Receipt[], { conv, user, delivered, read }: Receipt): Receipt[] {
  const known = receipts.find((receipt) => receipt.user === user);
  const merged = {
    conv,
    user,
    delivered: Math.max(known?.delivered ?? 0, delivered, read),
    read: Math.max(known?.read ?? 0, read),
  };
  return known
    ? receipts.map((receipt) => (receipt === known ? merged : receipt))
    : [...receipts, merged];
}

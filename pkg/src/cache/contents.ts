/**
 * What is in a cache, and what each thing that happens does to it. Told again of what it knows, it
 * stays as it is: events of a timeline are counted by their `seq`, messages by their `convSeq`.
 */
import type { Conversation, Events, HistoryPage, HistoryQuery, Message } from '../types.js';
import { addLive, addPage, amend, nothingKnown, remove, shorten, type Stretch } from './stretch.js';

/** One conversation. */
export interface Shelf {
  row: Conversation;
  stretch: Stretch;
  /** Of a large conversation: the last event of its own timeline. */
  crowdSeq: number;
  /** Only the relay knows how much is unread. */
  isRough: boolean;
}

export interface Bounds {
  conversationsMax: number;
  messagesMax: number;
  bytesMax: number;
}

export type CachedEvent = {
  [Name in 'message' | 'edit' | 'recall' | 'delete' | 'read' | 'receipt' | 'group']: {
    name: Name;
    event: Events[Name];
  };
}[keyof Pick<Events, 'message' | 'edit' | 'recall' | 'delete' | 'read' | 'receipt' | 'group'>];

export class Contents {
  readonly shelves = new Map<string, Shelf>();
  /** The last event of the user's own timeline. */
  cursor = 0;
  /** Something may be missing: the relay's list is to be read. */
  isStale = true;
  user: string | undefined;
  /** How often everything was void. */
  resets = 0;
  readonly #bounds: Bounds;
  /** Lately changed messages; null: deleted. A page that is on its way may not know of it. */
  readonly #amendments = new Map<string, Partial<Message> | null>();
  /** Conversations that changed since they were last written. */
  readonly changed = new Set<string>();

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  conversations(): Conversation[] {
    return [...this.shelves.values()]
      .map(({ row }) => ({ ...row, ...lastOf(row) }))
      .sort((one, other) => other.activeAt - one.activeAt);
  }

  messages(conv: string): Message[] {
    return (this.shelves.get(conv)?.stretch.messages ?? []).filter(isShown);
  }

  /** @returns whether it was news */
  apply({ name, event }: CachedEvent): boolean {
    if (!this.#isNext(event)) return false;
    switch (name) {
      case 'message':
        this.#message(event);
        break;
      case 'edit':
        this.#amend(event.conv, event.convSeq, plain(event));
        break;
      case 'recall':
        this.#amend(event.conv, event.convSeq, TAKEN_BACK);
        break;
      case 'delete':
        this.#remove(event.conv, event.convSeq);
        break;
      case 'read':
        this.#read(event);
        break;
      case 'receipt':
        this.#receipt(event);
        break;
      case 'group':
        this.#group(event);
        break;
    }
    return true;
  }

  /** The relay cannot go on: what came before is to be read again. */
  reset(event: Events['reset']): void {
    if (event.conv === undefined) {
      for (const conv of this.shelves.keys()) this.#drop(conv);
      this.cursor = event.head;
    } else {
      const shelf = this.shelves.get(event.conv);
      if (!shelf) return;
      shelf.stretch = nothingKnown();
      shelf.crowdSeq = event.head;
      this.changed.add(event.conv);
    }
    this.resets += 1;
    this.isStale = true;
  }

  /** The relay's list has to be read. */
  needsList(): boolean {
    return this.isStale || [...this.shelves.values()].some(({ isRough }) => isRough);
  }

  keepConversations(rows: Conversation[]): void {
    for (const row of rows) {
      const shelf = this.#shelf(row.conv);
      // A list that was on its way while something happened is older than what is known.
      if (row.head < shelf.row.head) {
        shelf.isRough ||= this.isStale;
        continue;
      }
      const isBehind = shelf.row.read > row.read;
      shelf.row = { ...row, read: Math.max(row.read, shelf.row.read) };
      shelf.isRough = false;
      if (isBehind) this.#count(shelf);
      // Else the timeline has those in between, and they come after what is known.
      const isUnknown = shelf.stretch.to < shelf.stretch.from;
      if (isUnknown && row.last?.convSeq === row.head) addLive(shelf.stretch, row.last);
      this.#shorten(row.conv, shelf);
    }
    this.#bound();
  }

  /** These have ended. */
  drop(convs: Iterable<string>): void {
    for (const conv of convs) this.#drop(conv);
  }

  /** `head` was the newest `convSeq` when the page was asked for, as far as was known. */
  keepHistory(conv: string, page: HistoryPage, query: HistoryQuery, head: number): void {
    const shelf = this.shelves.get(conv);
    if (!shelf) return;
    const messages = page.messages.flatMap((message) => this.#amended(message) ?? []);
    addPage(shelf.stretch, { ...page, messages }, query, head);
    this.#shorten(conv, shelf);
    this.#bound();
  }

  /** What is known of these messages may be out of date. */
  forget(conv: string): void {
    const shelf = this.shelves.get(conv);
    if (!shelf) return;
    shelf.stretch = nothingKnown();
    this.changed.add(conv);
  }

  /** Takes over what was kept. */
  restore(shelf: Shelf): void {
    shelf.stretch.messages = shelf.stretch.messages.filter(isShown);
    this.shelves.set(shelf.row.conv, shelf);
  }

  clear(): void {
    for (const conv of this.shelves.keys()) this.#drop(conv);
    this.cursor = 0;
    this.resets += 1;
    this.isStale = true;
    this.#amendments.clear();
  }

  /** Events come in order, and again after a crash. */
  #isNext({ seq, crowd, conv }: { seq: number; crowd?: boolean; conv: string }): boolean {
    if (crowd) {
      const shelf = this.#shelf(conv);
      if (seq <= shelf.crowdSeq) return false;
      shelf.crowdSeq = seq;
    } else {
      if (seq <= this.cursor) return false;
      this.cursor = seq;
    }
    return true;
  }

  #message(event: Events['message']): void {
    const message = plain(event);
    const { conv, convSeq, createdAt } = message;
    const shelf = this.#shelf(conv);
    const { row } = shelf;
    const isNews = convSeq > row.head;
    // It had messages before, of which nothing is known here.
    if (row.head === 0 && convSeq > 1) shelf.isRough = true;
    row.head = Math.max(row.head, convSeq);
    row.activeAt = Math.max(row.activeAt, createdAt);
    if (isNews && !event.own && convSeq > row.read) row.unread += 1;
    if (isNews && !event.own && this.#isMeant(message)) row.mentioned = convSeq;
    if (message.replaces !== undefined) remove(shelf.stretch, message.replaces);
    addLive(shelf.stretch, message);
    this.#shorten(conv, shelf);
    this.#bound();
  }

  #amend(conv: string, convSeq: number, change: Partial<Message>): void {
    this.#remember(conv, convSeq, change);
    const shelf = this.shelves.get(conv);
    if (!shelf) return;
    amend(shelf.stretch, convSeq, change);
    if (shelf.row.last?.convSeq === convSeq) Object.assign(shelf.row.last, change);
    if (change.recalled && shelf.row.mentioned === convSeq) delete shelf.row.mentioned;
    this.#shorten(conv, shelf);
  }

  #remove(conv: string, convSeq: number): void {
    this.#remember(conv, convSeq, null);
    const shelf = this.shelves.get(conv);
    if (!shelf) return;
    remove(shelf.stretch, convSeq);
    if (shelf.row.last?.convSeq === convSeq) delete shelf.row.last;
    this.#shorten(conv, shelf);
  }

  #remember(conv: string, convSeq: number, change: Partial<Message> | null): void {
    this.#amendments.set(`${conv} ${convSeq}`, change);
    const [oldest] = this.#amendments.keys();
    if (this.#amendments.size > AMENDMENTS_MAX) this.#amendments.delete(oldest ?? '');
  }

  /** A message of a page as it is now; null if it is gone. */
  #amended(message: Message): Message | null {
    const change = this.#amendments.get(`${message.conv} ${message.convSeq}`);
    if (change === null) return null;
    const isOlder = (change?.editedAt ?? Infinity) < (message.editedAt ?? 0) || message.recalled;
    return isOlder ? message : { ...message, ...change };
  }

  #read({ conv, convSeq }: Events['read']): void {
    const shelf = this.shelves.get(conv);
    if (!shelf || convSeq <= shelf.row.read) return;
    shelf.row.read = convSeq;
    if ((shelf.row.mentioned ?? 0) <= convSeq) delete shelf.row.mentioned;
    this.#count(shelf);
    this.changed.add(conv);
  }

  /** What is unread after the mark was moved. */
  #count(shelf: Shelf): void {
    const { row, stretch } = shelf;
    const isExact = stretch.from <= row.read + 1 && stretch.to >= row.head;
    const unread = stretch.messages.filter(
      // Pages may have those that are still to be told of, and counted then.
      ({ convSeq, sender }) => convSeq > row.read && convSeq <= row.head && sender !== this.user,
    );
    row.unread = isExact ? unread.length : Math.min(row.unread, Math.max(row.head - row.read, 0));
    shelf.isRough = !isExact && row.unread > 0;
  }

  #receipt({ conv, user, delivered, read }: Events['receipt']): void {
    const shelf = this.shelves.get(conv);
    if (!shelf) return;
    const known = shelf.row.receipts.find((receipt) => receipt.user === user);
    const others = shelf.row.receipts.filter((receipt) => receipt !== known);
    shelf.row.receipts = [
      ...others,
      {
        conv,
        user,
        delivered: Math.max(delivered, known?.delivered ?? 0),
        read: Math.max(read, known?.read ?? 0),
      },
    ];
    this.changed.add(conv);
  }

  #group(event: Events['group']): void {
    const { conv, op } = event;
    if ((op === 'left' || op === 'removed') && event.users.some((user) => user === this.user)) {
      this.#drop(conv);
      return;
    }
    const { row } = this.#shelf(conv);
    row.activeAt = Math.max(row.activeAt, event.at);
    if ((op === 'created' || op === 'edited') && event.title !== undefined) row.title = event.title;
    this.changed.add(conv);
    this.#bound();
  }

  #isMeant({ mentions }: Message): boolean {
    return mentions.some((user) => user === this.user || user === '@all');
  }

  #shelf(conv: string): Shelf {
    const known = this.shelves.get(conv);
    if (known) return known;
    const stretch = nothingKnown();
    const shelf = { row: emptyRow(conv), stretch, crowdSeq: 0, isRough: false };
    this.shelves.set(conv, shelf);
    return shelf;
  }

  #shorten(conv: string, { row, stretch }: Shelf): void {
    shorten(stretch, this.#bounds.messagesMax);
    const last = stretch.messages.filter(isShown).at(-1);
    if (stretch.to >= row.head) {
      if (last) row.last = last;
      else if (row.last && row.last.convSeq >= stretch.from) delete row.last;
    }
    this.changed.add(conv);
  }

  /** Those that were not active for longest go first; of what takes too many bytes, the messages. */
  #bound(): void {
    const { conversationsMax, bytesMax } = this.#bounds;
    let bytes = 0;
    let count = 0;
    const inOrder = [...this.shelves].sort(
      ([, one], [, other]) => other.row.activeAt - one.row.activeAt,
    );
    for (const [conv, { stretch }] of inOrder) {
      count += 1;
      if (count > conversationsMax) {
        this.#drop(conv);
        continue;
      }
      let left = bytesMax - bytes;
      const kept = [...stretch.messages].reverse().findIndex((message) => {
        left -= bytesOf(message);
        return left < 0;
      });
      // Of the list the newest message is a part anyway.
      if (kept >= 0 && shorten(stretch, Math.max(kept, 1)).length > 0) this.changed.add(conv);
      bytes += stretch.messages.reduce((sum, message) => sum + bytesOf(message), 0);
    }
  }

  #drop(conv: string): void {
    this.shelves.delete(conv);
    this.changed.add(conv);
  }
}

const AMENDMENTS_MAX = 500;
const TAKEN_BACK = { recalled: true, body: '', mentions: [] };

const isShown = ({ expiresAt, replaced }: Message): boolean =>
  !replaced && (expiresAt === undefined || expiresAt > Date.now());

const lastOf = ({ last }: Conversation): { last?: Message } =>
  last && !isShown(last) ? ({ last: undefined } as object) : {};

/** About: bodies are what counts. */
const bytesOf = ({ body }: Message): number => 256 + lengthOf(body);

const lengthOf = (body: Message['body']): number =>
  typeof body === 'string' ? body.length : JSON.stringify(body).length;

const emptyRow = (conv: string): Conversation => ({
  conv,
  head: 0,
  unread: 0,
  read: 0,
  receipts: [],
  activeAt: 0,
  crowd: false,
});

/** The message alone. */
function plain(event: Events['message'] | Events['edit']): Message {
  const message: Partial<Events['message']> = { ...event };
  delete message.seq;
  delete message.crowd;
  delete message.own;
  return message as Message;
}

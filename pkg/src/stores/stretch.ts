/**
 * The part of a conversation that is in memory: one stretch without holes.
 *
 * A page of history says "everything from here to there"; a message that comes alone says only
 * that it is there. So a page may extend the stretch wherever it touches it, a message only
 * where it is the next one. Beyond that it raises the head, and the rest is asked for.
 */
import type { HistoryPage, HistoryQuery, Message } from '../types.js';
import { amend, type Amendment } from './amendments.js';

/** Messages asked for at once. */
export const PAGE_MESSAGES = 50;
/** Messages kept of one conversation. Beyond, those at the other end are let go of. */
export const MESSAGES_MAX = 500;

export type PageKind = 'newest' | 'older' | 'newer';

/** A question for the relay, and what its answer must be judged by. */
export interface PageRequest {
  kind: PageKind;
  query: HistoryQuery;
  generation: number;
  /** The newest position that was known when it was asked. */
  head: number;
}

export class Stretch {
  /** Ascending by `convSeq`. */
  messages: readonly Message[] = [];
  /** Whether a page has come: before, the stretch is nowhere. */
  isLoaded = false;
  /** True while the newest messages are left out, for older ones that are looked at. */
  isDetached = false;
  /** Everything from here … */
  #low = 1;
  /** … to here is known. */
  #high = 0;
  #head = 0;
  /** Counts beginnings: an answer to an earlier one is of no use. */
  #generation = 0;

  get hasOlder(): boolean {
    return this.isLoaded && this.#low > 1;
  }

  get hasNewer(): boolean {
    return this.isLoaded && this.#high < this.#head;
  }

  /** What is to be asked for, so that it is without holes up to the newest message. */
  get missing(): PageKind | undefined {
    if (!this.isLoaded) return 'newest';
    return this.hasNewer && !this.isDetached ? 'newer' : undefined;
  }

  /** The newest position that is shown. */
  get high(): number {
    return this.#high;
  }

  /** Whether a stored message will be in the stretch, and is not yet. */
  awaits(convSeq: number): boolean {
    return !this.isDetached && (!this.isLoaded || convSeq > this.#high);
  }

  /** There are messages up to here. */
  raise(head: number): void {
    this.#head = Math.max(this.#head, head);
  }

  /** Forgets everything. */
  reset(): void {
    this.messages = [];
    this.isLoaded = this.isDetached = false;
    this.#low = 1;
    this.#high = this.#head = 0;
    this.#generation += 1;
  }

  request(kind: PageKind): PageRequest {
    const query: HistoryQuery = { limit: PAGE_MESSAGES };
    if (kind === 'older') query.before = this.#low;
    if (kind === 'newer') query.after = this.#high;
    return { kind, query, generation: this.#generation, head: this.#head };
  }

  /** An answer came. `meanwhile` is what has happened to messages since it was asked for. */
  addPage(request: PageRequest, page: HistoryPage, meanwhile: Amendment[] = []): void {
    if (request.generation !== this.#generation) return;
    const [low, high] = coverage(request, page);
    const messages = page.messages.flatMap((message) => amend(message, meanwhile) ?? []);
    this.#head = Math.max(this.#head, high);
    if (this.isLoaded && low <= this.#high + 1 && this.#low <= high + 1) {
      // Of what both have, the answer is the newer.
      const kept = this.messages.filter(({ convSeq }) => convSeq < low || convSeq > high);
      this.messages = [...kept, ...messages].sort((a, b) => a.convSeq - b.convSeq);
      this.#low = Math.min(this.#low, low);
      this.#high = Math.max(this.#high, high);
    } else if (request.kind === 'newest') {
      this.messages = messages;
      this.isLoaded = true;
      this.#low = low;
      this.#high = high;
    } else {
      // The stretch has moved on meanwhile; it is asked for again.
      return;
    }
    if (request.kind === 'newest' || this.#high >= this.#head) this.isDetached = false;
    if (request.kind === 'older') this.#dropNewest();
    else this.dropOldest(MESSAGES_MAX);
  }

  /** A message came by itself. */
  addMessage(message: Message): void {
    const { convSeq } = message;
    this.#head = Math.max(this.#head, convSeq);
    if (!this.isLoaded || convSeq < this.#low) return;
    if (convSeq <= this.#high) {
      // It has come before. If it is not there, it is not shown any longer.
      this.messages = this.messages.map((known) => (known.convSeq === convSeq ? message : known));
    } else if (convSeq === this.#high + 1 && !this.isDetached) {
      if (!message.replaced) this.messages = [...this.messages, message];
      this.#high = convSeq;
      this.dropOldest(MESSAGES_MAX);
    }
  }

  /** @returns whether it is about a message of the stretch */
  amend(amendment: Amendment): boolean {
    const message = this.messages.find(({ convSeq }) => convSeq === amendment.convSeq);
    if (!message) return false;
    const now = amendment.apply(message);
    this.messages = this.messages.flatMap((known) => (known === message ? (now ?? []) : known));
    return true;
  }

  dropOldest(kept: number): void {
    if (this.messages.length <= kept) return;
    this.messages = this.messages.slice(-kept);
    this.#low = this.messages[0]?.convSeq ?? this.#high + 1;
  }

  #dropNewest(): void {
    if (this.messages.length <= MESSAGES_MAX) return;
    this.messages = this.messages.slice(0, MESSAGES_MAX);
    this.#high = this.messages.at(-1)?.convSeq ?? this.#low - 1;
    this.isDetached = true;
  }
}

/** The positions that a page tells everything about. */
function coverage(
  { kind, query, head }: PageRequest,
  { messages, more }: HistoryPage,
): [number, number] {
  const first = messages[0]?.convSeq;
  const last = messages.at(-1)?.convSeq;
  // Positions may be missing, as those of expired messages are. Where there is nothing more, the
  // page reaches as far as the question did.
  if (kind === 'newer') {
    const after = query.after ?? 0;
    const reached = Math.max(after, head, last ?? 0);
    return [after + 1, more && last !== undefined ? last : reached];
  }
  const low = more && first !== undefined ? first : 1;
  return [low, kind === 'older' ? (query.before ?? 1) - 1 : Math.max(head, last ?? 0)];
}

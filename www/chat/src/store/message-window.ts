// The part of a conversation that is in memory: one stretch without holes.
//
// What the relay stored is known to the page from two sides: pages of history, and
// messages as they happen. A page says "everything from here to there"; a live message
// says only "this one is there". So a live message joins the stretch only where it
// adjoins it. Otherwise it just raises `head`, and the stretch is continued by asking
// for the page after it. Whatever arrives in whatever order, the stretch stays gapless,
// ordered, and without repetition.
import type { HistoryPage, HistoryQuery, Message } from 'seqline';

import { merge } from './amendments.ts';

/** Messages kept of one conversation; further ones are paged in again when scrolled to. */
export const WINDOW_MESSAGES_MAX = 400;

/** Messages asked for at once. */
export const PAGE_MESSAGES = 50;

export interface MessageWindow {
  /** Ascending by `convSeq`. Everything that the relay shows from `low` to `high`. */
  messages: Message[];
  /** First position of the stretch. 1: it reaches back to the beginning. */
  low: number;
  /** Last position of the stretch. */
  high: number;
  /** Newest position heard of, in the stretch or beyond it. */
  head: number;
  /** Whether a page came already: before, the stretch is nowhere. */
  loaded: boolean;
  /**
   * True while the newest messages are left out because older ones are being read.
   * Otherwise the stretch follows the head.
   */
  detached: boolean;
  /** Counts resets: answers to what was asked before one are of no use. */
  generation: number;
}

/** The newest messages, those from the first unread one on, or those next to the stretch. */
export type PageKind = 'newest' | 'unread' | 'older' | 'newer';

/** A question for the relay, with what its answer must be judged by. */
export interface PageRequest {
  kind: PageKind;
  query: HistoryQuery;
  generation: number;
  /** `head` when it was asked: a last page covers everything up to there. */
  headAtRequest: number;
}

export function createWindow(): MessageWindow {
  return {
    messages: [],
    low: 1,
    high: 0,
    head: 0,
    loaded: false,
    detached: false,
    generation: 0,
  };
}

/** Forgets everything: the numbering may be another one. */
export function resetWindow(window: MessageWindow, head = 0): void {
  const { generation } = window;
  Object.assign(window, createWindow(), { generation: generation + 1, head });
}

/** Whether a position is in the stretch. */
export const holds = (window: MessageWindow, convSeq: number): boolean =>
  window.loaded && window.low <= convSeq && convSeq <= window.high;

export const hasOlder = (window: MessageWindow): boolean => window.loaded && window.low > 1;

export const hasNewer = (window: MessageWindow): boolean =>
  window.loaded && window.high < window.head;

/** Whether there is a hole between the stretch and the newest message that must be filled now. */
export const mustCatchUp = (window: MessageWindow): boolean => hasNewer(window) && !window.detached;

/** @param read with `unread`: up to where everything is read */
export function pageRequest(window: MessageWindow, kind: PageKind, read = 0): PageRequest {
  const query: HistoryQuery = { limit: PAGE_MESSAGES };
  if (kind === 'older') query.before = window.low;
  if (kind === 'newer') query.after = window.high;
  if (kind === 'unread') query.after = read;
  return { kind, query, generation: window.generation, headAtRequest: window.head };
}

/** Merges the answer to a request. */
export function applyPage(window: MessageWindow, request: PageRequest, page: HistoryPage): void {
  if (request.generation !== window.generation) return;
  const { messages } = page;
  const [low, high] = coverage(request, page);
  window.head = Math.max(window.head, high);

  const adjoins = window.loaded && low <= window.high + 1 && window.low <= high + 1;
  if (adjoins) {
    window.messages = union(window.messages, messages);
    window.low = Math.min(window.low, low);
    window.high = Math.max(window.high, high);
  } else if (request.kind === 'newest' || (request.kind === 'unread' && !window.loaded)) {
    Object.assign(window, { messages, low, high, loaded: true });
    window.detached = request.kind === 'unread';
  } else {
    // The stretch moved on while the page was under way; it is asked for again.
    return;
  }
  if (window.high >= window.head) window.detached = false;
  if (request.kind === 'older') dropNewest(window);
  else dropOldest(window);
}

/**
 * Merges a message as it happens.
 * @param following whether the newest message is in view; otherwise a full stretch
 *   lets go of the head instead of what is being read
 */
export function applyLive(window: MessageWindow, message: Message, following: boolean): void {
  const { convSeq } = message;
  window.head = Math.max(window.head, convSeq);
  if (!window.loaded || convSeq < window.low) return;
  if (convSeq <= window.high) {
    window.messages = union(window.messages, [message]);
    return;
  }
  if (convSeq > window.high + 1 || window.detached) return;
  if (!following && window.messages.length >= WINDOW_MESSAGES_MAX) {
    window.detached = true;
    return;
  }
  window.messages.push(message);
  window.high = convSeq;
  dropOldest(window);
}

/** Learns that there are messages up to `head`. */
export function applyHead(window: MessageWindow, head: number): void {
  window.head = Math.max(window.head, head);
}

/** Shows a message as it reads now. */
export function applyAmendment(
  window: MessageWindow,
  convSeq: number,
  change: Partial<Message>,
): void {
  window.messages = window.messages.map((message) =>
    message.convSeq === convSeq ? merge(message, change) : message,
  );
}

/** Gives back memory of a conversation that is not in view. */
export function shrinkWindow(window: MessageWindow, messages_max: number): void {
  if (window.detached) resetWindow(window);
  else dropOldest(window, messages_max);
}

/** Whether a stored message will join the stretch, but has not yet. */
export const isAwaited = (window: MessageWindow, convSeq: number): boolean =>
  !window.detached && (!window.loaded || convSeq > window.high);

/** The positions that a page tells everything about. */
function coverage(
  { kind, query, headAtRequest }: PageRequest,
  page: HistoryPage,
): [number, number] {
  const first = page.messages[0]?.convSeq;
  const last = page.messages.at(-1)?.convSeq;
  // Positions may be missing from history, as expired messages are: the bounds of the
  // question count where there is nothing more in that direction.
  const reachesEnd = Math.max(last ?? 0, headAtRequest);
  const start = page.more && first !== undefined ? first : 1;
  switch (kind) {
    case 'newest':
      return [start, reachesEnd];
    case 'older':
      return [start, (query.before ?? 1) - 1];
    case 'unread':
    case 'newer': {
      const after = query.after ?? 0;
      return [after + 1, page.more && last !== undefined ? last : Math.max(after, reachesEnd)];
    }
  }
}

function union(kept: Message[], added: Message[]): Message[] {
  const byPosition = new Map(kept.map((message) => [message.convSeq, message]));
  for (const message of added) byPosition.set(message.convSeq, message);
  return [...byPosition.values()].sort((a, b) => a.convSeq - b.convSeq);
}

function dropOldest(window: MessageWindow, messages_max = WINDOW_MESSAGES_MAX): void {
  const surplus = window.messages.length - messages_max;
  if (surplus <= 0) return;
  window.messages = window.messages.slice(surplus);
  window.low = window.messages[0]?.convSeq ?? window.high + 1;
}

function dropNewest(window: MessageWindow): void {
  if (window.messages.length <= WINDOW_MESSAGES_MAX) return;
  window.messages = window.messages.slice(0, WINDOW_MESSAGES_MAX);
  window.high = window.messages.at(-1)?.convSeq ?? window.low - 1;
  window.detached = true;
}

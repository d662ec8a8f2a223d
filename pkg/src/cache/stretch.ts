/**
 * The newest messages of a conversation that are known without a hole: every message from `from`
 * to `to` that there is. Positions that no message has any more (deleted, expired) are no holes.
 */
import type { HistoryPage, HistoryQuery, Message } from '../types.js';

export interface Stretch {
  /** `convSeq`; more than `to` if nothing is known. */
  from: number;
  to: number;
  /** Ascending. */
  messages: Message[];
}

export const nothingKnown = (): Stretch => ({ from: 1, to: 0, messages: [] });

/** A message came by the timeline: the newest one, or one that is known. */
export function addLive(stretch: Stretch, message: Message): void {
  const { convSeq } = message;
  if (convSeq > stretch.to) {
    // Something between was missed: what comes before is not the end of the conversation any more.
    if (convSeq > stretch.to + 1) Object.assign(stretch, { from: convSeq, messages: [] });
    stretch.to = convSeq;
    stretch.messages.push(message);
  } else if (convSeq >= stretch.from) {
    put(stretch, message);
  }
}

/** Changes a message, if it is known. */
export function amend(stretch: Stretch, convSeq: number, change: Partial<Message>): boolean {
  const message = stretch.messages.find((known) => known.convSeq === convSeq);
  if (message) Object.assign(message, change);
  return message !== undefined;
}

export function remove(stretch: Stretch, convSeq: number): boolean {
  const count = stretch.messages.length;
  stretch.messages = stretch.messages.filter((known) => known.convSeq !== convSeq);
  return stretch.messages.length < count;
}

/** A page of history, and the newest `convSeq` that is known of when it came. */
export function addPage(
  stretch: Stretch,
  { messages, more }: HistoryPage,
  { before, after }: HistoryQuery,
  head: number,
): void {
  const [first] = messages;
  const last = messages.at(-1);
  const newest = Math.max(head, last?.convSeq ?? 0);
  const from = after === undefined ? (more ? (first?.convSeq ?? newest + 1) : 1) : after + 1;
  const to =
    after === undefined
      ? before === undefined
        ? newest
        : before - 1
      : more
        ? (last?.convSeq ?? after)
        : newest;
  const isKnown = stretch.to >= stretch.from;
  const touches = isKnown && from <= stretch.to + 1 && to >= stretch.from - 1;
  if (!touches && isKnown && to < stretch.to) return;
  // Taken back, edited, deleted since: the page is what holds now.
  const others = stretch.messages.filter(({ convSeq }) => convSeq < from || convSeq > to);
  stretch.messages = (touches ? [...others, ...messages] : [...messages]).sort(byPlace);
  stretch.from = touches ? Math.min(from, stretch.from) : from;
  stretch.to = touches ? Math.max(to, stretch.to) : to;
}

/** Lets go of the oldest ones. @returns them */
export function shorten(stretch: Stretch, countMax: number): Message[] {
  const gone = stretch.messages.splice(0, Math.max(stretch.messages.length - countMax, 0));
  if (gone.length > 0) stretch.from = stretch.messages[0]?.convSeq ?? stretch.to + 1;
  return gone;
}

function put(stretch: Stretch, message: Message): void {
  remove(stretch, message.convSeq);
  stretch.messages.push(message);
  stretch.messages.sort(byPlace);
}

const byPlace = (one: Message, other: Message): number => one.convSeq - other.convSeq;

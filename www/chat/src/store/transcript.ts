// What is shown of a conversation, from top to bottom.
import type { Body, Failure, Message, Status } from 'seqline';

import { reached, type ConversationRow } from './conversation-rows.ts';
import type { OutgoingMessage } from './outgoing.ts';

/** Messages of one sender closer together than this stand together. */
const GROUP_GAP_MS = 5 * 60_000;

export interface Bubble {
  type: 'message';
  key: string;
  clientMsgId: string;
  sender: string;
  isOwn: boolean;
  kind: string;
  body: Body;
  isRecalled: boolean;
  /** When it was stored or, before that, sent; unknown for what came back from storage. */
  at?: number;
  /** Its place, once it has one. */
  convSeq?: number;
  /** How far an own message got. */
  status?: Status;
  failure?: Failure;
  startsGroup: boolean;
  endsGroup: boolean;
}

export type TranscriptItem =
  Bubble | { type: 'day'; key: string; at: number } | { type: 'unread'; key: string };

export interface TranscriptSource {
  me: string;
  messages: Message[];
  outgoing: OutgoingMessage[];
  row: ConversationRow | undefined;
  /** "New messages" stands after this position, if that is among the messages. */
  dividerAfter?: number | undefined;
  /** Position from which on there are all messages. */
  low: number;
  /** Messages that expired before this are left out. */
  now: number;
}

export function transcriptOf(source: TranscriptSource): TranscriptItem[] {
  const { me, messages, outgoing, row, dividerAfter = 0, low, now } = source;
  const shown = messages.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now);
  const bubbles = [
    ...shown.map((message) => storedBubble(message, me, row)),
    ...outgoing.map((message) => outgoingBubble(message, me)),
  ];
  const items: TranscriptItem[] = [];
  let day: string | undefined;
  let previous: Bubble | undefined;
  let isDivided = source.dividerAfter === undefined || dividerAfter < low - 1;
  for (const bubble of bubbles) {
    const bubbleDay = bubble.at === undefined ? day : dayOf(bubble.at);
    if (bubble.at !== undefined && bubbleDay !== day) {
      items.push({ type: 'day', key: `day ${bubbleDay ?? ''}`, at: bubble.at });
      previous = undefined;
    }
    day = bubbleDay;
    if (!isDivided && !bubble.isOwn && (bubble.convSeq ?? 0) > dividerAfter) {
      items.push({ type: 'unread', key: 'unread' });
      isDivided = true;
      previous = undefined;
    }
    if (previous && belongTogether(previous, bubble)) {
      previous.endsGroup = false;
      bubble.startsGroup = false;
    }
    items.push(bubble);
    previous = bubble;
  }
  return items;
}

/**
 * The new items, with the old object in place of every one that is the same: only what has
 * changed needs to be drawn.
 */
export function keepUnchanged(before: TranscriptItem[], after: TranscriptItem[]): TranscriptItem[] {
  const known = new Map(before.map((item) => [item.key, item]));
  return after.map((item) => {
    const old = known.get(item.key);
    return old && isSame(old, item) ? old : item;
  });
}

function isSame(one: TranscriptItem, other: TranscriptItem): boolean {
  const [fields, others] = [Object.entries(one), Object.entries(other)];
  return (
    fields.length === others.length &&
    fields.every(([name, value], at) => others[at]?.[0] === name && others[at][1] === value)
  );
}

function storedBubble(message: Message, me: string, row: ConversationRow | undefined): Bubble {
  const { clientMsgId, sender, kind, body, recalled, createdAt, convSeq } = message;
  const isOwn = sender === me;
  return {
    type: 'message',
    key: keyOf(sender, clientMsgId),
    clientMsgId,
    sender,
    isOwn,
    kind,
    body,
    isRecalled: recalled,
    at: createdAt,
    convSeq,
    ...(isOwn ? { status: reached(row, convSeq) } : {}),
    startsGroup: true,
    endsGroup: true,
  };
}

function outgoingBubble(message: OutgoingMessage, me: string): Bubble {
  const { clientMsgId, kind, body, status, queuedAt, sent, failure } = message;
  const at = sent?.createdAt ?? queuedAt;
  return {
    type: 'message',
    key: keyOf(me, clientMsgId),
    clientMsgId,
    sender: me,
    isOwn: true,
    kind,
    body,
    isRecalled: false,
    status,
    ...(at === undefined ? {} : { at }),
    ...(sent ? { convSeq: sent.convSeq } : {}),
    ...(failure ? { failure } : {}),
    startsGroup: true,
    endsGroup: true,
  };
}

/** The same while a message is outgoing and once it is stored, so that its element stays. */
const keyOf = (sender: string, clientMsgId: string): string => `${sender}/${clientMsgId}`;

function belongTogether(one: Bubble, next: Bubble): boolean {
  if (one.sender !== next.sender) return false;
  return one.at === undefined || next.at === undefined || next.at - one.at < GROUP_GAP_MS;
}

/** The day in local time, as a name that differs from every other day's. */
function dayOf(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

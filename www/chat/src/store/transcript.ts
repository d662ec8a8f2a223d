// What is shown of a conversation, from top to bottom.
import type { Body, Failure, Message, Status } from 'seqline';

import { reached, type ConversationRow } from './conversation-rows.ts';
import type { GroupNote } from './groups.ts';
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
  mentions: string[];
  isRecalled: boolean;
  isEdited: boolean;
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
  | Bubble
  | { type: 'day'; key: string; at: number }
  | { type: 'unread'; key: string }
  | { type: 'note'; key: string; at: number; note: GroupNote };

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
  /** What happened to the group, oldest first. */
  notes?: GroupNote[];
}

export function transcriptOf(source: TranscriptSource): TranscriptItem[] {
  const { me, messages, outgoing, row, dividerAfter = 0, low, now } = source;
  const shown = messages.filter(
    ({ expiresAt, replaced }) => !replaced && (expiresAt === undefined || expiresAt > now),
  );
  const bubbles = [
    ...shown.map((message) => storedBubble(message, me, row)),
    ...outgoing.map((message) => outgoingBubble(message, me)),
  ];
  const items: TranscriptItem[] = [];
  const notes = notesFrom(source, shown);
  let day: string | undefined;
  let previous: Bubble | undefined;
  let isDivided = source.dividerAfter === undefined || dividerAfter < low - 1;

  const startDay = (at: number | undefined) => {
    const next = at === undefined ? day : dayOf(at);
    if (at === undefined || next === day) return;
    items.push({ type: 'day', key: `day ${next ?? ''}`, at });
    day = next;
    previous = undefined;
  };
  const tellNotes = (until: number) => {
    for (let note = notes[0]; note && note.at < until; note = notes[0]) {
      notes.shift();
      startDay(note.at);
      items.push({ type: 'note', key: `note ${note.id}`, at: note.at, note });
      previous = undefined;
    }
  };

  for (const bubble of bubbles) {
    tellNotes(bubble.at ?? 0);
    startDay(bubble.at);
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
  tellNotes(Infinity);
  return items;
}

/** Those that happened within the stretch; before its first message only where it begins. */
function notesFrom({ notes = [], low }: TranscriptSource, shown: Message[]): GroupNote[] {
  const from = low > 1 ? (shown[0]?.createdAt ?? Infinity) : 0;
  return notes.filter(({ at }) => at >= from);
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
    fields.every(([name, value], at) => others[at]?.[0] === name && isEqual(value, others[at][1]))
  );
}

/** Lists are of names. */
function isEqual(one: unknown, other: unknown): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return one === other;
  return one.length === other.length && one.every((name, at) => name === other[at]);
}

function storedBubble(message: Message, me: string, row: ConversationRow | undefined): Bubble {
  const { clientMsgId, sender, kind, body, mentions, recalled, createdAt, convSeq } = message;
  const isOwn = sender === me;
  return {
    type: 'message',
    key: keyOf(sender, clientMsgId),
    clientMsgId,
    sender,
    isOwn,
    kind,
    body,
    mentions,
    isRecalled: recalled,
    isEdited: message.editedAt !== undefined,
    at: createdAt,
    convSeq,
    ...(isOwn ? { status: reached(row, convSeq) } : {}),
    startsGroup: true,
    endsGroup: true,
  };
}

function outgoingBubble(message: OutgoingMessage, me: string): Bubble {
  const { clientMsgId, kind, body, mentions, status, queuedAt, sent, failure } = message;
  const at = sent?.createdAt ?? queuedAt;
  return {
    type: 'message',
    key: keyOf(me, clientMsgId),
    clientMsgId,
    sender: me,
    isOwn: true,
    kind,
    body,
    mentions,
    isRecalled: false,
    isEdited: false,
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

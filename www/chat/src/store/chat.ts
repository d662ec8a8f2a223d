// Everything that the page knows, and how each thing that happens changes it.
//
// Plain data and plain functions: no DOM, no clock, no client. A message has exactly one
// of two homes: the outbox (by `clientMsgId`) until it has a place, then the
// conversation's stretch (by `convSeq`). Every function here keeps that, in whatever
// order pages, `status` and `message` events come.
import type { Conversation, Events, HistoryPage, Message } from 'seqline';

import { amend, editOf, HIDDEN, RECALLED, remember, type Amendments } from './amendments.ts';
import {
  applyActivity,
  applyAmendment as applyAmendmentToRow,
  applyMessage as applyMessageToRow,
  applyRead as applyReadToRow,
  applyReceipt as applyReceiptToRow,
  applySnapshot,
  createRow,
  unreadOf,
  type ConversationRow,
} from './conversation-rows.ts';
import { applyChange, createFacts, type GroupFacts, type Groups } from './groups.ts';
import {
  applyAmendment as applyAmendmentToWindow,
  applyHead,
  applyLive,
  applyPage as applyPageToWindow,
  createWindow,
  holds,
  isAwaited,
  pageRequest,
  resetWindow,
  shrinkWindow,
  type MessageWindow,
  type PageRequest,
} from './message-window.ts';
import {
  acknowledge,
  advance,
  enqueue,
  outgoingOf,
  type Outbox,
  type OutgoingMessage,
} from './outgoing.ts';
import type { Presences } from './presence.ts';
import { clearTyping, type Typing } from './typing.ts';

/** Conversations whose messages stay in memory after they were looked at. */
const WINDOWS_KEPT_MAX = 8;

/** Messages kept of a conversation that is not in view. */
const HIDDEN_MESSAGES_MAX = 100;

export interface Chat {
  me: string;
  /** By conversation. */
  rows: Map<string, ConversationRow>;
  /** By conversation, the one looked at last at the end. */
  windows: Map<string, MessageWindow>;
  outbox: Outbox;
  amendments: Amendments;
  /** Of groups and channels that were looked at, or that something happened to. */
  groups: Groups;
  presences: Presences;
  typing: Typing;
  /** The conversation in view. */
  open?: string;
  /** Whether the open conversation is scrolled to its end; false until it was first drawn. */
  following: boolean;
  /** True until the end of the open conversation was seen for the first time. */
  isJustOpened: boolean;
  /** "New messages" stands after this `convSeq` of the open conversation. */
  dividerAfter?: number;
  /** A message of the open conversation that is to be brought into view. */
  target?: number;
  /** Whether the relay's list of conversations came already. */
  isListed: boolean;
}

export function createChat(me: string): Chat {
  return {
    me,
    rows: new Map(),
    windows: new Map(),
    outbox: new Map(),
    amendments: new Map(),
    groups: new Map(),
    presences: new Map(),
    typing: new Map(),
    following: false,
    isJustOpened: false,
    isListed: false,
  };
}

/**
 * Brings a conversation into view; makes one that nobody has written in yet.
 * @param target a message that is to be seen; else the first unread one or the end is
 */
export function openConversation(chat: Chat, conv: string, target?: number): void {
  closeConversation(chat);
  chat.open = conv;
  if (target !== undefined) chat.target = target;
  chat.following = false;
  chat.isJustOpened = true;
  const row = rowOf(chat, conv);
  const window = chat.windows.get(conv) ?? createWindow();
  applyHead(window, row.head);
  // Elsewhere in the conversation: what is in memory is of no use there.
  if (target !== undefined && !holds(window, target)) resetWindow(window, row.head);
  chat.windows.delete(conv);
  chat.windows.set(conv, window);
  for (const [oldest] of chat.windows) {
    if (chat.windows.size <= WINDOWS_KEPT_MAX) break;
    chat.windows.delete(oldest);
  }
}

export function closeConversation(chat: Chat): void {
  const window = chat.open === undefined ? undefined : chat.windows.get(chat.open);
  if (window) shrinkWindow(window, HIDDEN_MESSAGES_MAX);
  delete chat.open;
  delete chat.dividerAfter;
  delete chat.target;
}

/** A message was handed over by the timeline. */
export function receiveMessage(chat: Chat, event: Events['message']): void {
  place(chat, amend(chat.amendments, event));
  clearTyping(chat.typing, event.conv, event.sender);
}

/**
 * An own message's delivery state changed.
 * @param now when it was sent, for a message that was sent from this window just now
 */
export function receiveStatus(chat: Chat, event: Events['status'], now?: number): void {
  const { clientMsgId, draft, status, sent } = event;
  if (draft && !chat.outbox.has(clientMsgId) && !isStored(chat, clientMsgId)) {
    const { conv } = enqueue(chat.outbox, draft, chat.me);
    rowOf(chat, conv);
  }
  const message = advance(chat.outbox, event);
  if (message && now !== undefined) message.queuedAt ??= now;
  if (message?.sent)
    place(chat, amend(chat.amendments, storedForm(chat.me, message, message.sent)));
  if (sent && (status === 'delivered' || status === 'read')) receiveReached(chat, sent, status);
}

/** Forgets a failed message. */
export function discard(chat: Chat, clientMsgId: string): void {
  if (chat.outbox.get(clientMsgId)?.status === 'failed') chat.outbox.delete(clientMsgId);
}

/** A page of history came. */
export function receivePage(
  chat: Chat,
  conv: string,
  request: PageRequest,
  page: HistoryPage,
): void {
  const window = chat.windows.get(conv);
  if (!window) return;
  const messages = page.messages.map((message) => amend(chat.amendments, message));
  applyPageToWindow(window, request, { ...page, messages });
  settleOutbox(chat, conv, window);
}

/** Rows of the relay's list came. */
export function receiveConversations(chat: Chat, conversations: Conversation[]): void {
  chat.isListed = true;
  for (const conversation of conversations) {
    const { last, ...rest } = conversation;
    const amended = last ? { ...rest, last: amend(chat.amendments, last) } : rest;
    applySnapshot(rowOf(chat, conversation.conv), amended);
    const window = chat.windows.get(conversation.conv);
    if (window) applyHead(window, conversation.head);
  }
}

/** What this device kept the last time: the relay's list and pages are still to come. */
export function receiveKept(
  chat: Chat,
  conversations: Conversation[],
  messagesOf: (conv: string) => Message[],
): void {
  receiveConversations(chat, conversations);
  chat.isListed = false;
  for (const [conv, window] of chat.windows) receiveKeptMessages(chat, conv, window, messagesOf);
}

/** Messages of a conversation that this device kept; of no use once a page has come. */
export function receiveKeptMessages(
  chat: Chat,
  conv: string,
  window: MessageWindow,
  messagesOf: (conv: string) => Message[],
): void {
  const messages = messagesOf(conv);
  const last = messages.at(-1);
  if (window.loaded || !last || chat.target !== undefined) return;
  // What came after them, the relay has.
  const request = { ...pageRequest(window, 'newest'), headAtRequest: last.convSeq };
  receivePage(chat, conv, request, { messages, more: last.convSeq > messages.length });
}

export function receiveRead(chat: Chat, { conv, convSeq }: Omit<Events['read'], 'seq'>): void {
  applyReadToRow(rowOf(chat, conv), convSeq);
}

export function receiveReceipt(chat: Chat, receipt: Omit<Events['receipt'], 'seq'>): void {
  applyReceiptToRow(rowOf(chat, receipt.conv), receipt);
}

export function receiveRecall(
  chat: Chat,
  { conv, convSeq }: Pick<Events['recall'], 'conv' | 'convSeq'>,
): void {
  change(chat, conv, convSeq, RECALLED);
}

/** A message was edited. */
export function receiveEdit(chat: Chat, message: Message): void {
  change(chat, message.conv, message.convSeq, editOf(message));
}

/** This user deleted a message for herself. */
export function receiveDelete(
  chat: Chat,
  { conv, convSeq }: Pick<Events['delete'], 'conv' | 'convSeq'>,
): void {
  change(chat, conv, convSeq, HIDDEN);
}

/** A group or channel, or who belongs to it, has changed. */
export function receiveGroup(chat: Chat, event: Events['group']): void {
  const facts = factsOf(chat, event.conv);
  applyChange(facts, event, chat.me);
  if (event.op === 'left' || event.op === 'removed') {
    for (const user of event.users) clearTyping(chat.typing, event.conv, user);
  }
  if (facts.ended === 'left') {
    chat.rows.delete(event.conv);
    return;
  }
  const row = rowOf(chat, event.conv);
  applyActivity(row, event.at);
  if ((event.op === 'created' || event.op === 'edited') && event.title !== undefined) {
    row.title = event.title;
  }
}

/** What is known of a group or channel. */
export function factsOf(chat: Chat, conv: string): GroupFacts {
  const made = createFacts();
  // As the map gives it, which may be another object than was put in.
  return chat.groups.get(conv) ?? chat.groups.set(conv, made).get(conv) ?? made;
}

/**
 * What is known of the relay's side is void; what waits in the outbox is not.
 * @param conv if only one conversation is meant
 */
export function receiveReset(chat: Chat, conv?: string): void {
  if (conv !== undefined) {
    const window = chat.windows.get(conv);
    if (window) resetWindow(window);
    return;
  }
  chat.rows.clear();
  chat.amendments.clear();
  chat.groups.clear();
  chat.isListed = false;
  for (const window of chat.windows.values()) resetWindow(window);
  for (const [id, message] of chat.outbox) {
    if (message.sent) chat.outbox.delete(id);
    else rowOf(chat, message.conv);
  }
  if (chat.open !== undefined) rowOf(chat, chat.open);
}

/** The rows of the list, most recently active first. */
export function listedRows(chat: Chat): ConversationRow[] {
  const queuedAt = new Map<string, number>();
  for (const { conv, queuedAt: at = 0 } of chat.outbox.values()) {
    queuedAt.set(conv, Math.max(queuedAt.get(conv) ?? 0, at));
  }
  const activeAt = (row: ConversationRow) => Math.max(row.activeAt, queuedAt.get(row.conv) ?? 0);
  return [...chat.rows.values()]
    .filter(
      (row) => row.activeAt > 0 || row.head > 0 || queuedAt.has(row.conv) || row.conv === chat.open,
    )
    .sort((a, b) => activeAt(b) - activeAt(a) || (a.conv < b.conv ? -1 : 1));
}

export const unreadInAll = (chat: Chat): number =>
  [...chat.rows.values()].reduce((sum, row) => sum + unreadOf(row), 0);

function rowOf(chat: Chat, conv: string): ConversationRow {
  const row = chat.rows.get(conv) ?? createRow(conv, chat.me);
  chat.rows.set(conv, row);
  return row;
}

/** A message reads differently now. */
function change(chat: Chat, conv: string, convSeq: number, amendment: Partial<Message>): void {
  remember(chat.amendments, conv, convSeq, amendment);
  const row = chat.rows.get(conv);
  if (row) applyAmendmentToRow(row, convSeq, amendment);
  const window = chat.windows.get(conv);
  if (window) applyAmendmentToWindow(window, convSeq, amendment);
}

/** Gives a stored message its place in list and conversation. */
function place(chat: Chat, message: Message): void {
  const { conv, sender, clientMsgId, replaces } = message;
  if (replaces !== undefined) change(chat, conv, replaces, HIDDEN);
  applyMessageToRow(rowOf(chat, conv), message, chat.me);
  const window = chat.windows.get(conv);
  if (window) applyLive(window, message, conv !== chat.open || chat.following);

  const outgoing = sender === chat.me ? chat.outbox.get(clientMsgId) : undefined;
  if (!outgoing) return;
  if (window && isAwaited(window, message.convSeq)) acknowledge(outgoing, message);
  else chat.outbox.delete(clientMsgId);
}

/** Takes out of the outbox what a page has given a place to. */
function settleOutbox(chat: Chat, conv: string, window: MessageWindow): void {
  const own = window.messages.filter(({ sender }) => sender === chat.me);
  const placed = new Set(own.map(({ clientMsgId }) => clientMsgId));
  for (const { clientMsgId, sent } of outgoingOf(chat.outbox, conv)) {
    const isPlaced = sent ? !isAwaited(window, sent.convSeq) : placed.has(clientMsgId);
    if (isPlaced) chat.outbox.delete(clientMsgId);
  }
}

function storedForm(
  me: string,
  { clientMsgId, kind, body, mentions }: OutgoingMessage,
  sent: NonNullable<OutgoingMessage['sent']>,
): Message {
  return {
    ...sent,
    clientMsgId,
    sender: me,
    kind,
    body,
    priority: 'normal',
    recalled: false,
    replaced: false,
    mentions,
  };
}

/** The receiver of a direct message has it: as good as a receipt. */
function receiveReached(
  chat: Chat,
  { conv, convSeq }: { conv: string; convSeq: number },
  status: 'delivered' | 'read',
): void {
  const row = rowOf(chat, conv);
  if (row.peer === undefined) return;
  const read = status === 'read' ? convSeq : 0;
  applyReceiptToRow(row, { user: row.peer, delivered: convSeq, read });
}

function isStored(chat: Chat, clientMsgId: string): boolean {
  const isOwn = (message: Message) =>
    message.sender === chat.me && message.clientMsgId === clientMsgId;
  return [...chat.windows.values()].some(({ messages }) => messages.some(isOwn));
}

// What client and relay hand to the store, with everything that a test does not care about.
import type { Broadcast, Conversation, Events, HistoryPage, Message } from 'seqline';

export const me = 'alice';
export const peer = 'bob';
export const conv = 'dm:alice:bob';

export function message(convSeq: number, given: Partial<Message> = {}): Message {
  return {
    msgId: convSeq,
    clientMsgId: `m${convSeq}`,
    sender: peer,
    conv,
    convSeq,
    kind: 'text',
    body: `text ${convSeq}`,
    priority: 'normal',
    createdAt: convSeq * 1_000,
    recalled: false,
    replaced: false,
    mentions: [],
    ...given,
  };
}

export const event = (stored: Message): Events['message'] => ({
  ...stored,
  seq: stored.convSeq,
  own: stored.sender === me,
});

export const messages = (from: number, to: number): Message[] =>
  Array.from({ length: to - from + 1 }, (_, index) => message(from + index));

export const page = (from: number, to: number, more = false): HistoryPage => ({
  messages: messages(from, to),
  more,
});

export const queued = (clientMsgId: string, body = clientMsgId): Events['status'] => ({
  clientMsgId,
  status: 'queued',
  draft: { clientMsgId, to: { user: peer }, kind: 'text', body },
});

export const sent = (clientMsgId: string, convSeq: number): Events['status'] => ({
  clientMsgId,
  status: 'sent',
  sent: { msgId: convSeq, conv, convSeq, createdAt: convSeq * 1_000 },
});

export function snapshot(given: Partial<Conversation> = {}): Conversation {
  const head = given.head ?? 0;
  return {
    conv,
    peer,
    head,
    unread: 0,
    read: head,
    receipts: [],
    activeAt: head * 1_000,
    crowd: false,
    ...(head > 0 ? { last: message(head) } : {}),
    ...given,
  };
}

export const broadcast = (id: number, given: Partial<Broadcast> = {}): Broadcast => ({
  id,
  version: 1,
  kind: 'text',
  title: `Title ${id}`,
  body: `Body ${id}`,
  publishedAt: id * 1_000,
  everyDevice: false,
  seen: false,
  opened: false,
  ...given,
});

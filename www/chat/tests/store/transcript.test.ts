import { describe, expect, test } from 'vitest';

import { createRow, type ConversationRow } from '../../src/store/conversation-rows.ts';
import type { OutgoingMessage } from '../../src/store/outgoing.ts';
import {
  keepUnchanged,
  transcriptOf,
  type TranscriptItem,
  type TranscriptSource,
} from '../../src/store/transcript.ts';
import { conv, me, message, peer } from './builders.ts';

const noon = (day: number, minute = 0) => new Date(2026, 10, day, 12, minute).getTime();

function show(given: Partial<TranscriptSource>): TranscriptItem[] {
  return transcriptOf({ me, messages: [], outgoing: [], row: undefined, low: 1, now: 0, ...given });
}

const short = (items: TranscriptItem[]) =>
  items.map((item) => {
    if (item.type !== 'message') return item.type;
    return `${item.startsGroup ? '[' : ''}${item.clientMsgId}${item.endsGroup ? ']' : ''}`;
  });

const waiting = (clientMsgId: string, given: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  clientMsgId,
  conv,
  kind: 'text',
  body: '',
  mentions: [],
  status: 'queued',
  ...given,
});

describe('a transcript', () => {
  test('has a separator for each day, and messages said together stand together', () => {
    const messages = [
      message(1, { createdAt: noon(20, 0) }),
      message(2, { createdAt: noon(20, 4) }),
      message(3, { createdAt: noon(20, 20) }),
      message(4, { createdAt: noon(20, 21), sender: me }),
      message(5, { createdAt: noon(21, 0), sender: me }),
    ];
    expect(short(show({ messages }))).toEqual(['day', '[m1', 'm2]', '[m3]', '[m4]', 'day', '[m5]']);
  });

  test('has outgoing messages last, and no day for those whose time is unknown', () => {
    const messages = [message(1, { createdAt: noon(20), sender: me })];
    const outgoing = [waiting('a'), waiting('b', { queuedAt: noon(21) })];
    expect(short(show({ messages, outgoing }))).toEqual(['day', '[m1', 'a]', 'day', '[b]']);
  });

  test('divides read from unread before the first message of somebody else', () => {
    const at = { createdAt: noon(20) };
    const messages = [message(1, at), message(2, { ...at, sender: me }), message(3, at)];
    const items = short(show({ messages, dividerAfter: 1 }));
    expect(items).toEqual(['day', '[m1]', '[m2]', 'unread', '[m3]']);
  });

  test('has no divider if the first unread message is not in memory', () => {
    const messages = [message(8), message(9)];
    expect(short(show({ messages, dividerAfter: 3, low: 8 }))).not.toContain('unread');
    expect(short(show({ messages, dividerAfter: 7, low: 8 }))).toContain('unread');
  });

  test('leaves out what has expired', () => {
    const messages = [message(1, { expiresAt: 5 }), message(2, { expiresAt: 15 })];
    expect(short(show({ messages, now: 10 }))).toEqual(['day', '[m2]']);
  });

  test('shows how far own messages got', () => {
    const row: ConversationRow = createRow(conv, me);
    row.receipts.set(peer, { delivered: 2, read: 1 });
    const messages = [1, 2, 3].map((at) => message(at, { sender: me }));
    const marks = show({ messages, row, outgoing: [waiting('a')] }).flatMap((item) =>
      item.type === 'message' ? [item.status] : [],
    );
    expect(marks).toEqual(['read', 'delivered', 'sent', 'queued']);
  });

  test('keeps the key of a message when it gets its place', () => {
    const [, outgoing] = show({ outgoing: [waiting('a', { queuedAt: 1 })] });
    const [, stored] = show({ messages: [message(1, { sender: me, clientMsgId: 'a' })] });
    expect(stored?.key).toBe(outgoing?.key);
  });
});

test('what has not changed stays the same object', () => {
  const messages = [message(1), message(2)];
  const before = show({ messages });
  const after = keepUnchanged(before, show({ messages: [message(1), message(2), message(3)] }));
  expect(after[1]).toBe(before[1]);
  // The second no longer ends its group.
  expect(after[2]).not.toBe(before[2]);
});

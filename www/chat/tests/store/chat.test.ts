import { beforeEach, describe, expect, test } from 'vitest';

import {
  closeConversation,
  createChat,
  discard,
  listedRows,
  openConversation,
  receiveConversations,
  receiveMessage,
  receivePage,
  receiveRecall,
  receiveReset,
  receiveStatus,
  unreadInAll,
  type Chat,
} from '../../src/store/chat.ts';
import { reached } from '../../src/store/conversation-rows.ts';
import { pageRequest, type MessageWindow } from '../../src/store/message-window.ts';
import { outgoingOf } from '../../src/store/outgoing.ts';
import { noteTyping, typingIn } from '../../src/store/typing.ts';
import { conv, event, me, message, page, queued, sent, snapshot } from './builders.ts';

let chat: Chat;
beforeEach(() => {
  chat = createChat(me);
});

function window(): MessageWindow {
  const held = chat.windows.get(conv);
  if (!held) throw new Error(`${conv} is not open`);
  return held;
}
const outgoing = () => outgoingOf(chat.outbox, conv).map(({ clientMsgId }) => clientMsgId);
const shown = () => window().messages.map(({ clientMsgId }) => clientMsgId);

function openWith(from: number, to: number): void {
  openConversation(chat, conv);
  receivePage(chat, conv, pageRequest(window(), 'newest'), page(from, to, from > 1));
}

describe('an own message', () => {
  test('waits in the outbox, then takes its place', () => {
    openWith(1, 2);
    receiveStatus(chat, queued('a'), 5);
    receiveStatus(chat, { clientMsgId: 'a', status: 'sending' });
    expect(outgoingOf(chat.outbox, conv)[0]).toMatchObject({ status: 'sending', queuedAt: 5 });
    receiveStatus(chat, sent('a', 3));
    expect(outgoing()).toEqual([]);
    expect(shown()).toEqual(['m1', 'm2', 'a']);
    receiveMessage(chat, event(message(3, { sender: me, clientMsgId: 'a' })));
    expect(shown()).toEqual(['m1', 'm2', 'a']);
  });

  test('stays in sight while older messages are still missing before it', () => {
    openWith(1, 2);
    receiveStatus(chat, queued('a'));
    receiveStatus(chat, sent('a', 4));
    expect(outgoing()).toEqual(['a']);
    receiveMessage(chat, event(message(3)));
    receiveMessage(chat, event(message(4, { sender: me, clientMsgId: 'a' })));
    expect(outgoing()).toEqual([]);
    expect(shown()).toEqual(['m1', 'm2', 'm3', 'a']);
  });

  test('that comes back from storage though it is stored is shown once', () => {
    openConversation(chat, conv);
    const request = pageRequest(window(), 'newest');
    receiveStatus(chat, queued('a'));
    const stored = message(1, { sender: me, clientMsgId: 'a' });
    receivePage(chat, conv, request, { messages: [stored], more: false });
    expect([...shown(), ...outgoing()]).toEqual(['a']);
    receiveStatus(chat, queued('a'));
    expect([...shown(), ...outgoing()]).toEqual(['a']);
  });

  test('that was stored cannot fail any more', () => {
    openWith(1, 2);
    receiveStatus(chat, queued('a'));
    receiveStatus(chat, sent('a', 9));
    const failure = { code: 'timeout', message: '', retryable: true };
    receiveStatus(chat, { ...queued('a'), status: 'failed', failure });
    expect(outgoingOf(chat.outbox, conv)[0]?.status).toBe('sent');
  });

  test('that is tried again goes after those sent meanwhile', () => {
    for (const id of ['a', 'b']) receiveStatus(chat, queued(id));
    receiveStatus(chat, { clientMsgId: 'a', status: 'failed' });
    expect(outgoing()).toEqual(['a', 'b']);
    receiveStatus(chat, { clientMsgId: 'a', status: 'queued' });
    expect(outgoing()).toEqual(['b', 'a']);
  });

  test('is discarded only if it failed', () => {
    receiveStatus(chat, queued('a'));
    discard(chat, 'a');
    expect(outgoing()).toEqual(['a']);
    receiveStatus(chat, { clientMsgId: 'a', status: 'failed' });
    discard(chat, 'a');
    expect(outgoing()).toEqual([]);
  });

  test('is delivered and read when the status says so', () => {
    openWith(1, 2);
    receiveStatus(chat, queued('a'));
    receiveStatus(chat, sent('a', 3));
    receiveStatus(chat, { ...sent('a', 3), status: 'delivered' });
    expect(reached(chat.rows.get(conv), 3)).toBe('delivered');
    receiveStatus(chat, { ...sent('a', 3), status: 'read' });
    expect(reached(chat.rows.get(conv), 3)).toBe('read');
  });
});

describe('a recall', () => {
  test('takes the text out of list and conversation', () => {
    openWith(1, 3);
    receiveMessage(chat, event(message(4)));
    receiveRecall(chat, { conv, convSeq: 4 });
    expect(window().messages.at(-1)).toMatchObject({ recalled: true, body: '' });
    expect(chat.rows.get(conv)?.last).toMatchObject({ recalled: true, body: '' });
  });

  test('is not undone by a page or a list that was on its way', () => {
    openConversation(chat, conv);
    const request = pageRequest(window(), 'newest');
    receiveRecall(chat, { conv, convSeq: 2 });
    receivePage(chat, conv, request, page(1, 2));
    receiveConversations(chat, [snapshot({ head: 2 })]);
    expect(window().messages.at(-1)).toMatchObject({ recalled: true, body: '' });
    expect(chat.rows.get(conv)?.last).toMatchObject({ recalled: true, body: '' });
  });
});

describe('the list of conversations', () => {
  test('has the most recently active first, outgoing messages included', () => {
    receiveMessage(chat, event(message(1, { conv: 'dm:alice:carol', createdAt: 10 })));
    receiveMessage(chat, event(message(1, { createdAt: 20 })));
    expect(listedRows(chat).map((row) => row.peer)).toEqual(['bob', 'carol']);
    const toCarol = { clientMsgId: 'a', to: { user: 'carol' }, kind: 'text', body: '' };
    receiveStatus(chat, { clientMsgId: 'a', status: 'queued', draft: toCarol }, 30);
    expect(listedRows(chat).map((row) => row.peer)).toEqual(['carol', 'bob']);
  });

  test('leaves out a conversation that was opened and left without a word', () => {
    openConversation(chat, 'dm:alice:zoe');
    expect(listedRows(chat)).toHaveLength(1);
    closeConversation(chat);
    expect(listedRows(chat)).toEqual([]);
  });

  test('sums up what is unread', () => {
    receiveMessage(chat, event(message(1)));
    receiveMessage(chat, event(message(1, { conv: 'dm:alice:carol', sender: 'carol' })));
    expect(unreadInAll(chat)).toBe(2);
  });
});

describe('memory', () => {
  test('is given back for conversations that were not looked at for long', () => {
    for (let index = 0; index < 20; index += 1) openConversation(chat, `dm:alice:u${index}`);
    expect(chat.windows.size).toBeLessThanOrEqual(8);
    expect(chat.windows.has('dm:alice:u19')).toBe(true);
  });

  test('is given back for a conversation out of view, which continues where it was', () => {
    openWith(1, 300);
    closeConversation(chat);
    expect(window().messages).toHaveLength(100);
    receiveMessage(chat, event(message(301)));
    expect(window()).toMatchObject({ low: 201, high: 301, detached: false });
  });
});

test('a reset voids what the relay said, and keeps what waits to be sent', () => {
  openWith(1, 3);
  receiveStatus(chat, queued('a'));
  receiveReset(chat);
  expect(window()).toMatchObject({ loaded: false, messages: [], head: 0 });
  expect(outgoing()).toEqual(['a']);
  expect(listedRows(chat).map((row) => row.conv)).toEqual([conv]);
});

test('who has said something is no longer typing', () => {
  noteTyping(chat.typing, conv, 'bob', 0);
  receiveMessage(chat, event(message(1)));
  expect(typingIn(chat.typing, conv)).toEqual([]);
});

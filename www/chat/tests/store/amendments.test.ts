import { describe, expect, test } from 'vitest';

import {
  amend,
  editOf,
  HIDDEN,
  RECALLED,
  remember,
  type Amendments,
} from '../../src/store/amendments.ts';
import {
  createChat,
  openConversation,
  receiveConversations,
  receiveDelete,
  receiveEdit,
  receiveGroup,
  receiveMessage,
  receivePage,
  receiveRead,
  receiveRecall,
  type Chat,
} from '../../src/store/chat.ts';
import { pageRequest } from '../../src/store/message-window.ts';
import { transcriptOf } from '../../src/store/transcript.ts';
import { conv, event, me, message, page, peer, snapshot } from './builders.ts';

const edited = (convSeq: number, body: string, editedAt: number) =>
  message(convSeq, { body, editedAt });

describe('a message reads as it was changed', () => {
  const changed = (...changes: Partial<ReturnType<typeof message>>[]) => {
    const amendments: Amendments = new Map();
    for (const change of changes) remember(amendments, conv, 1, change);
    return amend(amendments, message(1));
  };
  const [first, second] = [editOf(edited(1, 'one', 5)), editOf(edited(1, 'two', 6))];

  test('the later edit counts, in whatever order they come', () => {
    expect(changed(first, second)).toMatchObject({ body: 'two', editedAt: 6 });
    expect(changed(second, first)).toMatchObject({ body: 'two', editedAt: 6 });
  });

  test('what is taken back or deleted stays so', () => {
    expect(changed(RECALLED, second)).toMatchObject({ recalled: true, body: '' });
    expect(changed(second, HIDDEN)).toMatchObject({ replaced: true, body: '' });
  });

  test('a page that is newer than an edit is not undone', () => {
    const amendments: Amendments = new Map();
    remember(amendments, conv, 1, first);
    expect(amend(amendments, edited(1, 'two', 6)).body).toBe('two');
  });
});

function openedAt(count: number): Chat {
  const chat = createChat(me);
  openConversation(chat, conv);
  const window = chat.windows.get(conv);
  if (window) receivePage(chat, conv, pageRequest(window, 'newest'), page(1, count));
  return chat;
}

const shown = (chat: Chat) => {
  const window = chat.windows.get(conv);
  const messages = window?.messages ?? [];
  const source = { me, messages, outgoing: [], row: chat.rows.get(conv), low: 1, now: 0 };
  return transcriptOf(source).flatMap((item) => (item.type === 'message' ? [item.body] : []));
};

describe('the open conversation', () => {
  test('shows an edited message as it reads now', () => {
    const chat = openedAt(2);
    receiveEdit(chat, edited(1, 'better', 9));
    expect(shown(chat)).toEqual(['better', 'text 2']);
  });

  test('shows no longer what was deleted or replaced, also when a page still has it', () => {
    const chat = openedAt(3);
    receiveDelete(chat, { conv, convSeq: 1 });
    receiveMessage(chat, event(message(4, { replaces: 2 })));
    expect(shown(chat)).toEqual(['text 3', 'text 4']);
    const window = chat.windows.get(conv);
    if (window) receivePage(chat, conv, pageRequest(window, 'newest'), page(1, 4));
    expect(shown(chat)).toEqual(['text 3', 'text 4']);
  });

  test('is loaded around a message that is looked for', () => {
    const chat = openedAt(3);
    openConversation(chat, conv, 2);
    expect(chat.windows.get(conv)?.loaded).toBe(true);
    openConversation(chat, conv, 90);
    expect(chat.windows.get(conv)).toMatchObject({ loaded: false, messages: [] });
    expect(chat.target).toBe(90);
  });
});

describe('the list', () => {
  test('shows the edited text, and what came before once the newest is deleted', () => {
    const chat = openedAt(2);
    receiveConversations(chat, [snapshot({ head: 2 })]);
    receiveEdit(chat, edited(2, 'better', 9));
    expect(chat.rows.get(conv)?.last?.body).toBe('better');
    receiveDelete(chat, { conv, convSeq: 2 });
    receiveConversations(chat, [snapshot({ head: 2, last: message(1) })]);
    expect(chat.rows.get(conv)?.last?.convSeq).toBe(1);
  });

  test('marks a mention until it is read or taken back', () => {
    const chat = createChat(me);
    const mentioned = () => chat.rows.get('group:a')?.mentioned;
    const say = (convSeq: number, mentions: string[], sender = peer) => {
      receiveMessage(chat, event(message(convSeq, { conv: 'group:a', mentions, sender })));
    };
    say(1, []);
    expect(mentioned()).toBe(0);
    say(2, [me]);
    say(3, ['carol']);
    expect(mentioned()).toBe(2);
    receiveRead(chat, { conv: 'group:a', convSeq: 2 });
    expect(mentioned()).toBe(0);
    say(4, ['@all']);
    say(5, [me], me);
    expect(mentioned()).toBe(4);
    receiveRecall(chat, { conv: 'group:a', convSeq: 4 });
    expect(mentioned()).toBe(0);
    receiveConversations(chat, [snapshot({ conv: 'group:a', head: 9, read: 2, mentioned: 8 })]);
    expect(mentioned()).toBe(8);
  });

  test('has a group from the moment it is made, by its title, until one leaves', () => {
    const chat = createChat(me);
    const common = { conv: 'group:a', by: peer, at: 5, seq: 1 };
    receiveGroup(chat, { ...common, op: 'created', users: [me], title: 'Team' });
    expect(chat.rows.get('group:a')).toMatchObject({ title: 'Team', activeAt: 5 });
    receiveGroup(chat, { ...common, seq: 2, op: 'edited', title: 'Crew' });
    expect(chat.rows.get('group:a')?.title).toBe('Crew');
    receiveGroup(chat, { ...common, seq: 3, by: me, op: 'left', users: [me] });
    expect(chat.rows.has('group:a')).toBe(false);
  });
});

test('what happened to a group stands between the messages, by its time', () => {
  const note = { conv, at: 1_500, id: 'n', by: peer, op: 'dissolved' as const };
  const items = transcriptOf({
    me,
    messages: [message(1), message(2)],
    outgoing: [],
    row: undefined,
    low: 1,
    now: 0,
    notes: [note, { ...note, id: 'end', at: 9_000 }],
  });
  expect(items.map(({ type }) => type)).toEqual(['day', 'message', 'note', 'message', 'note']);
  // Where the beginning is not there, neither is what happened then.
  const partial = { me, messages: [message(5)], outgoing: [], row: undefined, low: 5, now: 0 };
  expect(transcriptOf({ ...partial, notes: [note] }).map(({ type }) => type)).toEqual([
    'day',
    'message',
  ]);
});

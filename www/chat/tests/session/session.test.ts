import type { Failure, HistoryQuery, Message } from 'seqline';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Login } from '@seqline/shared/session/login.ts';
import { Session } from '../../src/session/session.ts';
import { conv, event, me, message, messages, peer, snapshot } from '../store/builders.ts';
import { FakeClient, settled } from './fake-client.ts';

const login: Login = { user: me, app: 'dev', token: 'token', isDev: true };

let client: FakeClient;
let session: Session;
/** What the relay has. */
let stored: Message[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  client = new FakeClient();
  stored = [];
  client.pages = (_, { before = Infinity, after, limit = 50 }: HistoryQuery) => {
    const found = stored.filter(({ convSeq }) => convSeq < before && convSeq > (after ?? 0));
    const chosen = after === undefined ? found.slice(-limit) : found.slice(0, limit);
    return Promise.resolve({ messages: chosen, more: found.length > limit });
  };
  client.lists = () => Promise.resolve({ conversations: [] });
  session = new Session(login, 'http://relay', vi.fn(), () => client);
});

afterEach(() => {
  vi.useRealTimers();
});

const shown = () => session.chat.windows.get(conv)?.messages.map(({ convSeq }) => convSeq);
const asked = (name: string) => client.calls.filter((call) => call.startsWith(name));

/** The relay has messages of the peer up to `head`, of which some are read. */
function relayHas(head: number, read = head): void {
  stored = messages(1, head);
  const row = snapshot({ head, read, unread: head - read });
  client.lists = () => Promise.resolve({ conversations: [row] });
}

async function openAtEnd(): Promise<void> {
  client.goOnline();
  await settled();
  session.open(conv);
  await settled();
  session.setFollowing(true);
  await settled();
}

describe('pages', () => {
  test('come when a conversation is opened, and again only where something is missing', async () => {
    relayHas(3);
    await openAtEnd();
    expect(shown()).toEqual([1, 2, 3]);
    stored = messages(1, 6);
    client.emit('message', event(message(6)));
    await settled();
    expect(asked('history')).toEqual(['history', 'history after 3']);
    expect(shown()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('are asked for when the connection comes', async () => {
    relayHas(2);
    session.open(conv);
    await settled();
    expect(asked('history')).toEqual([]);
    client.goOnline();
    await settled();
    expect(shown()).toEqual([1, 2]);
  });

  test('begin at the first unread message where many are unread', async () => {
    relayHas(200, 60);
    client.goOnline();
    await settled();
    session.open(conv);
    await settled();
    expect(asked('history')).toEqual(['history after 60']);
    expect(session.chat.windows.get(conv)).toMatchObject({ low: 61, high: 110, detached: true });
    expect(session.chat.dividerAfter).toBe(60);
  });

  test('are asked for again after one did not come', async () => {
    const { pages } = client;
    client.pages = () =>
      Promise.reject(Object.assign(new Error('late'), { code: 'timeout', retryable: true }));
    relayHas(2);
    await openAtEnd();
    expect(shown()).toEqual([]);
    client.pages = pages;
    vi.advanceTimersByTime(5_000);
    await settled();
    expect(shown()).toEqual([1, 2]);
  });

  test('are asked for one at a time', async () => {
    relayHas(120);
    await openAtEnd();
    void session.pages.more('older');
    void session.pages.more('older');
    await settled();
    expect(asked('history before')).toEqual(['history before 71']);
  });

  test('of a conversation that nobody has written in are empty', async () => {
    const failure: Failure = { code: 'conversation_unknown', message: '', retryable: false };
    client.pages = () => Promise.reject(Object.assign(new Error(), failure));
    await openAtEnd();
    expect(session.chat.windows.get(conv)?.loaded).toBe(true);
    expect(session.pages.states.get(conv)).toBeUndefined();
  });

  test('that are refused say why', async () => {
    client.pages = () => Promise.reject(Object.assign(new Error('no'), { code: 'internal' }));
    await openAtEnd();
    expect(session.pages.states.get(conv)).toEqual({ failure: 'no' });
  });

  test('come anew after a reset', async () => {
    relayHas(5);
    await openAtEnd();
    stored = messages(1, 2);
    client.lists = () => Promise.resolve({ conversations: [snapshot({ head: 2 })] });
    client.emit('reset', { reason: 'epoch_changed', head: 9 });
    await settled();
    expect(shown()).toEqual([1, 2]);
    expect(session.chat.rows.get(conv)?.head).toBe(2);
  });
});

describe('read marks', () => {
  test('are sent when the end of the open conversation is in view', async () => {
    relayHas(3, 1);
    await openAtEnd();
    expect(asked('read')).toEqual(['read 3']);
    client.emit('message', event(message(4)));
    await settled();
    expect(asked('read')).toEqual(['read 3', 'read 4']);
  });

  test('wait for the list, which says what is new', async () => {
    relayHas(3, 1);
    const list = await client.lists();
    let answer: (page: typeof list) => void = () => undefined;
    client.lists = () => new Promise((resolve) => (answer = resolve));
    await openAtEnd();
    expect(asked('read')).toEqual([]);
    answer(list);
    await settled();
    expect(asked('read')).toEqual(['read 3']);
    expect(session.chat.dividerAfter).toBe(1);
  });

  test('are not sent while the page is hidden', async () => {
    relayHas(3, 1);
    session.marks.setPageVisible(false);
    await openAtEnd();
    expect(asked('read')).toEqual([]);
    session.marks.setPageVisible(true);
    expect(asked('read')).toEqual(['read 3']);
  });

  test('are not sent while the user reads further up', async () => {
    relayHas(3, 1);
    client.goOnline();
    await settled();
    session.open(conv);
    session.setFollowing(false);
    await settled();
    client.emit('message', event(message(4)));
    expect(asked('read')).toEqual([]);
  });

  test('are not sent for other conversations, or for own messages', async () => {
    await openAtEnd();
    client.emit('message', event(message(1, { sender: me })));
    client.emit('message', event(message(1, { conv: 'dm:alice:carol', sender: 'carol' })));
    await settled();
    expect(asked('read')).toEqual([]);
  });

  test('that were lost with the connection are sent again', async () => {
    relayHas(3, 1);
    client.marks = () => Promise.reject(new Error('lost'));
    await openAtEnd();
    client.marks = () => Promise.resolve();
    client.goOffline();
    client.goOnline();
    await settled();
    client.goOnline();
    expect(asked('read')).toEqual(['read 3', 'read 3']);
  });

  test('that the relay did not take are sent again while the connection lasts', async () => {
    relayHas(3, 1);
    const failure: Failure = { code: 'timeout', message: '', retryable: true };
    client.marks = () => Promise.reject(Object.assign(new Error('late'), failure));
    await openAtEnd();
    client.marks = () => Promise.resolve();
    vi.advanceTimersByTime(5_000);
    await settled();
    vi.advanceTimersByTime(60_000);
    expect(asked('read')).toEqual(['read 3', 'read 3']);
  });
});

describe('sending', () => {
  const failed = (code: string, retryable = false) =>
    Promise.reject(Object.assign(new Error('why'), { code, retryable }));

  test('shows the message at once, with its time', () => {
    session.send(conv, 'hi');
    const [outgoing] = session.chat.outbox.values();
    expect(outgoing).toMatchObject({ clientMsgId: 'c1', body: 'hi', status: 'queued' });
    expect(outgoing?.queuedAt).toBeTypeOf('number');
    expect(client.calls).toContain('send c1 "hi"');
  });

  test('that the client refuses is shown as failed, and sent anew on request', async () => {
    client.outcome = () => failed('outbox_full', true);
    session.send(conv, 'hi');
    await settled();
    expect(session.chat.outbox.get('c1')).toMatchObject({ status: 'failed' });
    client.outcome = () => failed('not_failed');
    await session.retry('c1');
    expect(asked('send')).toEqual(['send c1 "hi"', 'send c1 "hi"']);
  });

  test('goes to the user, as the conversation may not exist yet', () => {
    const send = vi.spyOn(client, 'send');
    session.send(conv, 'hi');
    session.send('group:team', 'hi');
    expect(send.mock.calls.map(([{ to }]) => to)).toEqual([{ user: peer }, { conv: 'group:team' }]);
  });

  test('puts "New messages" away', async () => {
    relayHas(3, 1);
    await openAtEnd();
    expect(session.chat.dividerAfter).toBe(1);
    session.send(conv, 'hi');
    expect(session.chat.dividerAfter).toBeUndefined();
  });
});

describe('typing', () => {
  test('is told once in a while, and only while connected', () => {
    vi.useFakeTimers();
    session.typing.typed(conv);
    expect(asked('ephemeral')).toEqual([]);
    client.goOnline();
    session.typing.typed(conv);
    session.typing.typed(conv);
    expect(asked('ephemeral')).toHaveLength(1);
    vi.advanceTimersByTime(3_000);
    session.typing.typed(conv);
    expect(asked('ephemeral')).toHaveLength(2);
    vi.useRealTimers();
  });

  test('is shown until no further sign comes', () => {
    vi.useFakeTimers();
    const sign = { conv, sender: peer, kind: 'typing', body: null };
    client.emit('ephemeral', sign);
    vi.advanceTimersByTime(4_000);
    client.emit('ephemeral', sign);
    vi.advanceTimersByTime(4_000);
    expect(session.chat.typing.size).toBe(1);
    vi.advanceTimersByTime(2_000);
    expect(session.chat.typing.size).toBe(0);
    vi.useRealTimers();
  });
});

test('the list is asked for after each connect, and when only the relay can count', async () => {
  relayHas(10, 2);
  client.goOnline();
  await settled();
  client.goOffline();
  client.goOnline();
  await settled();
  expect(asked('conversations')).toHaveLength(2);
  client.emit('read', { seq: 1, conv, convSeq: 5 });
  await settled();
  expect(asked('conversations')).toHaveLength(3);
});

test('a token that the relay does not know is replaced once', async () => {
  const refusal: Failure = { code: 'token_invalid', message: '', retryable: false };
  vi.useFakeTimers();
  client.emit('error', refusal);
  client.emit('error', refusal);
  await vi.runAllTimersAsync();
  expect(asked('connect')).toHaveLength(1);
  vi.useRealTimers();
});

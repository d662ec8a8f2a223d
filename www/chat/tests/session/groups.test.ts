import type { Events, Group, Member } from 'seqline';
import { beforeEach, describe, expect, test, vi } from 'vitest';

import type { NewGroupWish } from '../../src/session/groups.ts';
import type { Login } from '@seqline/shared/session/login.ts';
import { Session } from '../../src/session/session.ts';
import { event, me, message, peer, snapshot } from '../store/builders.ts';
import { FakeClient, settled } from './fake-client.ts';

const login: Login = { user: me, app: 'dev', token: 'token', isDev: true };
const conv = 'group:team';

const member = (user: string): Member => ({ user, role: 'member', joinedAt: 1, mutedUntil: 0 });
const group: Group = {
  conv,
  owner: peer,
  title: 'The team',
  announcement: '',
  join: 'invited',
  muted: false,
  dissolved: false,
  crowd: false,
  members: 2,
  head: 0,
  createdAt: 1,
  own: member(me),
};

let client: FakeClient;
let session: Session;

beforeEach(() => {
  client = new FakeClient();
  session = new Session(login, 'http://relay', vi.fn(), () => client);
  client.answers['groups.get'] = () => group;
  client.answers['groups.members'] = () => ({ members: [member(me), member(peer)] });
});

const asked = (name: string) => client.calls.filter((call) => call.startsWith(name));
const facts = () => session.chat.groups.get(conv);
const refusal = (code: string) => () =>
  Promise.reject(Object.assign(new Error(code), { code, retryable: false }));
const told = () => session.notices.shown.map(({ text }) => text);

async function open(): Promise<void> {
  client.goOnline();
  await settled();
  session.open(conv);
  await settled();
}

const groupEvent = (seq: number, what: object) =>
  ({ conv, at: 10 + seq, seq, by: peer, ...what }) as Events['group'];

describe('a group', () => {
  test('is learnt when it is opened, and again on the next connection', async () => {
    await open();
    expect(facts()?.group?.title).toBe('The team');
    expect(session.chat.rows.get(conv)?.title).toBe('The team');
    expect([...(facts()?.members.keys() ?? [])]).toEqual([me, peer]);
    client.goOffline();
    client.goOnline();
    await settled();
    expect(asked('groups.get')).toHaveLength(2);
    // All members are known.
    expect(asked('groups.members')).toHaveLength(1);
  });

  test('with many members shows them page by page', async () => {
    client.answers['groups.members'] = ({ after }) =>
      after === undefined ? { members: [member(me)], next: me } : { members: [member(peer)] };
    await open();
    expect(facts()?.hasAllMembers).toBe(false);
    await session.groups.moreMembers(conv);
    expect(asked('groups.members').at(-1)).toContain(`"after":"${me}"`);
    expect(facts()?.hasAllMembers).toBe(true);
  });

  test('that one was taken into is in the list, with its title', async () => {
    client.goOnline();
    await settled();
    client.emit('group', groupEvent(1, { op: 'joined', users: [me] }));
    await settled();
    expect(session.chat.rows.get(conv)).toMatchObject({ title: 'The team', activeAt: 11 });
  });

  test('that one does not belong to any more says so', async () => {
    await open();
    client.answers['groups.get'] = refusal('conversation_unknown');
    session.open(conv);
    await settled();
    expect(facts()?.ended).toBe('removed');
    expect(told()).toEqual([]);
  });

  test('is made with a new id, and a channel with a chosen one', async () => {
    client.goOnline();
    const made = await session.groups.create({ kind: 'group', title: 'T', users: [peer] });
    expect(made).toMatchObject({ conv: expect.stringMatching(/^group:[0-9a-f]{20}$/) as string });
    const channel: NewGroupWish = { kind: 'channel', title: 'N', users: [], name: 'news' };
    expect(await session.groups.create(channel)).toEqual({ conv: 'channel:news' });
    client.answers['groups.create'] = refusal('conversation_exists');
    expect(await session.groups.create(channel)).toEqual({
      problem: 'This name is taken. Choose another one.',
    });
  });

  test('that refuses says why', async () => {
    await open();
    client.answers['groups.remove'] = refusal('not_allowed');
    expect(await session.groups.remove(conv, member(peer))).toBe(false);
    expect(told()).toEqual(['Your role in this group does not allow that.']);
  });
});

describe('messages', () => {
  test('carry whom they mention, also when they are tried again', async () => {
    await open();
    const send = vi.spyOn(client, 'send');
    session.send(conv, 'hi @bob', [peer]);
    expect(send).toHaveBeenLastCalledWith(expect.objectContaining({ mentions: [peer] }));
    const { clientMsgId } = send.mock.results[0]?.value as { clientMsgId: string };
    const failure = { code: 'timeout', message: '', retryable: true };
    client.emit('status', { clientMsgId, status: 'failed', failure });
    vi.spyOn(client, 'retry').mockImplementation(refusal('not_failed'));
    await session.retry(clientMsgId);
    expect(send).toHaveBeenLastCalledWith(
      expect.objectContaining({ mentions: [peer], clientMsgId }),
    );
  });

  test('are deleted for this user at once, and the list asked what is newest now', async () => {
    client.lists = () => Promise.resolve({ conversations: [snapshot({ conv, head: 1 })] });
    await open();
    client.emit('message', event(message(1, { conv })));
    await settled();
    await session.delete(conv, 1);
    expect(session.chat.windows.get(conv)?.messages).toMatchObject([{ replaced: true, body: '' }]);
    expect(asked('messages.delete')).toEqual([`messages.delete {"conv":"${conv}","convSeq":1}`]);
    expect(asked('conversations')).toHaveLength(2);
  });

  test('that are edited keep their text in the composer until the relay has it', async () => {
    await open();
    const { editing } = session;
    editing.start({ conv, convSeq: 1, text: 'old' });
    client.answers['messages.edit'] = refusal('edit_refused');
    expect(await editing.save('new')).toBe(false);
    expect(editing.message.value).toBeDefined();
    expect(told()).toEqual(['This message can no longer be edited.']);
    client.answers['messages.edit'] = () => ({});
    expect(await editing.save('new')).toBe(true);
    expect(editing.message.value).toBeUndefined();
    // Nothing changed, nothing is asked.
    editing.start({ conv, convSeq: 1, text: 'old' });
    await editing.save('old');
    expect(asked('messages.edit')).toHaveLength(2);
  });

  test('that were searched for are loaded with what is around them', async () => {
    client.lists = () => Promise.resolve({ conversations: [snapshot({ conv, head: 300 })] });
    client.goOnline();
    await settled();
    session.open(conv, 100);
    await settled();
    expect(asked('history')).toEqual(['history after 80']);
    expect(session.chat.target).toBe(100);
  });
});

describe('search', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    return () => vi.useRealTimers();
  });

  const type = async (text: string) => {
    session.search.type(text);
    await vi.advanceTimersByTimeAsync(1_000);
  };

  test('waits until typing is over, and shows what is found', async () => {
    client.answers['messages.search'] = () => ({ messages: [message(3)], next: 3 });
    session.search.type('te');
    await type('tent');
    expect(asked('messages.search')).toEqual(['messages.search {"limit":20,"text":"tent"}']);
    expect(session.search.state).toMatchObject({
      isLoading: false,
      next: 3,
      found: [{ convSeq: 3 }],
    });
    client.answers['messages.search'] = () => ({ messages: [message(1)] });
    await session.search.more();
    expect(session.search.state.found?.map(({ convSeq }) => convSeq)).toEqual([3, 1]);
    expect(session.search.state.next).toBeUndefined();
  });

  test('shows no answer to an older question', async () => {
    let answer: (page: object) => void = () => undefined;
    client.answers['messages.search'] = () => new Promise((resolve) => (answer = resolve));
    await type('old');
    const late = answer;
    client.answers['messages.search'] = () => ({ messages: [message(2)] });
    await type('new');
    late({ messages: [message(1)] });
    await vi.advanceTimersByTimeAsync(1);
    expect(session.search.state.found?.map(({ convSeq }) => convSeq)).toEqual([2]);
    session.search.clear();
    expect(session.search.state.found).toBeUndefined();
  });

  test('that fails says why', async () => {
    client.answers['messages.search'] = refusal('timeout');
    await type('x');
    expect(session.search.state.failure).toBe('The relay gave no answer in time.');
  });
});

describe('presence', () => {
  test('of those in the list is watched once, and shown', async () => {
    client.lists = () => Promise.resolve({ conversations: [snapshot({ head: 1 })] });
    client.goOnline();
    await settled();
    client.goOffline();
    client.goOnline();
    await settled();
    expect(asked('presence.watch')).toEqual([`presence.watch {"users":["${peer}"]}`]);
    client.emit('presence', { users: [{ user: peer, online: true, lastSeenAt: 0 }] });
    expect(session.chat.presences.get(peer)?.online).toBe(true);
  });

  test('lets the first go when too many are watched', () => {
    const users = Array.from({ length: 150 }, (_, at) => `u${at}`);
    session.presence.show(users);
    session.presence.show(users.map((user) => `${user}x`));
    expect(asked('presence.unwatch')).toHaveLength(1);
    expect(asked('presence.unwatch')[0]).toContain('"u99"]');
    // Before more is asked for: the relay counts.
    expect(client.calls.at(-2)).toContain('presence.unwatch');
  });

  test('is shared by choice, and a refusal takes the choice back', async () => {
    client.answers['presence.get'] = () => ({
      users: [{ user: me, online: false, lastSeenAt: 0 }],
    });
    await session.presence.loadShared();
    expect(session.presence.isShared.value).toBe(false);
    await session.presence.share(true);
    expect(session.presence.isShared.value).toBe(true);
    client.answers['presence.share'] = refusal('overloaded');
    await session.presence.share(false);
    expect(session.presence.isShared.value).toBe(true);
  });
});

test('a device whose session is ended leaves the list', async () => {
  const device = (name: string) => ({ device: name, current: name === 'here' });
  client.answers['devices.list'] = () => ({ devices: [device('here'), device('there')] });
  await session.devices.load();
  expect(session.devices.state.devices).toHaveLength(2);
  client.answers['devices.list'] = () => ({ devices: [device('here')] });
  await session.devices.end('there');
  expect(asked('devices.end')).toEqual(['devices.end {"device":"there"}']);
  expect(session.devices.state.devices).toHaveLength(1);
  client.answers['devices.end'] = refusal('timeout');
  await session.devices.end('here');
  expect(session.devices.state.failure).toBe('The relay gave no answer in time.');
});

import { expect, test } from 'vitest';

import { toApp, toRelay } from '../dist/names.js';
import { CREATED_MS, CREATED_US, wireMessage } from './support/wire.ts';

test('names are camelCase and times are milliseconds, named for what they are', () => {
  const group = {
    conv: 'group:team',
    created_us: CREATED_US,
    own: { user: 'alice', joined_us: CREATED_US, muted_until_us: 0, role: 'admin' },
    at_us: 5_000,
    last_seen_us: 7_999,
    announcement: null,
  };
  expect(toApp(group)).toEqual({
    conv: 'group:team',
    createdAt: CREATED_MS,
    own: { user: 'alice', joinedAt: CREATED_MS, mutedUntil: 0, role: 'admin' },
    at: 5,
    lastSeenAt: 7,
  });
});

test('what goes to the relay is named the other way round', () => {
  const given = {
    convSeq: 3,
    since: 5,
    until: 7.5,
    expiresAt: CREATED_MS,
    limit: undefined,
    users: ['bob'],
    to: { user: 'bob' },
  };
  expect(toRelay(given)).toEqual({
    conv_seq: 3,
    since_us: 5_000,
    until_us: 7_500,
    expires_us: CREATED_MS * 1_000,
    users: ['bob'],
    to: { user: 'bob' },
  });
});

test('a name survives the way there and back', () => {
  const names = { mutedUntil: 1, at: 2, expiresAt: 3, convSeq: 4, appVersion: '5', since: 6 };
  expect(toApp(toRelay(names))).toEqual(names);
});

test('a message has what it leaves out, and its body parsed but not renamed', () => {
  const body = '{"file_name":"a","size_us":3}';
  expect(toApp(wireMessage(1, { kind: 'file', body }))).toMatchObject({
    body: { file_name: 'a', size_us: 3 },
    priority: 'normal',
    recalled: false,
    replaced: false,
    mentions: [],
  });
  expect(toApp(wireMessage(1, { kind: 'file', body: 'no JSON' }))).toMatchObject({
    body: 'no JSON',
  });
  expect(toApp(wireMessage(1, { body: '17' }))).toMatchObject({ body: '17' });
});

test('what is said in a room is no stored message', () => {
  const said = { sender: 'bob', kind: 'json', body: '[1]', priority: 'high', at_us: 2_000 };
  expect(toApp({ conv: 'room:a', messages: [said] })).toEqual({
    conv: 'room:a',
    messages: [{ sender: 'bob', kind: 'json', body: [1], priority: 'high', at: 2 }],
  });
});

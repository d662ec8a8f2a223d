import { expect, test } from 'vitest';

import { conversationTitle, directConversation, peerOf } from '../../src/store/conversation-ids.ts';
import { userIdProblem } from '../../src/store/user-ids.ts';

test('a direct conversation has one id, whoever names it', () => {
  expect(directConversation('bob', 'alice')).toBe('dm:alice:bob');
  expect(directConversation('alice', 'bob')).toBe('dm:alice:bob');
  // Byte order: capitals before small letters, `~` last.
  expect(directConversation('alice', 'Zoe')).toBe('dm:Zoe:alice');
  expect(directConversation('~', 'z')).toBe('dm:z:~');
});

test('the peer is the other one, or oneself in notes to oneself', () => {
  expect(peerOf('dm:alice:bob', 'bob')).toBe('alice');
  expect(peerOf('dm:alice:alice', 'alice')).toBe('alice');
  expect(peerOf('dm:alice:bob', 'carol')).toBeUndefined();
  expect(peerOf('group:team', 'alice')).toBeUndefined();
});

test('conversations have a title', () => {
  expect(conversationTitle('dm:alice:bob', 'alice')).toBe('bob');
  expect(conversationTitle('dm:alice:alice', 'alice')).toBe('alice (you)');
  expect(conversationTitle('group:team', 'alice')).toBe('team');
});

test.each(['alice', 'A.b_c-d@e+f=g~1', 'x'.repeat(64)])('%s is a user id', (name) => {
  expect(userIdProblem(name)).toBeUndefined();
});

test.each([
  ['', 'Enter a name.'],
  ['a b', 'not a space'],
  ['al:ice', 'not “:”'],
  ['小明', 'not “小”'],
  ['x'.repeat(65), 'at most 64 characters; this one has 65'],
])('%j is not, and why is said', (name, reason) => {
  expect(userIdProblem(name)).toContain(reason);
});

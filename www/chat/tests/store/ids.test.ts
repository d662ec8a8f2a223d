import { expect, test } from 'vitest';

import { conversationTitle } from '../../src/store/conversation-ids.ts';
import { userIdProblem } from '@seqline/shared/user-ids.ts';

test('conversations have a title', () => {
  expect(conversationTitle('dm:alice:bob', 'alice')).toBe('bob');
  expect(conversationTitle('dm:alice:alice', 'alice')).toBe('alice (you)');
  expect(conversationTitle('group:team', 'alice')).toBe('team');
  expect(conversationTitle('group:team', 'alice', 'The team')).toBe('The team');
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

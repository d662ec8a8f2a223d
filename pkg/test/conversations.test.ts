import {
  BODY_BYTES_MAX,
  bodyBytes,
  channelConversation,
  conversationKind,
  directConversation,
  groupConversation,
  peerOf,
  roomConversation,
  surplusBytes,
} from 'seqline';
import { expect, test } from 'vitest';

test('ids of conversations are made and read', () => {
  expect(directConversation('bob', 'alice')).toBe('dm:alice:bob');
  expect(directConversation('alice', 'bob')).toBe('dm:alice:bob');
  // In byte order, whatever a language's alphabet says.
  expect(directConversation('alice', 'Bob')).toBe('dm:Bob:alice');
  expect([groupConversation('a'), channelConversation('b'), roomConversation('c')]).toEqual([
    'group:a',
    'channel:b',
    'room:c',
  ]);
  expect(['dm:a:b', 'group:a', 'channel:a', 'room:a', 'team'].map(conversationKind)).toEqual([
    'direct',
    'group',
    'channel',
    'room',
    undefined,
  ]);
});

test('the other one of a direct conversation', () => {
  expect(peerOf('dm:alice:bob', 'bob')).toBe('alice');
  expect(peerOf('dm:alice:alice', 'alice')).toBe('alice');
  expect(peerOf('dm:alice:bob', 'carol')).toBeUndefined();
  expect(peerOf('group:team', 'alice')).toBeUndefined();
});

test('a body is measured as the relay does', () => {
  expect(bodyBytes('abc')).toBe(3);
  expect(bodyBytes('"\n')).toBe(4);
  expect(bodyBytes('你好')).toBe(6);
  expect(surplusBytes('x'.repeat(BODY_BYTES_MAX))).toBe(0);
  expect(surplusBytes('x'.repeat(BODY_BYTES_MAX + 1))).toBe(1);
  expect(surplusBytes('好'.repeat(BODY_BYTES_MAX / 3 + 1))).toBeGreaterThan(0);
  expect(surplusBytes('\n'.repeat(BODY_BYTES_MAX / 2))).toBe(0);
  expect(surplusBytes('\n'.repeat(BODY_BYTES_MAX / 2 + 1))).toBe(2);
});

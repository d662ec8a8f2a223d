import { expect, test } from 'vitest';

import { mentionedUsers, mentionsIn, typedName } from '../../src/text/mentions.ts';
import { highlight } from '../../src/text/highlight.ts';
import { splitText } from '../../src/text/parts.ts';

const isMeant = (user: string) => ['bob', 'carol', 'a.b', '@all'].includes(user);

test.each([
  ['hi @bob', ['bob']],
  ['@bob, @carol. @bob!', ['bob', 'carol']],
  ['(@a.b) and @a.b.', ['a.b']],
  ['@all', ['@all']],
  ['mail bob@bob.example, @dave', []],
  ['你好，@bob 好', ['bob']],
])('%j mentions %j', (text, users) => {
  expect(mentionedUsers(text, isMeant)).toEqual(users);
});

test('a mention stands where its name is, without what ends the sentence', () => {
  expect(mentionsIn('hi @bob.', isMeant)).toEqual([{ user: 'bob', start: 3, end: 7 }]);
});

test.each([
  ['@', 1, ''],
  ['hi @bo', 6, 'bo'],
  ['hi @bob there', 6, 'bo'],
  ['hi@bo', 5, undefined],
  ['hi @bob ', 8, undefined],
])('in %j at %i the name %j is being typed', (text, caret, name) => {
  expect(typedName(text, caret)?.name).toBe(name);
});

test('a text is shown in its parts, and joined it is the same', () => {
  const text = 'see https://a.example/@bob, @bob and @carol';
  const parts = splitText(text, ['bob']);
  expect(parts.map((part) => part.text).join('')).toBe(text);
  expect(parts.filter(({ type }) => type !== 'text')).toMatchObject([
    { type: 'link', text: 'https://a.example/@bob' },
    { type: 'mention', text: '@bob', user: 'bob' },
  ]);
});

test('found words are marked; what stands far before is left out; operators are plain text', () => {
  const found = (text: string, search: string) =>
    highlight(text, search).map((part) => (part.isFound ? `[${part.text}]` : part.text));
  expect(found('Hello World', 'wor')).toEqual(['Hello ', '[Wor]', 'ld']);
  expect(found('a+b (c', 'a+b (')).toEqual(['[a+b]', ' ', '[(]', 'c']);
  expect(found('今天天气很好', '天气')).toEqual(['今天', '[天气]', '很好']);
  expect(found(`${'x'.repeat(90)} end`, 'end')[0]).toHaveLength(31);
  expect(found('nothing', 'else')).toEqual(['nothing']);
});

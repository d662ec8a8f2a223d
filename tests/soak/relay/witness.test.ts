import { expect, test } from 'vitest';

import { Witness } from './witness.ts';

const conv = 'dm:ann:ben';
const both = new Set([conv]);

test('all that was written, once and in order, is well', () => {
  const witness = new Witness();
  for (const text of [witness.write('ann', conv), witness.write('ann', conv)]) {
    expect(witness.missing('ben', both)).toHaveLength(1);
    witness.show('ben', conv, 'ann', text);
  }
  expect(witness.missing('ben', both)).toEqual([]);
  expect(witness.problems).toEqual([]);
  expect(witness.missing('ben', new Set(['dm:ann:cleo']))).toEqual([]);
  expect(witness.writtenTo(conv)).toBe(2);
});

test.each([
  ['doubled', ['1', '1']],
  ['lost', ['2']],
  ['out of order', ['1', '3', '2']],
])('what is %s is noticed', (_, texts) => {
  const witness = new Witness();
  for (let count = 0; count < 3; count++) witness.write('ann', conv);
  for (const text of texts) witness.show('ben', conv, 'ann', text);
  expect(witness.problems).not.toEqual([]);
});

test('who is told of a gap may go on after it, once', () => {
  const witness = new Witness();
  for (let count = 0; count < 5; count++) witness.write('ann', conv);
  witness.show('ben', conv, 'ann', '1');
  witness.excuse('ben');
  expect(witness.missing('ben', both)).toEqual([]);
  witness.show('ben', conv, 'ann', '4');
  expect(witness.problems).toEqual([]);
  expect(witness.missing('ben', both)).toHaveLength(1);
  witness.show('ben', conv, 'ann', '6');
  expect(witness.problems).toHaveLength(1);
});

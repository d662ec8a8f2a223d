import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { mutations } from './list.ts';
import { mutated } from './workshop.ts';

const root = join(import.meta.dirname, '../..');

describe('the list of deliberate mistakes', () => {
  test.each(mutations)('has its place in the sources: $name', async (mutation) => {
    const text = await readFile(join(root, mutation.file), 'utf8');
    expect(mutated(mutation, text)).not.toBe(text);
  });

  test('breaks every promise', () => {
    const numbers = mutations.map(({ breaks }) => parseInt(breaks, 10));
    expect([...new Set(numbers)].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('says so when the sources have moved on', () => {
    const place = { file: 'a.rs', find: 'is nowhere', replace: '' };
    const mutation = { name: 'a mistake', breaks: '2 once', ...place };
    expect(() => mutated(mutation, 'text')).toThrow('0 times');
  });
});

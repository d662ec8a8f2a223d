/** The table of hosts names tests: each file is there, and has the test that is named. */
import { readFile } from 'node:fs/promises';

import { beforeAll, expect, test } from 'vitest';

import { inRoot } from '../../tools/setup/paths.mjs';

/** What stands in the table, without its names of hosts and features. */
let cells: string[];
/** By key: file and name of a test. */
let tests: Map<string, [file: string, name: string]>;
/** Letters of reasons. */
let reasons: Set<string>;

beforeAll(async () => {
  const text = await readFile(inRoot('docs/hosts.md'), 'utf8');
  const [table = '', list = ''] = text.split('## The tests');
  const rowsOf = (part: string) =>
    part
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .map((line) =>
        line
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim()),
      );
  const features = rowsOf(table).filter(([feature = '']) => /^\w/.test(feature));
  cells = features.flatMap(([, ...ofHosts]) => ofHosts);
  const keyed = rowsOf(list).filter(([key = '']) => /^[A-Z]\d+$/.test(key));
  tests = new Map(keyed.map(([key = '', file = '', name = '']) => [key, [file, name]]));
  reasons = new Set(Array.from(table.matchAll(/^- (\w): /gm), ([, letter = '']) => letter));
});

test('every cell names tests, or says why there is none', () => {
  expect(cells.length).toBeGreaterThan(100);
  const used = new Set<string>();
  for (const cell of cells) {
    const words = cell.split(' ').filter((word) => word !== '–');
    const unknown = words.filter((word) => !tests.has(word) && !reasons.has(word));
    expect([cell, words.length > 0, unknown]).toEqual([cell, true, []]);
    for (const word of words) used.add(word);
  }
  expect([...tests.keys(), ...reasons].filter((word) => !used.has(word))).toEqual([]);
});

test('every test that is named is there', async () => {
  const missing: string[] = [];
  for (const [file, name] of tests.values()) {
    const source = await readFile(inRoot(file.replaceAll('`', '')), 'utf8').catch(() => '');
    const forms = [`${name}'`, `${name}\``, `fn ${name}()`];
    if (!forms.some((form) => source.includes(form))) missing.push(`${file} ${name}`);
  }
  expect(missing).toEqual([]);
});

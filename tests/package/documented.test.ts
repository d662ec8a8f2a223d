import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { inRoot } from '../../tools/setup/paths.mjs';

const fence = /^```\w+ file=(\S+)\n(.*?)^```$/gms;

test('the examples in docs/loading.md are those that are tested here', async () => {
  const document = await readFile(inRoot('docs/loading.md'), 'utf8');
  const examples = [...document.matchAll(fence)];
  expect(examples.length).toBeGreaterThan(10);
  for (const [, file = '', code] of examples) {
    expect(code, file).toBe(await readFile(new URL(`fixtures/${file}`, import.meta.url), 'utf8'));
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { filesOf } from '../guide.mjs';

test('takes the files that are named, and no other block', () => {
  const guide = [
    'Text with `code`:',
    '',
    '```sh\nnpm install\n```',
    '',
    '`src/a.ts`:',
    '',
    "```ts\nconst text = '`';\n\nexport {};\n```",
    '',
    'And `b.vue` is next.',
    '',
    '`b.vue`:',
    '',
    '```vue\n<template />\n```',
    '',
  ].join('\n');
  assert.deepEqual(
    [...filesOf(guide)],
    [
      ['src/a.ts', "const text = '`';\n\nexport {};\n"],
      ['b.vue', '<template />\n'],
    ],
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { excesses, formatSizes, sizeOf, sum } from '../size.mjs';

test('adds up sizes of files that are compressed each on its own', () => {
  const [wasm, glue] = [sizeOf('x'.repeat(10_240)), sizeOf('y'.repeat(1024))];
  assert.equal(wasm.raw_bytes, 10_240);
  assert.ok(wasm.gzip_bytes < 100, 'repeated bytes compress well');
  const both = sum([wasm, glue]);
  assert.equal(both.raw_bytes, 11_264);
  assert.equal(both.gzip_bytes, wasm.gzip_bytes + glue.gzip_bytes);
  assert.equal(both.brotli_bytes, wasm.brotli_bytes + glue.brotli_bytes);
});

const size = { raw_bytes: 11_264, gzip_bytes: 2048, brotli_bytes: 1024 };

test('tells what is over its budget', () => {
  const [fits, over] = [
    { name: 'fits', size, gzip_bytes_max: 2048 },
    { name: 'over', size, gzip_bytes_max: 2047 },
  ];
  const rows = [fits, over, { name: 'has none', size }];
  assert.deepEqual(excesses([{ title: 'all', rows }]), [over]);
});

test('shows sizes in a table', () => {
  const rows = [
    { name: 'facade', size, gzip_bytes_max: 4096 },
    { name: 'tabs', size },
  ];
  assert.deepEqual(formatSizes([{ title: 'in a browser', rows }]), [
    'in a browser       raw      gzip    brotli    budget',
    '  facade       11.0 KB    2.0 KB    1.0 KB    4.0 KB',
    '  tabs         11.0 KB    2.0 KB    1.0 KB',
  ]);
});

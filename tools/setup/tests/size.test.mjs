import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { formatSizes, measure } from '../size.mjs';

test('adds up sizes and shows them in a table', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'size-'));
  const [wasm, glue] = ['a.wasm', 'a.js'].map((file) => join(dir, file));
  await writeFile(wasm, 'x'.repeat(10_240));
  await writeFile(glue, 'y'.repeat(1024));
  const sizes = await measure({ wasm, glue });
  await rm(dir, { recursive: true });

  assert.equal(sizes.wasm.raw_bytes, 10_240);
  assert.equal(sizes.total.raw_bytes, 11_264);
  assert.equal(sizes.total.gzip_bytes, sizes.wasm.gzip_bytes + sizes.glue.gzip_bytes);
  assert.ok(sizes.wasm.gzip_bytes < 100, 'repeated bytes compress well');
  const [, , , total] = formatSizes(sizes);
  assert.match(total, /^total +11\.0 KB/);
});

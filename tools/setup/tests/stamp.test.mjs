import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';

import { Stamp } from '../stamp.mjs';

const step = { name: 'step', inputs: ['src', 'lock', 'missing'], outputs: ['out'] };
let root;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'stamp-'));
  await write('src/a.txt', 'a');
  await write('src/deep/b.txt', 'b');
  await write('lock', '1');
  await write('out/result', 'r');
  await makeStamp().save(await makeStamp().hashInputs());
});
afterEach(() => rm(root, { recursive: true }));

test('is fresh while nothing changes', async () => {
  assert.equal(await makeStamp().isFresh(), true);
});

test('is not fresh before the first run', async () => {
  await rm(join(root, 'stamps'), { recursive: true });
  assert.equal(await makeStamp().isFresh(), false);
});

test('times of inputs do not matter, contents do', async () => {
  await utimes(join(root, 'src/a.txt'), new Date(), new Date(0));
  assert.equal(await makeStamp().isFresh(), true);
  await write('src/a.txt', 'A');
  assert.equal(await makeStamp().isFresh(), false);
});

test('a new, moved or removed input counts', async () => {
  await write('src/deep/c.txt', '');
  assert.equal(await makeStamp().isFresh(), false);
  await rm(join(root, 'src/deep/c.txt'));
  assert.equal(await makeStamp().isFresh(), true);
  await rm(join(root, 'src/deep/b.txt'));
  assert.equal(await makeStamp().isFresh(), false);
});

test('what builds leave inside an input folder does not count', async () => {
  await write('src/dist/made.js', 'x');
  await write('src/node_modules/p/index.js', 'x');
  assert.equal(await makeStamp().isFresh(), true);
});

test('another key counts', async () => {
  assert.equal(await makeStamp('another compiler').isFresh(), false);
});

test('a missing or overwritten output counts', async () => {
  await write('out/result', 'longer');
  assert.equal(await makeStamp().isFresh(), false);
  await rm(join(root, 'out'), { recursive: true });
  assert.equal(await makeStamp().isFresh(), false);
});

test('an input that changes during the run makes the next one run again', async () => {
  const before = await makeStamp().hashInputs();
  await write('lock', '2');
  await makeStamp().save(before);
  assert.equal(await makeStamp().isFresh(), false);
});

const makeStamp = (key = 'compiler') =>
  new Stamp(step, key, { root, stampDir: join(root, 'stamps') });

async function write(path, content) {
  await mkdir(join(root, path, '..'), { recursive: true });
  await writeFile(join(root, path), content);
}

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';

import { isInstalled } from '../npm-lock.mjs';

const wanted = {
  '': { name: 'workspace' },
  pkg: { name: 'seqline', version: '0.1.0' },
  'node_modules/seqline': { resolved: 'pkg', link: true },
  'node_modules/a': { version: '1.0.0' },
  'node_modules/for-another-system': { version: '1.0.0', optional: true },
};
const installed = {
  'node_modules/seqline': { resolved: 'pkg', link: true },
  'node_modules/a': { version: '1.0.0' },
};
let root;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'npm-lock-'));
  await mkdir(join(root, 'node_modules'));
  await write('package-lock.json', wanted);
});
afterEach(() => rm(root, { recursive: true }));

test('everything is there', async () => {
  await write('node_modules/.package-lock.json', installed);
  assert.equal(await isInstalled(root), true);
});

test('nothing is there', async () => {
  assert.equal(await isInstalled(root), false);
});

test('a package is missing', async () => {
  await write('node_modules/.package-lock.json', without('node_modules/a'));
  assert.equal(await isInstalled(root), false);
});

test('a package has another version', async () => {
  const other = { ...installed, 'node_modules/a': { version: '0.9.0' } };
  await write('node_modules/.package-lock.json', other);
  assert.equal(await isInstalled(root), false);
});

test('a workspace is not linked', async () => {
  await write('node_modules/.package-lock.json', without('node_modules/seqline'));
  assert.equal(await isInstalled(root), false);
});

const without = (name) =>
  Object.fromEntries(Object.entries(installed).filter(([path]) => path !== name));

const write = (file, packages) => writeFile(join(root, file), JSON.stringify({ packages }));

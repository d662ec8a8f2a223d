import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { breaches, duplicates } from '../npm-policy.mjs';
import { inRoot } from '../paths.mjs';

const good = {
  version: '1.0.0',
  resolved: 'https://registry.example/a.tgz',
  integrity: 'sha512-abc',
  license: 'MIT',
};

const breachesOf = (changes, path = 'node_modules/a') =>
  breaches({ packages: { '': {}, [path]: { ...good, ...changes } } });

test('what is free, whole and silent may come in', () => {
  assert.deepEqual(breachesOf({}), []);
  assert.deepEqual(breachesOf({ license: '(GPL-3.0 OR MIT)' }), []);
  assert.deepEqual(breachesOf({ hasInstallScript: true }, 'node_modules/esbuild'), []);
});

for (const [what, changes] of Object.entries({
  'without a sum': { integrity: undefined },
  'with a weak sum': { integrity: 'sha1-abc' },
  'from a repository': { resolved: 'git+ssh://git@example.org/a.git' },
  'over a line that anyone may change': { resolved: 'http://registry.example/a.tgz' },
  'that runs a script': { hasInstallScript: true },
  'under another licence': { license: 'GPL-3.0' },
  'under another licence as well': { license: 'MIT AND GPL-3.0' },
  'under none': { license: undefined },
})) {
  test(`a package ${what} may not`, () => {
    assert.equal(breachesOf(changes).length, 1);
  });
}

test('of some there is one version', () => {
  const packages = {
    'node_modules/ws': good,
    'node_modules/b/node_modules/ws': { ...good, version: '2.0.0' },
  };
  assert.deepEqual(duplicates({ packages }), ['ws: is there in versions 1.0.0, 2.0.0']);
});

const lockAt = async (path) => JSON.parse(await readFile(inRoot(path), 'utf8'));

for (const path of ['package-lock.json', 'www/uni/package-lock.json']) {
  test(`the packages of ${path} may all come in`, async () => {
    const lock = await lockAt(path);
    assert.ok(Object.keys(lock.packages).length > 100);
    assert.deepEqual(breaches(lock), []);
  });
}

test('the repository itself has no duplicates', async () => {
  assert.deepEqual(duplicates(await lockAt('package-lock.json')), []);
});

/** The table of features names tests: each file is there, and has what is named of it. */
import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { inRoot } from '../../tools/setup/paths.mjs';

const suiteFolder = 'relay/tests/store/conformance/';

const places: Readonly<Record<string, string>> = {
  'store/': suiteFolder,
  'api/': 'relay/tests/server/api/v1/',
  'server/': 'relay/tests/server/',
  'core/': 'sdk/core/tests/',
};

function pathOf(short: string): string {
  const place = Object.keys(places).find((prefix) => short.startsWith(prefix));
  return place ? `${places[place] ?? ''}${short.slice(place.length)}` : short;
}

// A function of the suite is a test once the suite lists it.
const isOfSuite = (path: string): boolean => path.startsWith(suiteFolder);

test('every test that docs/features.md names is there', async () => {
  const text = await readFile(inRoot('docs/features.md'), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| ') && line.includes('`'));
  expect(rows.length).toBeGreaterThan(40);
  const suite = await readFile(inRoot(`${suiteFolder}mod.rs`), 'utf8');
  const missing: string[] = [];
  for (const row of rows) {
    let [path, source] = ['', ''];
    for (const [, name = ''] of (row.split(' | ').at(-1) ?? '').matchAll(/`([^`]+)`/g)) {
      if (name.includes('/')) {
        path = pathOf(name);
        source = await readFile(inRoot(path), 'utf8').catch(() => '');
        if (source === '') missing.push(path);
      } else if (!source.includes(name) || !(isOfSuite(path) ? suite : source).includes(name)) {
        missing.push(`${path} ${name}`);
      }
    }
  }
  expect(missing).toEqual([]);
});

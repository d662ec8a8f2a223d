/** docs/limits.md lists every bound of the relay, and the defaults that its settings have. */
import { readFile, writeFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { inRoot } from '../../tools/setup/paths.mjs';

const document = 'docs/limits.md';
const tableHead = '| name | value | meaning |\n| --- | --- | --- |\n';

/** A constant with its comment, as rustfmt writes them. */
const constant = /((?:^\/\/\/.*\n)+)pub const (\w+): [^=]+=\s*([^;]+);/gm;

function tableOf(source: string): string {
  const rows = [...source.matchAll(constant)].map(([, comment = '', name = '', value = '']) => {
    const meaning = comment
      .replaceAll(/^\/\/\/ ?/gm, '')
      .trim()
      .replaceAll(/\s*\n\s*/g, ' ')
      .replaceAll(/\[(`[^`]+`)\]/g, '$1');
    return `| \`${name}\` | \`${value.replaceAll(/\s+/g, ' ')}\` | ${meaning} |\n`;
  });
  return tableHead + rows.join('');
}

test('every bound of the relay is listed with its value and what happens', async () => {
  const source = await readFile(inRoot('relay/src/limits.rs'), 'utf8');
  const count = source.match(/^pub const /gm)?.length ?? 0;
  const table = tableOf(source);
  expect(table.split('\n').length).toBe(count + 3);
  const text = await readFile(inRoot(document), 'utf8');
  const [head = ''] = text.split(tableHead);
  if (process.env['SEQLINE_UPDATE_DOCS']) await writeFile(inRoot(document), head + table);
  else expect(text).toBe(head + table);
});

test('the defaults are those of the settings', async () => {
  const text = await readFile(inRoot(document), 'utf8');
  const settings = await readFile(inRoot('relay/src/config/settings.rs'), 'utf8');
  const [own = ''] = text.split(tableHead);
  const named = [...own.matchAll(/^\| [^|]+ \| `(\w+)` \| ([^|]+) \|/gm)];
  expect(named.length).toBeGreaterThan(12);
  for (const [, name = '', shown = ''] of named) {
    const before = settings.split(`pub ${name}:`)[0] ?? '';
    const [, stated] = [...before.matchAll(/\[default: ([^\]]+)\]/g)].at(-1) ?? [];
    const plain = shown.replaceAll(',', '').replace(/^(\d+) s$/, '$1000');
    expect(plain, name).toBe(stated);
  }
});

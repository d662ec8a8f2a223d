/** The table of errors has every code that the package can produce, and says rightly which to try again. */
import { readdir, readFile } from 'node:fs/promises';

import { beforeAll, expect, test } from 'vitest';

import { inRoot } from '../../tools/setup/paths.mjs';

type Retryable = Map<string, Set<boolean>>;

/** By code, as the table says. */
let documented: Retryable;

beforeAll(async () => {
  documented = new Map();
  const text = await readFile(inRoot('docs/errors.md'), 'utf8');
  for (const [, code = '', said = '', when, advice] of text.matchAll(
    /^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm,
  )) {
    if (code === 'code' || code === 'message') continue;
    expect([documented.has(code), when?.trim(), advice?.trim()]).toEqual([
      false,
      expect.stringMatching(/\w/),
      expect.stringMatching(/\w/),
    ]);
    documented.set(code, new Set(said.split(',').map((word) => word.trim() === 'yes')));
  }
});

test('the codes of the relay', async () => {
  const source = await readFile(inRoot('sdk/protocol/src/codes.rs'), 'utf8');
  const codes = source.matchAll(/= "(\w+)", close: \S+, retryable: (true|false);/g);
  const relays = new Map(Array.from(codes, ([, code = '', word]) => [code, word === 'true']));
  expect(relays.size).toBeGreaterThan(30);
  for (const [code, retryable] of relays) {
    expect([code, documented.get(code)]).toEqual([code, new Set([retryable])]);
  }
});

test('the codes of the compiled client', async () => {
  const source = await readFile(inRoot('sdk/core/src/failure.rs'), 'utf8');
  const codes = await ofCore(source);
  expect(codes.size).toBeGreaterThan(10);
  for (const [code, retryable] of codes) {
    expect([code, documented.get(code)?.has(retryable)]).toEqual([code, true]);
  }
});

test('the codes of the package, and no others', async () => {
  const own = await ofPackage();
  expect(own.size).toBeGreaterThan(8);
  const core = await ofCore(await readFile(inRoot('sdk/core/src/failure.rs'), 'utf8'));
  for (const [code, retryable] of core) add(own, code, retryable);
  const relay = await readFile(inRoot('sdk/protocol/src/codes.rs'), 'utf8');
  const ofRelay = new Set(
    Array.from(relay.matchAll(/= "(\w+)", close:/g), ([, code = '']) => code),
  );
  for (const [code, values] of own) {
    const said = documented.get(code);
    expect([code, [...values].every((value) => said?.has(value))]).toEqual([code, true]);
    if (!ofRelay.has(code)) expect([code, said]).toEqual([code, values]);
  }
  const known = [...documented.keys()].filter((code) => !own.has(code) && !ofRelay.has(code));
  expect(known).toEqual([]);
});

async function ofCore(source: string): Promise<Map<string, boolean>> {
  const names = new Map(
    Array.from(source.matchAll(/Self::(\w+) => "(\w+)"/g), ([, name = '', code = '']) => [
      name,
      code,
    ]),
  );
  const [, retryable = ''] = /is_retryable\(self\)(.*?)=> true/s.exec(source) ?? [];
  const isRetryable = (name: string) => new RegExp(`Self::${name}\\b`).test(retryable);
  return Promise.resolve(new Map([...names].map(([name, code]) => [code, isRetryable(name)])));
}

/** What its sources say beside each code. */
async function ofPackage(): Promise<Retryable> {
  const found: Retryable = new Map();
  const files = await readdir(inRoot('pkg/src'), { recursive: true });
  for (const file of files.filter((name) => name.endsWith('.ts'))) {
    const source = await readFile(inRoot('pkg/src', file), 'utf8');
    for (const [, code = '', word] of source.matchAll(
      /\bcode: '(\w+)'(?:(?!\bcode:).)*?\bretryable: (true|false)/gs,
    )) {
      add(found, code, word === 'true');
    }
  }
  return found;
}

function add(codes: Retryable, code: string, retryable: boolean): void {
  codes.set(code, (codes.get(code) ?? new Set()).add(retryable));
}

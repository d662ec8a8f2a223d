import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { root } from '../../tools/setup/paths.mjs';

const run = promisify(execFile);

/** Names of all crates that end up in a crate of ours, or build it. */
async function crates(name: string, ...target: string[]): Promise<string[]> {
  const what = ['--package', name, '--edges', 'normal,build', ...target];
  const shape = ['--prefix', 'none', '--format', '{p}'];
  const { stdout } = await run('cargo', ['tree', '--locked', ...what, ...shape], { cwd: root });
  return [...new Set(stdout.split('\n').map((line) => line.split(' ')[0] ?? ''))];
}

test('the server knows nothing of browsers, nor of the client', async () => {
  const used = await crates('seqline-relay');
  expect(used).toContain('seqline-protocol');
  const foreign = /^(wasm-bindgen|web-sys|js-sys|gloo|seqline-core|seqline-sdk)/;
  expect(used.filter((name) => foreign.test(name))).toEqual([]);
});

const pure = ['seqline-core', 'seqline-protocol'] as const;
const targets = { natively: [], 'as wasm': ['--target', 'wasm32-unknown-unknown'] };

for (const name of pure) {
  for (const [how, target] of Object.entries(targets)) {
    test(`${name} can cause no effect, ${how}`, async () => {
      const used = await crates(name, ...target);
      expect(used).toContain('serde');
      const effects =
        /^(tokio|mio|async-std|smol|hyper|axum|sqlx|getrandom|wasm-bindgen|web-sys|js-sys|gloo)/;
      expect(used.filter((crate) => effects.test(crate))).toEqual([]);
    });
  }
}

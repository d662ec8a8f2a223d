// Everything that runs the code.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { cargoFlags } from '../cargo.mjs';
import { inRoot, relayBinary, targetDirs } from '../paths.mjs';
import { runWasmTests } from './wasm-tests.mjs';

const test = (step) => ({ isCheck: true, hasTests: true, ...step });

const npmTest = (name, workspace, purpose, needs) =>
  test({
    name,
    purpose,
    needs,
    run: async ({ exec, found }) => {
      await exec('npm', ['test', '-w', workspace], { env: { CHROME_PATH: found.chromium } });
    },
  });

/** @type {import('../runner.mjs').Step[]} */
export const testSteps = [
  test({
    name: 'test-tools',
    purpose: 'test these build tools',
    needs: ['tools'],
    run: async ({ exec }) => {
      await exec('node', ['--test', ...(await testFiles())]);
      const crate = ['test', '-p', 'seqline-bindgen', '--target-dir', targetDirs.native];
      await exec('cargo', [...crate, ...cargoFlags]);
    },
  }),
  test({
    name: 'test-rust',
    purpose: 'test protocol, core and relay, alone, in the simulation, under random input and load',
    needs: ['tools', 'web', 'console', 'reference', 'relay-debug', 'postgres', 'nats'],
    run: async ({ exec, found }) => {
      const crates = ['protocol', 'core', 'relay', 'simulation', 'fuzz', 'load'];
      const packages = crates.flatMap((crate) => ['-p', `seqline-${crate}`]);
      const env = {
        SEQLINE_POSTGRES_BIN: found.postgres,
        SEQLINE_NATS_SERVER: found.nats,
        SEQLINE_RELAY_BINARY: inRoot(relayBinary('debug')),
      };
      await exec(
        'cargo',
        ['test', ...packages, '--no-fail-fast', '--target-dir', targetDirs.native, ...cargoFlags],
        { env },
      );
    },
  }),
  test({
    name: 'test-wasm',
    purpose: 'test protocol and core as wasm in Chromium',
    needs: ['npm', 'wasm-target', 'bindgen', 'chromium'],
    run: runWasmTests,
  }),
  npmTest('test-package', 'seqline', 'test the npm package', [
    'package',
    'relay-debug',
    'chromium',
  ]),
  npmTest('test-web', '@seqline/chat', 'test the chat page', ['package']),
  npmTest('test-console', '@seqline/console', "test the operators' console", ['npm']),
  npmTest('test-e2e', '@seqline/tests', 'test all parts together, with faults', [
    'web',
    'uni',
    'uni-guide',
    'relay-debug',
    'chromium',
    'postgres',
    'nats',
    'faketime',
    'sqlite',
    'programs',
  ]),
];

async function testFiles() {
  const files = await readdir(inRoot('tools/setup/tests'));
  return files
    .filter((file) => file.endsWith('.test.mjs'))
    .map((file) => join('tools/setup/tests', file));
}

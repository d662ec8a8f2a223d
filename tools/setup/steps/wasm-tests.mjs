// The tests of protocol and core once more, as wasm in a real browser.
import { rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

import { cargoFlags } from '../cargo.mjs';
import { bindgenBinary, inRoot } from '../paths.mjs';

const outDir = 'target/wasm-test-suites';

/** @param {import('../runner.mjs').StepContext} context */
export async function runWasmTests({ exec, found }) {
  const suites = await buildSuites({ exec, found });

  await rm(inRoot(outDir), { recursive: true, force: true });
  for (const { name, wasm } of suites) {
    const output = [inRoot(outDir, name), 'suite', '--web', '--keep-debug'];
    await exec(inRoot(bindgenBinary), [wasm, ...output]);
  }
  await exec('node', ['tools/wasm-tests/run.mjs', outDir], {
    env: { CHROME_PATH: found.chromium },
  });
}

/** A name and a path for each of the compiled test programs. */
async function buildSuites({ exec, found }) {
  const { cargo, args, env, targetDir } = found.wasmToolchain;
  const output = await exec(
    cargo,
    [
      ...['test', '--no-run', '-p', 'seqline-protocol', '-p', 'seqline-core'],
      ...['--message-format', 'json-render-diagnostics', '--target-dir', targetDir],
      ...[...args, ...cargoFlags],
    ],
    { env, isData: true },
  );
  return output
    .split('\n')
    .filter((line) => line.startsWith('{"reason":"compiler-artifact"'))
    .map((line) => JSON.parse(line))
    .filter(({ executable, profile }) => executable && profile.test)
    .map(({ executable, target, manifest_path }) => ({
      // Two crates may have a test file of the same name.
      name: `${basename(dirname(manifest_path))}-${target.name}`,
      wasm: executable,
    }));
}

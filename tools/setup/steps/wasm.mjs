// From the Rust sources to the wasm and its glue in `sdk/dist`.
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { bindgenBinary, inRoot, targetDirs } from '../paths.mjs';
import { cargoFlags } from '../cargo.mjs';
import { StepFailure } from '../failure.mjs';
import { formatSizes, gzip_bytes_max, measure } from '../size.mjs';

const cargoFiles = ['Cargo.toml', 'Cargo.lock'];
const rawDir = 'target/wasm-glue';

// What Safari 15 runs. With everything else off, wasm-opt also refuses a
// module in which something newer slipped through.
const wasmFeatures = [
  '--mvp-features',
  '--enable-bulk-memory',
  '--enable-mutable-globals',
  '--enable-nontrapping-float-to-int',
  '--enable-sign-ext',
];

// Flat code, put together anew, is 2 % smaller than what -Oz alone makes of it.
const passes = ['--flatten', '--rereloop', '-Oz', '-Oz', '--converge'];

/** @type {import('../runner.mjs').Step[]} */
export const wasmSteps = [
  {
    name: 'bindgen',
    purpose: 'build the tool that makes wasm loadable from JavaScript',
    needs: ['tools'],
    inputs: [...cargoFiles, 'tools/bindgen'],
    outputs: [bindgenBinary],
    key: ({ rustc }) => rustc,
    async run({ exec }) {
      await exec('cargo', [
        'build',
        '-p',
        'seqline-bindgen',
        '--target-dir',
        targetDirs.native,
        ...cargoFlags,
      ]);
    },
  },
  {
    name: 'wasm',
    purpose: 'compile the client to WebAssembly and write its glue',
    needs: ['wasm-target', 'bindgen'],
    inputs: [...cargoFiles, '.cargo', 'sdk', bindgenBinary],
    outputs: [rawDir],
    key: ({ wasmToolchain }) => JSON.stringify(wasmToolchain),
    async run({ exec, found }) {
      const { cargo, args, env, targetDir } = found.wasmToolchain;
      const build = ['build', '-p', 'seqline-sdk', '--profile', 'wasm', '--target-dir', targetDir];
      await exec(cargo, [...build, ...args, ...cargoFlags], { env });

      const wasm = join(targetDir, 'wasm32-unknown-unknown/wasm/seqline_sdk.wasm');
      await rm(inRoot(rawDir), { recursive: true, force: true });
      await exec(inRoot(bindgenBinary), [wasm, inRoot(rawDir), 'seqline']);
    },
  },
  {
    name: 'wasm-opt',
    purpose: 'make the wasm as small as it gets',
    needs: ['npm', 'wasm'],
    inputs: [rawDir, 'node_modules/binaryen/package.json'],
    outputs: ['sdk/dist'],
    async run({ exec }) {
      await rm(inRoot('sdk/dist'), { recursive: true, force: true });
      await mkdir(inRoot('sdk/dist'), { recursive: true });
      const [input, output] = [rawDir, 'sdk/dist'].map((dir) => `${dir}/seqline_bg.wasm`);
      const stripped = ['--strip-debug', '--strip-producers', '--strip-target-features'];
      await exec('node', [
        inRoot('node_modules/binaryen/bin/wasm-opt'),
        ...[...passes, ...wasmFeatures, ...stripped, input, '-o', output],
      ]);
      for (const file of ['seqline.js', 'seqline.d.ts', 'seqline_bg.wasm.d.ts']) {
        await copyFile(inRoot(rawDir, file), inRoot('sdk/dist', file));
      }
    },
  },
  {
    name: 'size',
    purpose: 'weigh what every visitor has to download',
    needs: ['wasm-opt'],
    isCheck: true,
    async run({ say }) {
      const sizes = await measure({
        wasm: inRoot('sdk/dist/seqline_bg.wasm'),
        glue: inRoot('sdk/dist/seqline.js'),
      });
      await writeFile(inRoot('target/size.json'), `${JSON.stringify(sizes, null, 2)}\n`);
      for (const line of formatSizes(sizes)) say(line);
      if (sizes.total.gzip_bytes > gzip_bytes_max) {
        throw new StepFailure(
          `${sizes.total.gzip_bytes} bytes gzipped are over the budget of ${gzip_bytes_max}.`,
          {
            advice:
              'Look for what grew: new dependencies, formatting and panics with text are the usual causes.',
          },
        );
      }
    },
  },
];

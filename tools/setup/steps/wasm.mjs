// From the Rust sources to the compiled client and its glue in `sdk/dist`.
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { bindgenBinary, inRoot, targetDirs } from '../paths.mjs';
import { cargoFlags } from '../cargo.mjs';
import { forAnyMemory } from '../glue.mjs';

const cargoFiles = ['Cargo.toml', 'Cargo.lock'];
const rawDir = 'target/wasm-glue';
const rawWasm = `${rawDir}/seqline_bg.wasm`;
const portableDir = 'target/wasm-portable';
const compiled = (name) => `sdk/dist/${name}`;
const binaryen = (tool) => inRoot('node_modules/binaryen/bin', tool);

// What Safari 15 runs. With everything else off, wasm-opt also refuses a
// module in which something newer slipped through.
const wasmFeatures = [
  '--mvp-features',
  '--enable-bulk-memory',
  '--enable-bulk-memory-opt',
  '--enable-mutable-globals',
  '--enable-nontrapping-float-to-int',
  '--enable-sign-ext',
];

// What WebAssembly had from its first day, but for copies of memory: JavaScript has its own.
const firstFeatures = ['--mvp-features', '--enable-bulk-memory', '--enable-bulk-memory-opt'];
const lowering = ['--signext-lowering', '--llvm-nontrapping-fptoint-lowering'];

// Flat code, put together anew, is 2 % smaller than what -Oz alone makes of it.
const shrinking = ['--flatten', '--rereloop', '-Oz', '-Oz', '--converge'];
// Exported for glue of other targets. Not every host can give a global of a wasm to JavaScript.
const unused = ['--remove-exports=__abort_handler', '--remove-exports=__instance_terminated'];
const passes = [...unused, ...shrinking];
const stripped = ['--strip-debug', '--strip-producers', '--strip-target-features'];

/** @type {import('../runner.mjs').Step[]} */
export const wasmSteps = [
  {
    name: 'bindgen',
    purpose: 'build the tool that makes wasm usable from JavaScript',
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
    outputs: ['seqline_bg.wasm', 'seqline_bg.js', 'seqline.d.ts'].map(compiled),
    async run({ exec }) {
      await mkdir(inRoot('sdk/dist'), { recursive: true });
      const files = [rawWasm, '-o', compiled('seqline_bg.wasm')];
      const options = [...wasmFeatures, ...passes, ...stripped];
      await exec('node', [binaryen('wasm-opt'), ...options, ...files]);
      await copyFile(inRoot(rawDir, 'seqline.d.ts'), inRoot(compiled('seqline.d.ts')));
      const glue = await readFile(inRoot(rawDir, 'seqline_bg.js'), 'utf8');
      await writeFile(inRoot(compiled('seqline_bg.js')), forAnyMemory(glue));
    },
  },
  {
    name: 'wasm-portable',
    purpose: 'make the wasm for hosts of WebAssembly 1.0, and JavaScript for those of none',
    needs: ['wasm-opt'],
    inputs: [compiled('seqline_bg.wasm'), 'node_modules/binaryen/package.json'],
    outputs: ['seqline_mvp.wasm', 'seqline_asm.js'].map(compiled),
    async run({ exec }) {
      await mkdir(inRoot(portableDir), { recursive: true });
      const optimize = (...args) => exec('node', [binaryen('wasm-opt'), ...args]);
      const wasm = compiled('seqline_bg.wasm');
      const lowered = `${portableDir}/lowered.wasm`;
      await optimize(...wasmFeatures, ...lowering, '-Oz', wasm, '-o', lowered);

      const script = [lowered, '-o', compiled('seqline_asm.js')];
      await exec('node', [binaryen('wasm2js'), ...firstFeatures, '-O', ...script]);

      const mvp = compiled('seqline_mvp.wasm');
      const copies = '--llvm-memory-copy-fill-lowering';
      await optimize(...firstFeatures, copies, '-Oz', lowered, '-o', mvp);
      // Refuses a module in which something newer is left.
      await optimize('--mvp-features', mvp, '-o', `${portableDir}/checked.wasm`);
    },
  },
];

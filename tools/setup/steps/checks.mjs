// Everything that looks at the code without running it.
import { readFile } from 'node:fs/promises';

import { cargoFlags } from '../cargo.mjs';
import { ask } from '../exec.mjs';
import { StepFailure } from '../failure.mjs';
import { breaches } from '../npm-policy.mjs';
import { inRoot, targetDirs } from '../paths.mjs';

const native = ['--target-dir', targetDirs.native, ...cargoFlags];
const denyWarnings = ['--', '-D', 'warnings'];

const check = (step) => ({ isCheck: true, ...step });
const bin = (tool) => `node_modules/.bin/${tool}`;

/** @type {import('../runner.mjs').Step[]} */
export const checkSteps = [
  check({
    name: 'format',
    purpose: 'format all code in place',
    needs: ['tools', 'npm'],
    run: async ({ exec }) => {
      await exec('cargo', ['fmt', '--all']);
      await exec(bin('prettier'), ['--write', '--log-level', 'warn', '.']);
    },
  }),
  check({
    name: 'rustfmt',
    purpose: 'check the layout of the Rust code',
    needs: ['tools'],
    run: async ({ exec }) => {
      await exec('cargo', ['fmt', '--all', '--check']);
    },
  }),
  check({
    name: 'clippy',
    purpose: 'check the Rust code for mistakes',
    // The relay's binary holds the built pages.
    needs: ['web', 'console', 'reference'],
    run: async ({ exec }) => {
      const what = ['clippy', '--workspace', '--exclude', 'seqline-sdk', '--all-targets'];
      await exec('cargo', [...what, ...native, ...denyWarnings]);
    },
  }),
  check({
    name: 'clippy-wasm',
    purpose: 'check the wasm binding for mistakes',
    needs: ['wasm-target'],
    run: async ({ exec, found }) => {
      const { kind, cargo, args, env, targetDir } = found.wasmToolchain;
      // Debian's clippy belongs to another compiler than its rustc-web.
      if (kind !== 'rustup') return { skipped: 'needs the rustup target for WebAssembly' };
      const what = ['clippy', '-p', 'seqline-sdk', '--target-dir', targetDir];
      await exec(cargo, [...what, ...args, ...cargoFlags, ...denyWarnings], { env });
    },
  }),
  check({
    name: 'deny',
    purpose: 'check licences and known holes of the crates',
    needs: ['tools'],
    run: async ({ exec }) => {
      if ((await ask('cargo', ['deny', '--version'])) === null) {
        return { skipped: 'cargo-deny is not installed (`cargo install --locked cargo-deny`)' };
      }
      const deny = (...what) => exec('cargo', ['deny', '--workspace', 'check', ...what]);
      await deny('licenses', 'bans', 'sources');
      try {
        await deny('advisories');
      } catch (error) {
        if (!error.output.includes('failed to fetch advisory database')) throw error;
        return { note: 'without advisories: their database cannot be reached' };
      }
    },
  }),
  check({
    name: 'npm-policy',
    purpose: 'check licences, sums and scripts of the npm packages',
    run: async () => {
      const locks = ['package-lock.json', 'www/uni/package-lock.json'];
      const read = async (path) => JSON.parse(await readFile(inRoot(path), 'utf8'));
      const found = (await Promise.all(locks.map(read))).flatMap(breaches);
      if (found.length > 0) {
        const advice = 'leave them out, or say in tools/setup/npm-policy.mjs why they may';
        throw new StepFailure('packages of npm may not come in', {
          advice,
          output: found.join('\n'),
        });
      }
    },
  }),
  check({
    name: 'prettier',
    purpose: 'check the layout of all other files',
    needs: ['npm'],
    run: async ({ exec }) => {
      await exec(bin('prettier'), ['--check', '.']);
    },
  }),
  check({
    name: 'typecheck',
    purpose: 'check the types of all TypeScript',
    needs: ['package', 'uni-npm'],
    run: async ({ exec }) => {
      await exec(bin('tsc'), ['-p', 'tools']);
      await exec('npm', ['run', 'typecheck', '--workspaces', '--if-present']);
      await exec(bin('vue-tsc'), ['-p', 'www/uni']);
    },
  }),
  check({
    name: 'eslint',
    purpose: 'check the TypeScript code for mistakes',
    needs: ['package', 'uni-npm'],
    run: async ({ exec }) => {
      await exec(bin('eslint'), ['--max-warnings', '0', '.']);
    },
  }),
];

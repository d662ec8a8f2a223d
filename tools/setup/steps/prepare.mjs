// What has to be there before anything can be built.
import { access, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

import { findChromium } from '../chromium.mjs';
import { ask } from '../exec.mjs';
import { StepFailure } from '../failure.mjs';
import { findFaketime } from '../faketime.mjs';
import { isInstalled } from '../npm-lock.mjs';
import { inRoot, root } from '../paths.mjs';
import { findPostgres } from '../postgres.mjs';
import { findPrograms } from '../programs.mjs';
import { findNats } from '../servers.mjs';
import { findSqlite } from '../sqlite.mjs';
import { findWasmToolchain } from '../wasm-toolchain.mjs';

const node_version_min = '20.19.0';

/** @type {import('../runner.mjs').Step[]} */
export const prepareSteps = [
  {
    name: 'tools',
    purpose: 'look for Node, Rust and a C compiler',
    async run({ found }) {
      const node = checkNode();
      const rustc = await checkRust();
      await checkCompiler();
      found.rustc = rustc;
      return { note: `Node ${node}, Rust ${rustc}` };
    },
  },
  {
    name: 'npm',
    purpose: 'install the npm packages',
    needs: ['tools'],
    async run({ exec }) {
      if (await isInstalled(root)) return { note: 'all there' };
      await exec('npm', ['ci', '--no-fund', '--no-audit']);
    },
  },
  {
    name: 'wasm-target',
    purpose: 'find a compiler for WebAssembly',
    needs: ['tools'],
    async run(context) {
      const toolchain = await findWasmToolchain(context);
      context.found.wasmToolchain = toolchain;
      return { note: toolchain.kind };
    },
  },
  findStep('chromium', 'find a browser for the tests', findChromium),
  findStep('postgres', 'find a database server for the tests', findPostgres),
  findStep('nats', 'find a NATS server for the tests', findNats),
  findStep('faketime', 'find the library that sets clocks wrong for the tests', findFaketime),
  {
    name: 'sqlite',
    purpose: 'find the program that looks into databases for the tests',
    async run(context) {
      return { note: await findSqlite(context) };
    },
  },
  {
    name: 'programs',
    purpose: 'find what checks and runs the files of deploy/ for the tests',
    run: findPrograms,
  },
];

/**
 * What is found is known to later steps under the step's name.
 *
 * @param {'chromium' | 'postgres' | 'nats' | 'faketime'} name
 * @param {string} purpose
 * @param {(context: import('../runner.mjs').StepContext) => Promise<string>} find
 * @returns {import('../runner.mjs').Step}
 */
function findStep(name, purpose, find) {
  return {
    name,
    purpose,
    async run(context) {
      const place = await find(context);
      context.found[name] = place;
      return { note: place };
    },
  };
}

function checkNode() {
  const { node } = process.versions;
  if (isOlder(node, node_version_min)) {
    throw new StepFailure(`Node ${node} is too old.`, {
      advice: `Install Node ${node_version_min} or newer from https://nodejs.org.`,
    });
  }
  return node;
}

async function checkRust() {
  await findCargoBin();
  const version = await ask('rustc', ['--version'], { cwd: root });
  if (version === null || (await ask('cargo', ['--version'], { cwd: root })) === null) {
    throw new StepFailure('Rust is not installed.', {
      advice: 'Install it from https://rustup.rs, then open a new terminal.',
    });
  }
  const [, installed] = version.split(' ');
  const manifest = await readFile(inRoot('Cargo.toml'), 'utf8');
  const needed = /rust-version = "(.*?)"/.exec(manifest)?.[1] ?? '0';
  if (isOlder(installed, needed)) {
    throw new StepFailure(`Rust ${installed} is too old; ${needed} is needed.`, {
      advice: 'Run `rustup update stable`.',
    });
  }
  return installed;
}

// Right after rustup's installation the open terminals do not know it yet.
async function findCargoBin() {
  if ((await ask('cargo', ['--version'])) !== null) return;
  const bin = join(homedir(), '.cargo', 'bin');
  const isThere = await access(bin).then(
    () => true,
    () => false,
  );
  if (isThere) process.env.PATH = `${bin}${delimiter}${process.env.PATH}`;
}

async function checkCompiler() {
  if (process.platform === 'win32') return;
  const compiler = process.env.CC || 'cc';
  if ((await ask(compiler, ['--version'])) === null) {
    throw new StepFailure(
      `There is no C compiler (\`${compiler}\`), which Rust needs to link and SQLite to be built.`,
      {
        advice:
          'Install one: `apt-get install build-essential` on Debian and Ubuntu, `xcode-select --install` on macOS.',
      },
    );
  }
}

/** Compares "1.95.0" with "1.95", number by number. */
function isOlder(version, minimum) {
  const [have, need] = [version, minimum].map((text) => text.split(/[.-]/).map(Number));
  for (const [i, number] of need.entries()) {
    if ((have[i] ?? 0) !== number) return (have[i] ?? 0) < number;
  }
  return false;
}

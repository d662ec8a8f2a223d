// Finds a compiler for wasm32-unknown-unknown: rustup's own target where it is
// installed or can be fetched, else Debian's compiler, which builds the
// standard library from source.
import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { canInstall, installPackages } from './apt.mjs';
import { ask } from './exec.mjs';
import { StepFailure } from './failure.mjs';
import { root, targetDirs } from './paths.mjs';

const target = 'wasm32-unknown-unknown';
const rustup_timeout_ms = 90_000;

/**
 * @typedef {object} WasmToolchain
 * @property {'rustup' | 'debian'} kind
 * @property {string} cargo the cargo to call
 * @property {string[]} args to add to `cargo build` and `cargo test`
 * @property {NodeJS.ProcessEnv} env to set for it
 * @property {string} targetDir
 * @property {string | null} version of its compiler
 */

// It would replace the flags of .cargo/config.toml, which wasm-bindgen relies on.
const commonEnv = { RUSTFLAGS: undefined };

/** @type {Record<string, Omit<WasmToolchain, 'version'>>} */
const toolchains = {
  rustup: {
    kind: 'rustup',
    cargo: 'cargo',
    args: ['--target', target],
    env: commonEnv,
    targetDir: targetDirs.wasm.rustup,
  },
  debian: {
    kind: 'debian',
    cargo: '/usr/bin/cargo',
    args: [
      '--target',
      target,
      '-Zbuild-std=std,panic_abort,test',
      '-Zbuild-std-features=optimize_for_size',
    ],
    env: {
      ...commonEnv,
      // Lets a stable compiler take the -Z options above.
      RUSTC_BOOTSTRAP: '1',
      RUSTC: '/usr/bin/rustc',
      RUSTDOC: '/usr/bin/rustdoc',
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: 'wasm-ld-19',
    },
    targetDir: targetDirs.wasm.debian,
  },
};

const debianPackages = ['rustc-web', 'cargo-web', 'rust-web-src', 'lld-19'];
const debianFiles = [
  '/usr/bin/rustc',
  '/usr/bin/cargo',
  '/usr/bin/wasm-ld-19',
  '/usr/lib/rustlib/src/rust/library/std/Cargo.toml',
];

const advice = `Run \`rustup target add ${target}\` with a network connection (rustup: https://rustup.rs), or, as root on Debian: \`apt-get install --no-install-recommends ${debianPackages.join(' ')}\`.`;

/**
 * @param {import('./runner.mjs').StepContext} context
 * @returns {Promise<WasmToolchain>}
 * @throws {StepFailure} if there is none and none can be installed
 */
export async function findWasmToolchain(context) {
  const toolchain = toolchains[await findKind(context)];
  const version = await ask(toolchain.env.RUSTC ?? 'rustc', ['--version'], { cwd: root });
  return { ...toolchain, version };
}

/** @returns {Promise<'rustup' | 'debian'>} */
async function findKind(context) {
  const forced = process.env.SEQLINE_WASM_TOOLCHAIN || undefined;
  if (forced && !Object.hasOwn(toolchains, forced)) {
    throw new StepFailure(`SEQLINE_WASM_TOOLCHAIN is "${forced}".`, {
      advice: 'Set it to "rustup" or "debian", or unset it.',
    });
  }
  if (forced !== 'debian') {
    if (await hasRustTarget()) return 'rustup';
    if (await addRustupTarget(context)) return 'rustup';
  }
  if (forced !== 'rustup') {
    if (await hasDebianToolchain()) return 'debian';
    if (await canInstall()) {
      const why = 'a compiler for WebAssembly, as rustup has none to offer here';
      await installPackages(debianPackages, why, context);
      if (await hasDebianToolchain()) return 'debian';
    }
  }
  throw new StepFailure('There is no Rust compiler for WebAssembly here.', { advice });
}

// Also true for toolchains that did not come from rustup.
async function hasRustTarget() {
  const sysroot = await ask('rustc', ['--print', 'sysroot'], { cwd: root });
  return sysroot !== null && exists(join(sysroot, 'lib/rustlib', target, 'lib'));
}

async function addRustupTarget({ exec, say }) {
  if ((await ask('rustup', ['--version'])) === null) return false;
  say(`Running \`rustup target add ${target}\`: the standard library for WebAssembly`);
  try {
    await exec('rustup', ['target', 'add', target], { timeout_ms: rustup_timeout_ms });
  } catch {
    say('rustup could not fetch it; looking for another way');
  }
  return hasRustTarget();
}

async function hasDebianToolchain() {
  return (await Promise.all(debianFiles.map(exists))).every(Boolean);
}

const exists = (path) =>
  access(path).then(
    () => true,
    () => false,
  );

// Where things are. Everything below `target/` can be deleted at any time.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** An absolute path from one relative to the top of the repository. */
export const inRoot = (...parts) => join(root, ...parts);

// Every kind of build has a target folder of its own: cargo holds a lock on
// one, and flags that differ would throw away what the other had compiled.
export const targetDirs = {
  native: inRoot('target'),
  wasm: { rustup: inRoot('target/wasm'), debian: inRoot('target/wasm-debian') },
};

const exe = process.platform === 'win32' ? '.exe' : '';
export const relayBinary = (profile) => `target/${profile}/seqline-relay${exe}`;
export const simulateBinary = `target/simulation/simulate${exe}`;
export const loadBinary = `target/simulation/seqline-load${exe}`;
export const bindgenBinary = `target/debug/seqline-bindgen${exe}`;

export const logDir = inRoot('target/logs');
export const stampDir = inRoot('target/stamps');

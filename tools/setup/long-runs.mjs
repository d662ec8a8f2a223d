// The second halves of the commands that take long: they run scripts of `tests`.
import { spawn } from 'node:child_process';

import { inRoot, relayBinary, root } from './paths.mjs';

/**
 * @param {string[]} args options of `tests/crash/cli.ts`; as many cycles as one likes to wait for
 * @returns {Promise<number>} exit code
 */
export const runCrashCycles = (args) => runScript('crash', args);

/**
 * @param {string[]} args options of `tests/fleet/cli.ts`
 * @returns {Promise<number>} exit code
 */
export const runFleetCycles = (args) => runScript('fleet', args);

/** @returns {Promise<number>} exit code */
export const benchBrowser = () => runScript('bench:browser', [], releasedRelay());

/**
 * @param {string[]} args options of `tests/soak/cli.ts`
 * @returns {Promise<number>} exit code
 */
export const soakClient = (args) => runScript('soak:client', args);

/**
 * @param {string[]} args options of `tests/soak/relay/cli.ts`
 * @returns {Promise<number>} exit code
 */
export const soakRelay = (args) => runScript('soak:relay', args, releasedRelay());

/**
 * @param {string[]} args options of `tests/mutations/cli.ts`
 * @returns {Promise<number>} exit code
 */
export const runMutations = (args) => runScript('mutations', args);

/**
 * @param {string[]} args options of `tests/storms/cli.ts`
 * @returns {Promise<number>} exit code
 */
export const runStorms = (args) => runScript('storms', args, releasedRelay());

const releasedRelay = () => ({ SEQLINE_RELAY_BINARY: inRoot(relayBinary('release')) });

function runScript(name, args, env = {}) {
  const command = ['run', name, '-w', '@seqline/tests', '--', ...args];
  const script = spawn('npm', command, {
    cwd: root,
    stdio: 'inherit',
    env: { ...env, ...process.env },
  });
  return new Promise((resolve) => {
    script.on('error', (error) => {
      console.error(`npm could not be started: ${error.message}`);
      resolve(1);
    });
    script.on('close', (code) => {
      resolve(code ?? 1);
    });
  });
}

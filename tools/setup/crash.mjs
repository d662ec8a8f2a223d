// The second half of `npm run test:crash`: as many cycles as one likes to wait for.
import { spawn } from 'node:child_process';

import { root } from './paths.mjs';

const defaults = ['--cycles', '200'];

/**
 * @param {string[]} args options of `tests/crash/cli.ts`
 * @returns {Promise<number>} exit code
 */
export function runCrashCycles(args) {
  const options = args.length > 0 ? args : defaults;
  const command = ['run', 'crash', '-w', '@seqline/tests', '--', ...options];
  const cycles = spawn('npm', command, { cwd: root, stdio: 'inherit' });
  return new Promise((resolve) => {
    cycles.on('error', (error) => {
      console.error(`npm could not be started: ${error.message}`);
      resolve(1);
    });
    cycles.on('close', (code) => {
      resolve(code ?? 1);
    });
  });
}

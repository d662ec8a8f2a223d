// The second half of `npm run simulate`.
import { spawn } from 'node:child_process';

import { inRoot, root, simulateBinary } from './paths.mjs';

/**
 * @param {string[]} args passed on to `simulate`
 * @returns {Promise<number>} exit code
 */
export function simulate(args) {
  const simulation = spawn(inRoot(simulateBinary), args, { cwd: root, stdio: 'inherit' });
  return new Promise((resolve) => {
    simulation.on('error', (error) => {
      console.error(`The simulation could not be started: ${error.message}`);
      resolve(1);
    });
    simulation.on('close', (code) => {
      resolve(code ?? 1);
    });
  });
}

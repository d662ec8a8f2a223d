// The second half of `npm start`: the relay in the foreground.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

import { inRoot, relayBinary, root } from './paths.mjs';

// Ctrl-C reaches us twice: from the terminal, and from npm passing it on.
const repeat_window_ms = 500;

/**
 * @param {string[]} args passed on to `seqline-relay serve --dev`
 * @returns {Promise<number>} exit code
 */
export function serve(args) {
  // In a process group of its own, so that the relay gets each signal once and
  // only through us: to a second Ctrl-C it may answer by not draining.
  const relay = spawn(inRoot(relayBinary('release')), ['serve', '--dev', ...args], {
    cwd: root,
    stdio: 'inherit',
    detached: process.platform !== 'win32',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) passOn(signal, relay);
  return new Promise((resolve) => {
    relay.on('error', (error) => {
      console.error(`The relay could not be started: ${error.message}`);
      resolve(1);
    });
    relay.on('close', (code, signal) => {
      if (signal) console.error(`The relay was ended by ${signal}.`);
      resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']);
    });
  });
}

function passOn(signal, child) {
  let last = -Infinity;
  process.on(signal, () => {
    const now = performance.now();
    if (now - last > repeat_window_ms) child.kill(signal);
    last = now;
  });
}

// Runs one command: its output goes to a log file and to whoever watches, never
// straight to the terminal.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

import { StepFailure } from './failure.mjs';

const quiet = {
  NO_COLOR: '1',
  FORCE_COLOR: '0',
  CARGO_TERM_COLOR: 'never',
  CARGO_TERM_PROGRESS_WHEN: 'never',
};

/**
 * @param {string} command
 * @param {string[]} args
 * @param {object} options
 * @param {string} options.cwd
 * @param {NodeJS.ProcessEnv} [options.env] added to our own environment
 * @param {number} [options.timeout_ms] kills the command; none by default
 * @param {boolean} [options.isData] what it prints on standard output is data for the caller, and
 *   neither logged nor shown
 * @param {(text: string) => void} options.onOutput called with each piece of output
 * @returns {Promise<string>} what the command printed on standard output
 * @throws {StepFailure} if it cannot be started, exits with another code than 0, or is killed
 */
export function exec(command, args, { cwd, env = {}, timeout_ms, isData = false, onOutput }) {
  const shown = [command, ...args].join(' ');
  onOutput(`$ ${shown}\n`);
  return new Promise((resolve, reject) => {
    let stdout = '';
    let output = '';
    const show = (chunk) => {
      output += chunk;
      onOutput(chunk);
    };
    const fail = (message) => reject(new StepFailure(`\`${shown}\` ${message}`, { output }));

    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...quiet, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // npm is a .cmd file on Windows, which only a shell can start.
      shell: process.platform === 'win32' && command === 'npm',
      timeout: timeout_ms,
    });
    // A signal sent to us alone (by npm, by CI) must not leave a compiler behind.
    const stop = (signal) => {
      child.kill(signal);
      process.exit(128 + constants.signals[signal]);
    };
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.once(signal, stop);

    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      stdout += chunk;
      if (!isData) show(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', show);
    child.on('error', (error) => fail(`could not be started: ${error.message}`));
    child.on('close', (code, signal) => {
      for (const each of signals) process.off(each, stop);
      if (code === 0) resolve(stdout);
      else if (signal) fail(`was ended by ${signal}`);
      else fail(`exited with code ${code}`);
    });
  });
}

/** What a command prints on its standard output, trimmed; `null` if it is missing or fails. */
export function ask(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], ...options });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk) => (output += chunk));
    child.on('error', () => resolve(null));
    child.on('close', (code) => resolve(code === 0 ? output.trim() : null));
  });
}

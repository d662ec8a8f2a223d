// Runs steps one after another: skips those whose inputs did not change, logs
// each one's output, explains the one that failed.
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { exec } from './exec.mjs';
import { describeFailure } from './explain.mjs';
import { StepFailure } from './failure.mjs';
import { logDir, root, stampDir } from './paths.mjs';
import { Progress } from './progress.mjs';
import { Stamp } from './stamp.mjs';
import { parseTotals } from './totals.mjs';

/**
 * @typedef {object} Step
 * @property {string} name short; also names its log file
 * @property {string} purpose what it is for, in a few words
 * @property {string[]} [needs] names of steps that have to run before it
 * @property {boolean} [isCheck] nothing builds on it: when it fails, the run goes on
 * @property {boolean} [hasTests] its output ends with totals; no test at all is a failure
 * @property {string[]} [inputs] with `outputs`: skipped while neither changes
 * @property {string[]} [outputs]
 * @property {(found: Found) => string} [key] what else the outputs depend on
 * @property {(context: StepContext) => Promise<StepOutcome | void>} run
 *
 * @typedef {object} StepOutcome
 * @property {string} [note] shown behind the step
 * @property {string} [skipped] why there was nothing that it could do
 *
 * @typedef {object} Found what steps find out for later ones that need them
 * @property {string} rustc version
 * @property {import('./wasm-toolchain.mjs').WasmToolchain} wasmToolchain
 * @property {string} chromium path
 * @property {string} postgres folder of the database server's programs
 * @property {string} nats path of the NATS server
 *
 * @typedef {object} StepContext
 * @property {Found} found
 * @property {(command: string, args: string[], options?: object) => Promise<string>} exec
 *   runs a command at the top of the repository; see exec.mjs
 * @property {(line: string) => void} say shows a line that stays
 * @property {(text: string) => void} log writes to the step's log
 *
 * @typedef {object} StepResult
 * @property {Step} step
 * @property {'done' | 'fresh' | 'skipped' | 'failed' | 'not run'} status
 * @property {number} duration_ms
 * @property {string} [note]
 * @property {import('./totals.mjs').Totals} [totals]
 */

/**
 * @param {Step[]} steps in the order in which to run them
 * @param {object} [options] other than the defaults in tests only
 * @returns {Promise<StepResult[]>} one for each step
 */
export async function runSteps(
  steps,
  { places = { root, logDir, stampDir }, progress = new Progress(steps.length) } = {},
) {
  await mkdir(places.logDir, { recursive: true });
  const found = /** @type {Found} */ ({});
  /** @type {StepResult[]} */
  const results = [];
  let isStopped = false;
  for (const [index, step] of steps.entries()) {
    if (isStopped) {
      results.push({ step, status: 'not run', duration_ms: 0 });
      continue;
    }
    const result = await runStep(step, { index, places, progress, found });
    results.push(result);
    isStopped = result.status === 'failed' && !step.isCheck;
  }
  return results;
}

/** @returns {Promise<StepResult>} */
async function runStep(step, { index, places, progress, found }) {
  const start = Date.now();
  const logFile = join(places.logDir, `${step.name}.log`);
  const log = createWriteStream(logFile);
  let output = '';
  const onOutput = (text) => {
    output += text;
    log.write(text);
    progress.output(text);
  };
  /** @type {StepContext} */
  const context = {
    found,
    exec: (command, args, options = {}) =>
      exec(command, args, { cwd: places.root, onOutput, ...options }),
    say: (line) => {
      log.write(`${line}\n`);
      progress.say(line);
    },
    log: onOutput,
  };

  progress.begin(index, step);
  /** @returns {StepResult} */
  const finish = (status, note) => {
    progress.end(status, note);
    const totals = step.hasTests ? parseTotals(output) : undefined;
    return { step, status, note, totals, duration_ms: Date.now() - start };
  };
  try {
    const stamp = step.outputs && new Stamp(step, stampKey(step, found), places);
    if (await stamp?.isFresh()) return finish('fresh');

    const inputs = await stamp?.hashInputs();
    const { note, skipped } = (await step.run(context)) ?? {};
    if (skipped) return finish('skipped', skipped);

    if (step.hasTests && parseTotals(output).passed === 0) {
      throw new StepFailure('It ran no test.', { output });
    }
    await stamp?.save(inputs);
    return finish('done', note);
  } catch (error) {
    log.write(`\n${error.stack}\n`);
    const result = finish('failed');
    progress.explain(describeFailure(step, error, relative(process.cwd(), logFile)));
    return result;
  } finally {
    await new Promise((resolve) => log.end(resolve));
  }
}

// The step's own code is part of what its outputs depend on.
const stampKey = (step, found) => [String(step.run), step.key?.(found)].join('\n');

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';

import { StepFailure } from '../failure.mjs';
import { runSteps } from '../runner.mjs';

let root;
let shown;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'runner-'));
  shown = '';
});
afterEach(() => rm(root, { recursive: true }));

test('steps run in order and see what earlier ones found', async () => {
  const results = await run([
    step('first', async ({ found }) => {
      found.word = 'hello';
    }),
    step('second', async ({ found }) => ({ note: found.word })),
  ]);
  assert.deepEqual(
    results.map(({ status, note }) => [status, note]),
    [
      ['done', undefined],
      ['done', 'hello'],
    ],
  );
});

test('a failed step stops what builds on it, a failed check does not', async () => {
  const fails = async () => {
    throw new StepFailure('no');
  };
  const results = await run([
    { ...step('check', fails), isCheck: true },
    step('build', fails),
    step('after', async () => {}),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['failed', 'failed', 'not run'],
  );
});

test('a step with unchanged inputs and outputs is skipped', async () => {
  let count = 0;
  const build = {
    ...step('build', async () => {
      count += 1;
      await writeFile(join(root, 'out'), 'x');
    }),
    inputs: ['in'],
    outputs: ['out'],
  };
  await writeFile(join(root, 'in'), '1');
  assert.equal((await run([build]))[0].status, 'done');
  assert.equal((await run([build]))[0].status, 'fresh');
  await writeFile(join(root, 'in'), '2');
  assert.equal((await run([build]))[0].status, 'done');
  assert.equal(count, 2);
});

test('a failed step is run again the next time', async () => {
  let isBroken = true;
  const build = {
    ...step('build', async () => {
      await writeFile(join(root, 'out'), 'half');
      if (isBroken) throw new StepFailure('no');
    }),
    inputs: ['in'],
    outputs: ['out'],
  };
  assert.equal((await run([build]))[0].status, 'failed');
  isBroken = false;
  assert.equal((await run([build]))[0].status, 'done');
});

test('the output of a failed command is shown, logged and explained', async () => {
  const script =
    'console.log("reading"); console.error("No space left on device"); process.exit(3)';
  await run([step('build', async ({ exec }) => void (await exec('node', ['-e', script])))]);
  for (const expected of ['No space left on device', 'code 3', 'The disk is full.', 'build.log']) {
    assert.ok(shown.includes(expected), `"${expected}" is missing in:\n${shown}`);
  }
  const log = await readFile(join(root, 'logs/build.log'), 'utf8');
  assert.match(log, /reading[^]*No space left/);
});

test('a missing program is a failure with its name', async () => {
  const [result] = await run([
    step('build', async ({ exec }) => void (await exec('no-such-program', []))),
  ]);
  assert.equal(result.status, 'failed');
  assert.match(shown, /no-such-program.*could not be started/);
});

test('a step that should run tests and runs none fails', async () => {
  const tests = (line) => ({
    ...step('tests', async ({ log }) => log(`${line}\n`)),
    hasTests: true,
  });
  const [none] = await run([tests('test result: ok. 0 passed; 0 failed; 0 ignored')]);
  assert.equal(none.status, 'failed');
  const [some] = await run([tests('test result: ok. 2 passed; 0 failed; 1 ignored')]);
  assert.equal(some.status, 'done');
  assert.deepEqual(some.totals, { passed: 2, failed: 0, skipped: 1 });
});

const step = (name, run) => ({ name, purpose: 'for a test', run });

const run = (steps) =>
  runSteps(steps, {
    places: { root, logDir: join(root, 'logs'), stampDir: join(root, 'stamps') },
    progress: {
      begin() {},
      output() {},
      say() {},
      end() {},
      explain: (text) => {
        shown += text;
      },
    },
  });

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { describeFailure, explain } from '../explain.mjs';
import { StepFailure } from '../failure.mjs';

// What the tools really print.
const cases = [
  ['error: linker `cc` not found', /C compiler/],
  ['npm error code ENOTFOUND\nnpm error network request to … failed', /no network/],
  ['warning: spurious network error (3 tries remaining): [6] Could not resolve host', /no network/],
  ["E: Failed to fetch …  Temporary failure resolving 'deb.debian.org'", /no network/],
  ['error: could not write output: No space left on device (os error 28)', /disk is full/],
  [
    "error[E0463]: can't find crate for `std`\n  = note: the target may not be installed",
    /WebAssembly/,
  ],
  ['error: package `x v1.0.0` cannot be built because it requires rustc 1.99 or newer', /too old/],
  [
    '`npm ci` can only install packages when your package.json and package-lock.json are in sync',
    /package-lock/,
  ],
  ['error: cannot update the lock file /x/Cargo.lock because --locked was passed', /Cargo\.lock/],
  ['E: Could not get lock /var/lib/dpkg/lock-frontend', /Debian packages/],
  ['process didn’t exit successfully: rustc (signal: 9, SIGKILL: kill)', /memory/],
  ['Error: listen EADDRINUSE: address already in use 127.0.0.1:8080', /port/],
  ['error[E0308]: mismatched types\nerror: could not compile `seqline-core`', /does not compile/],
  ['src/a.ts(5,7): error TS2322: Type', /does not compile/],
];

for (const [output, expected] of cases) {
  test(`explains "${output.slice(0, 50)}"`, () => {
    const { why, advice } = explain(output);
    assert.match(why, expected);
    assert.notEqual(advice, '');
  });
}

test('does not guess', () => {
  assert.equal(explain('assertion failed: left == right'), null);
});

test('shows the end of a long output', () => {
  const output = Array.from({ length: 100 }, (_, i) => `line ${i}.`).join('\n');
  const text = describeFailure({ name: 'build' }, new StepFailure('it broke', { output }), 'a.log');
  assert.match(text, /line 99\./);
  assert.doesNotMatch(text, /line 1\./);
  assert.match(text, /it broke[^]*What to do[^]*a\.log/);
});

test("a step's own advice comes first", () => {
  const error = new StepFailure('it broke', { advice: 'Turn it off and on.', output: 'ENOSPC' });
  const text = describeFailure({ name: 'build' }, error, 'a.log');
  assert.match(text, /Turn it off and on\./);
  assert.doesNotMatch(text, /disk/);
});

test('failed tests are the reason, whatever they printed', () => {
  const output = 'ECONNREFUSED\ntest result: FAILED. 1 passed; 2 failed; 0 ignored';
  const error = new StepFailure('exited with code 1', { output });
  const text = describeFailure({ name: 'test-rust', hasTests: true }, error, 'a.log');
  assert.match(text, /2 of its tests failed[^]*npm run test:rust/);
  assert.doesNotMatch(text, /network/);
});

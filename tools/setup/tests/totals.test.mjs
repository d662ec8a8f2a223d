import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseTotals, sumTotals } from '../totals.mjs';

const cases = {
  'cargo test, several programs': [
    `running 4 tests
test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.02s
test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s`,
    { passed: 6, failed: 3, skipped: 1 },
  ],
  'node --test': [
    `ℹ tests 7
ℹ suites 0
ℹ pass 4
ℹ fail 1
ℹ cancelled 1
ℹ skipped 1
ℹ todo 0
ℹ duration_ms 81.3`,
    { passed: 4, failed: 2, skipped: 1 },
  ],
  'node --test as TAP': ['# tests 2\n# pass 2\n# fail 0', { passed: 2, failed: 0, skipped: 0 }],
  'vitest, in colours': [
    `\u001b[2m Test Files \u001b[22m \u001b[1m\u001b[31m1 failed\u001b[39m | 2 passed (3)
\u001b[2m      Tests \u001b[22m \u001b[1m\u001b[31m1 failed\u001b[39m\u001b[22m | 5 passed | 2 skipped (8)`,
    { passed: 5, failed: 1, skipped: 2 },
  ],
  playwright: [
    `  1 failed
    [chromium] › chat.spec.ts:3:1 › two pages chat
  1 flaky
  2 skipped
  1 did not run
  12 passed (1.2m)`,
    { passed: 12, failed: 3, skipped: 2 },
  ],
  'lines that only look alike': [
    'I have passed 3 tests\npassed 3\n  3 passed the bridge\nresult: 3 passed; 2 failed',
    { passed: 0, failed: 0, skipped: 0 },
  ],
};

for (const [name, [output, expected]] of Object.entries(cases)) {
  test(`reads totals of ${name}`, () => {
    assert.deepEqual(parseTotals(output), expected);
  });
}

test('a failed step without failed tests still counts as one', () => {
  const passed = { passed: 3, failed: 0, skipped: 1 };
  assert.deepEqual(
    sumTotals([
      { status: 'done', totals: passed },
      { status: 'failed' },
      { status: 'failed', totals: { passed: 1, failed: 2, skipped: 0 } },
      { status: 'not run' },
    ]),
    { passed: 4, failed: 3, skipped: 1 },
  );
});

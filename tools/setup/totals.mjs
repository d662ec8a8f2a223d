// Adds up how many tests passed and failed from what test runners print last.

/** @typedef {{ passed: number, failed: number, skipped: number }} Totals */

// Each pattern takes one runner's closing line, of which there may be several.
const runners = {
  // "test result: ok. 4 passed; 0 failed; 1 ignored; …", also our wasm runner
  cargo: {
    line: /^test result: .*$/gm,
    passed: /(\d+) passed/,
    failed: /(\d+) failed/,
    skipped: /(\d+) ignored/,
  },
  // "      Tests  1 failed | 5 passed | 2 skipped (8)"
  vitest: {
    line: /^\s*Tests {2}.*\(\d+\)\s*$/gm,
    passed: /(\d+) passed/,
    failed: /(\d+) failed/,
    skipped: /(\d+) skipped/,
  },
  // "# pass 5" or "ℹ pass 5", one line a number
  node: {
    line: /^[#ℹ] (?:pass|fail|skipped|cancelled) \d+$/gm,
    passed: /pass (\d+)/,
    failed: /(?:fail|cancelled) (\d+)/,
    skipped: /skipped (\d+)/,
  },
  // "  5 passed (3.1s)", "  1 failed", "  1 flaky", one line a number
  playwright: {
    line: /^ {2}\d+ (?:passed(?: \([\d.]+m?s?\))?|failed|flaky|skipped|did not run|interrupted)$/gm,
    passed: /(\d+) passed/,
    failed: /(\d+) (?:failed|flaky|did not run|interrupted)/,
    skipped: /(\d+) skipped/,
  },
};

/**
 * @param {string} output of one or several test runners
 * @returns {Totals}
 */
export function parseTotals(output) {
  // eslint-disable-next-line no-control-regex -- colours begin with an escape character
  const plain = output.replace(/\u001b\[[\d;]*m/g, '');
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for (const runner of Object.values(runners)) {
    for (const [line] of plain.matchAll(runner.line)) {
      for (const kind of Object.keys(totals)) {
        totals[kind] += Number(runner[kind].exec(line)?.[1] ?? 0);
      }
    }
  }
  return totals;
}

/**
 * What a whole run adds up to. A step that failed without a failed test (a
 * lint, a crash of the runner) counts as one, so that a run which failed never
 * says "0 failed".
 *
 * @param {{ status: string, totals?: Totals }[]} results
 * @returns {Totals}
 */
export function sumTotals(results) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const { status, totals } of results) {
    sum.passed += totals?.passed ?? 0;
    sum.skipped += totals?.skipped ?? 0;
    sum.failed += status === 'failed' ? Math.max(totals?.failed ?? 0, 1) : 0;
  }
  return sum;
}

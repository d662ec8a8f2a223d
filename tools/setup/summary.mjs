// The table and the totals that end a run.
import { formatDuration, green, red, yellow } from './progress.mjs';
import { sumTotals } from './totals.mjs';

const mark = {
  done: green('✓'),
  fresh: green('✓'),
  skipped: yellow('–'),
  failed: red('✗'),
  'not run': yellow('–'),
};

/** @param {import('./runner.mjs').StepResult[]} results */
export function printSummary(results) {
  const width = Math.max(...results.map(({ step }) => step.name.length));
  console.log('');
  for (const { step, status, duration_ms, note, totals } of results) {
    const time = ['done', 'failed'].includes(status) ? formatDuration(duration_ms) : '';
    const details = [totals && describe(totals), status === 'not run' ? status : undefined, note];
    const row = `${mark[status]} ${step.name.padEnd(width)}  ${time.padStart(12)}  ${details.filter(Boolean).join('  ')}`;
    console.log(row.trimEnd());
  }
}

/** The very last line of a test run. */
export function printTotals(results) {
  console.log(`\n${describe(sumTotals(results))}`);
}

const describe = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

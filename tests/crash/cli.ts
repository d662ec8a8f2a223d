/** The long form of the crash test: `npm run crash -w @seqline/tests -- --cycles 200`. */
import { parseArgs } from 'node:util';

import { seeded } from '../support/random.ts';
import type { CrashReport } from './crash-world.ts';
import { runCycles } from './cycles.ts';

const usage = `Both sides write 50 messages in each cycle while the relay is killed and started again.

  --cycles N   how many; 200 by default
  --help       this text

SEQLINE_TEST_SEED=N repeats the choices of an earlier run, which prints its seed.`;

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '200' },
    help: { type: 'boolean', default: false },
  },
});
const cycles = Number(values.cycles);
if (values.help) {
  console.log(usage);
} else if (!Number.isSafeInteger(cycles) || cycles < 1) {
  console.error(`--cycles must be a number from 1, not ${values.cycles}\n\n${usage}`);
  process.exitCode = 2;
} else {
  await run(cycles);
}

async function run(cycles: number): Promise<void> {
  const start_ms = performance.now();
  const seconds = (): string => `${Math.round((performance.now() - start_ms) / 1000)} s`;
  try {
    const report = await runCycles({
      cycles,
      random: seeded('crash'),
      onCycle: (soFar) => {
        showProgress(`cycle ${soFar.cycles} of ${cycles}, ${soFar.sent} messages, ${seconds()}`);
      },
    });
    endProgress();
    console.log(table({ ...rows(report), took: seconds() }));
    console.log('Sent = stored = shown to both, each once, each sender in order.');
  } catch (error) {
    endProgress();
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}

function rows(report: CrashReport): Record<string, number> {
  return {
    cycles: report.cycles,
    'messages sent, stored, shown to both': report.sent,
    'relay killed': report.relayKills,
    'of these between commit and acknowledgement': report.acksLost,
    'connections cut in mid-stream': report.cuts,
    'apps killed': report.appKills,
    'apps closed and opened': report.appRestarts,
    'shown again after an app was killed': report.shownAgain,
  };
}

function table(values: Record<string, number | string>): string {
  const width = Math.max(...Object.keys(values).map((key) => key.length));
  return Object.entries(values)
    .map(([key, value]) => `${key.padEnd(width)}  ${String(value).padStart(8)}`)
    .join('\n');
}

// One line that is written over on a terminal; a line of its own elsewhere.
function showProgress(line: string): void {
  process.stdout.write(process.stdout.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
}

function endProgress(): void {
  if (process.stdout.isTTY) process.stdout.write('\n');
}

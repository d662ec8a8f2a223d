/** The long form: `npm run soak:relay`, or for less than an hour `-- --minutes 15`. */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { seeded } from '../../support/random.ts';
import { memoryComplaints, trendOfLastHalf } from './resources.ts';
import { soak, type SoakReport } from './soak.ts';

const usage = `Users chat with one relay while networks fail, apps are closed and opened, and entries age;
then the relay's memory and open files must be where they were, and nothing may be lost.

  --minutes N   how long; 60 by default
  --members N   how many users, from 8; 40 by default
  --rate N      messages a second, of all together; 40 by default
  --json FILE   writes the report and all samples there
  --help        this text

SEQLINE_RELAY_BINARY names the relay; SEQLINE_TEST_SEED=N repeats the choices of an earlier run.`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    members: { type: 'string', default: '40' },
    rate: { type: 'string', default: '40' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
let lines = 0;
const [minutes, members, rate] = [values.minutes, values.members, values.rate].map(Number);

if (values.help) {
  console.log(usage);
} else if (
  !isWithin(minutes, 0.05, 10_000) ||
  !isWithin(members, 8, 500) ||
  !isWithin(rate, 1, 2_000)
) {
  console.error(
    `--minutes is from 0.05, --members from 8 to 500, --rate from 1 to 2000\n\n${usage}`,
  );
  process.exitCode = 2;
} else {
  await run(minutes, members, rate);
}

async function run(minutes: number, members: number, messages_per_second: number): Promise<void> {
  const duration_ms = minutes * 60_000;
  try {
    const report = await soak({
      duration_ms,
      members,
      messages_per_second,
      random: seeded('soak'),
      onSample: (soFar) => {
        showProgress(soFar, duration_ms);
      },
    });
    if (process.stdout.isTTY) process.stdout.write('\n');
    if (values.json !== undefined) await writeFile(values.json, JSON.stringify(report, null, 1));
    summarise(report);
  } catch (error) {
    console.error(`\n${(error as Error).message}`);
    process.exitCode = 1;
  }
}

function summarise({ samples, before, after, written, shown, resets, faults }: SoakReport): void {
  const { mean, growth } = trendOfLastHalf(samples, (one) => one.resident_kib);
  const peak = Math.max(...samples.map((one) => one.resident_kib));
  const files = Math.max(...samples.map((one) => one.descriptors));
  const rows: [string, string][] = [
    ['messages written, stored', String(written)],
    ['times shown to someone, once and in order', String(shown)],
    ['devices that came back too late, and were told', String(resets)],
    ['resident memory before anyone came', mib(before.resident_kib)],
    ['at its peak', mib(peak)],
    ['in the last half, on average', mib(mean)],
    ['its growth in the last half', mib(growth)],
    ['when all had left', mib(after?.resident_kib ?? NaN)],
    [
      'open files before, at most, after',
      `${before.descriptors}, ${files}, ${after?.descriptors ?? '?'}`,
    ],
    ...Object.entries(faults).map(([name, count]): [string, string] => [name, String(count)]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) console.log(`${name.padEnd(width)}  ${value.padStart(12)}`);
  const complaints = memoryComplaints(samples);
  for (const complaint of complaints) console.error(complaint);
  if (complaints.length > 0) process.exitCode = 1;
  else console.log('Nothing was lost, doubled or moved; memory and files are bounded.');
}

// One line that is written over on a terminal; elsewhere a line of its own every half minute.
function showProgress({ samples, written, shown }: SoakReport, duration_ms: number): void {
  const now = samples.at(-1);
  if (!now) return;
  const [at, all] = [now.at_ms, duration_ms].map((ms) => (ms / 60_000).toFixed(1));
  const line = `${at} of ${all} min   ${written} written, ${shown} shown   ${mib(now.resident_kib)}, ${now.descriptors} files`;
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${line}`);
  else if (lines++ % 30 === 0) console.log(line);
}

function mib(kib: number): string {
  return `${(kib / 1024).toFixed(1)} MiB`;
}

function isWithin(value: number | undefined, min: number, max: number): value is number {
  return value !== undefined && value >= min && value <= max;
}

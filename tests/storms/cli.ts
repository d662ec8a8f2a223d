/** Storms of the size that they may have: `npm run test:storms`. */
import { parseArgs } from 'node:util';

import { backlog } from './backlog.ts';
import { groupStorm } from './group.ts';
import type { Figures } from './scene.ts';
import { slowReaders } from './slow-readers.ts';

const usage = `What a relay holds and how long it takes when much comes at once; that nothing is lost,
doubled or moved; and that it lets go of everything afterwards.

  backlog   100,000 messages wait for a user: for a device that was away, and one that stopped reading
  slow      1,000 devices that do not read, beside healthy ones
  group     500 members of a group, who all write at once
  (none)    all of them

  --scale N   so many times as much; 1 by default
  --help      this text

That 15,000 clients come back at once is a scenario of the load generator: tests/load/README.md.
SEQLINE_RELAY_BINARY names the relay.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
const scale = Number(values.scale);
const times = (count: number): number => Math.max(2, Math.round(count * scale));

const storms: Record<string, () => Promise<Figures>> = {
  backlog: () => backlog({ messages: times(100_000), onProgress: showProgress }),
  slow: () => slowReaders({ readers: times(1_000), messages: 600 }),
  group: () => groupStorm({ members: times(500) }),
};

const chosen = positionals.length > 0 ? positionals : Object.keys(storms);
const unknown = chosen.filter((name) => !(name in storms));
if (values.help) {
  console.log(usage);
} else if (unknown.length > 0 || !(scale > 0 && scale <= 10)) {
  console.error(
    `${unknown.length > 0 ? `no storm: ${unknown.join()}` : '--scale is from 0 to 10'}\n\n${usage}`,
  );
  process.exitCode = 2;
} else {
  for (const name of chosen) await run(name);
}

async function run(name: string): Promise<void> {
  console.log(`${name}:`);
  try {
    const figures = Object.entries((await storms[name]?.()) ?? {});
    endProgress();
    const width = Math.max(...figures.map(([what]) => what.length));
    for (const [what, figure] of figures) console.log(`  ${what.padEnd(width)}  ${figure}`);
  } catch (error) {
    endProgress();
    console.error(`  ${(error as Error).message}`);
    process.exitCode = 1;
  }
}

// One line that is written over, on a terminal only.
function showProgress(line: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K  ${line}`);
}

function endProgress(): void {
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
}

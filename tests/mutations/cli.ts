/** Whether the simulation can fail: `npm run test:mutations`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { mutations } from './list.ts';
import { type Line, markdown } from './table.ts';
import { Workshop } from './workshop.ts';

const usage = `Makes one line of a copy of the sources wrong at a time, and lets the simulation find it.

  --seconds N   how long it may look for each; 60 by default
  --only TEXT   only mistakes whose name has this in it; may be given several times
  --help        this text

The table is printed, and written to target/mutations/table.md. Each mistake is compiled anew, which
takes about a minute on two cores. The exit code is 1 if one was not found.`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    only: { type: 'string', multiple: true, default: [''] },
    help: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const chosen = mutations.filter(({ name }) => values.only.some((text) => name.includes(text)));
if (values.help) {
  console.log(usage);
} else if (!Number.isSafeInteger(seconds) || seconds < 1 || chosen.length === 0) {
  const wrong =
    chosen.length === 0 ? `no mistake is called ${values.only.join(' or ')}` : values.seconds;
  console.error(
    `--seconds must be a number from 1, and --only part of a name: ${wrong}\n\n${usage}`,
  );
  process.exitCode = 2;
} else {
  process.exitCode = await run();
}

async function run(): Promise<number> {
  const workshop = new Workshop();
  await workshop.open();
  console.log('the sources as they are');
  const unchanged = await workshop.tryUnchanged(Math.min(seconds, 10));
  if (unchanged.outcome !== 'survived') {
    console.error(`the simulation finds something in the sources as they are:\n${unchanged.said}`);
    return 1;
  }
  const lines: Line[] = [];
  for (const [index, mutation] of chosen.entries()) {
    const verdict = await workshop.try(mutation, seconds);
    const took = verdict.outcome === 'broken' ? '' : ` in ${verdict.seconds.toFixed(1)} s`;
    console.log(`${index + 1} of ${chosen.length}: ${mutation.name}: ${verdict.outcome}${took}`);
    if (verdict.outcome === 'broken') console.error(verdict.said);
    lines.push({ mutation, verdict });
  }
  const table = markdown(lines);
  const folder = join(import.meta.dirname, '../../target/mutations');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'table.md'), table);
  console.log(`\n${table}`);
  return lines.every(({ verdict }) => verdict.outcome === 'caught') ? 0 : 1;
}

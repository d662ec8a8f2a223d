/** The long form of the crash test: `npm run crash -w @seqline/tests -- --database postgres`. */
import { parseArgs } from 'node:util';

import { badCount, longRun, type LongRunOptions } from '../support/long-run.ts';
import { endProgress, showProgress, table } from '../support/progress.ts';
import { seeded } from '../support/random.ts';
import { backends, type BackendName } from '../support/backend.ts';
import { CrowdWorld } from './crowd/world.ts';
import { runCycles, type World } from '../support/cycles.ts';
import { PairWorld } from './pair/world.ts';

const usage = `Users write while the relay, and the database's server, are killed and started again.

  --cycles N       how many, in each world; 100 by default
  --database NAME  sqlite or postgres; one after the other by default
  --world NAME     crowd: eight users with two devices each, groups, broadcasts; on PostgreSQL with
                   two relays, and with crashes of its server and cuts of its connections.
                   pair: two users whose apps are killed, too, and acknowledgements lost.
                   One after the other by default
  --relays N       relays on one PostgreSQL in the crowd; 2 by default
  --json FILE      writes the figures there
  --help           this text

Ends with 0 if nothing that was acknowledged is lost, doubled or out of order, and with 1 if not.
SEQLINE_TEST_SEED=N repeats the choices of an earlier run, which prints its seed.`;

const worlds = ['crowd', 'pair'] as const;
type WorldName = (typeof worlds)[number];
type Report = Record<string, number | string>;

interface Options extends LongRunOptions {
  cycles: number;
  relays: number;
  databases: readonly BackendName[];
  worlds: readonly WorldName[];
}

const labels: Record<string, string> = {
  sent: 'messages sent, stored, shown',
  shown: 'shown, on all devices together',
  recalled: 'taken back',
  relayKills: 'relay killed',
  databaseKills: 'database server killed',
  databaseStops: 'database server shut down immediately',
  databaseCuts: 'connections to the database cut',
  answersLost: 'answers of the database lost',
  deviceCuts: 'devices cut in mid-stream',
  acksLost: 'relay killed between commit and acknowledgement',
  cuts: 'connections cut in mid-stream',
  appKills: 'apps killed',
  appRestarts: 'apps closed and opened',
  shownAgain: 'shown again after an app was killed',
};

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '100' },
    database: { type: 'string' },
    world: { type: 'string' },
    relays: { type: 'string', default: '2' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
await longRun(usage, values.help, readOptions, runAll);

function readOptions(): Options | string {
  const [cycles, relays] = [Number(values.cycles), Number(values.relays)];
  const bad = badCount({ cycles, relays });
  if (bad !== undefined) return bad;
  const databases = backends.filter((name) => name === (values.database ?? name));
  if (databases.length === 0) return `--database is one of ${backends.join(', ')}`;
  const chosen = worlds.filter((name) => name === (values.world ?? name));
  if (chosen.length === 0) return `--world is one of ${worlds.join(', ')}`;
  return { cycles, relays, databases, worlds: chosen, json: values.json };
}

async function* runAll({ cycles, relays, databases, worlds }: Options): AsyncGenerator<object> {
  for (const database of databases) {
    for (const world of worlds) {
      yield await run(world, database, cycles, database === 'sqlite' ? 1 : relays);
    }
  }
}

async function run(
  name: WorldName,
  database: BackendName,
  cycles: number,
  relays: number,
): Promise<Report> {
  const start_ms = performance.now();
  const seconds = (): number => Math.round((performance.now() - start_ms) / 1000);
  const random = seeded(`${name} on ${database}`);
  const world: World<object> =
    name === 'crowd'
      ? await CrowdWorld.create({ database, relays, random })
      : await PairWorld.create(random, database);
  let cycle = 0;
  const report = await runCycles(world, cycles, (soFar) => {
    const { sent } = soFar as { sent: number };
    cycle += 1;
    showProgress(
      `${name} on ${database}: cycle ${cycle} of ${cycles}, ${sent} messages, ${seconds()} s`,
    );
  });
  endProgress();
  const figures: Report = { world: name, ...report, seconds: seconds() };
  const rows = Object.entries(figures);
  console.log(table(rows.map(([name, value]) => [labels[name] ?? name, value])));
  return figures;
}

/** The long form of the test of fleets: `npm run test:fleet -- --bus nats`. */
import { parseArgs } from 'node:util';

import { runCycles } from '../support/cycles.ts';
import { badCount, longRun, type LongRunOptions } from '../support/long-run.ts';
import { endProgress, showProgress, table } from '../support/progress.ts';
import { seeded } from '../support/random.ts';
import { faultsOf } from './faults/all.ts';
import { buses, type BusName } from './fleet.ts';
import { FleetWorld, type FleetReport } from './world.ts';

const usage = `Users write while relays, PostgreSQL and NATS fail in turn: three relays on one database,
with a cluster of three NATS servers or without, and a load balancer that gives each connection
to any relay.

  --cycles N    faults, on each bus; 60 by default. Each happens once before one happens again
  --bus NAME    nats or postgres; one after the other by default
  --rate N      messages a second, of all together; 40 by default
  --fault NAME  only this one; may be given several times. See below
  --seed N      repeats the choices of an earlier run, which prints its seed
  --json FILE   writes the figures there
  --help        this text

Faults:
${faultsOf('nats')
  .map(({ name }) => `  ${name}`)
  .join('\n')}

Ends with 0 if nothing that was acknowledged is lost, doubled or out of order, and with 1 if not.
SEQLINE_RELAY_BINARY names the relay.`;

interface Options extends LongRunOptions {
  cycles: number;
  rate: number;
  buses: readonly BusName[];
  only: readonly string[] | undefined;
}

const labels: readonly (readonly [keyof Omit<FleetReport, 'faults'>, string])[] = [
  ['relays', 'relays'],
  ['devices', 'devices'],
  ['sent', 'messages sent, stored, shown'],
  ['shown', 'shown, on all devices together'],
  ['recalled', 'taken back'],
  ['broadcasts', 'broadcasts'],
  ['deviceCuts', 'devices cut in mid-stream'],
  ['longestOutage_ms', 'longest outage of a device in rolling restarts, ms'],
  ['outageAttempts', 'attempts that one took at most'],
];

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '60' },
    bus: { type: 'string' },
    rate: { type: 'string', default: '40' },
    fault: { type: 'string', multiple: true },
    seed: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
await longRun(usage, values.help, readOptions, runAll);

function readOptions(): Options | string {
  const [cycles, rate] = [Number(values.cycles), Number(values.rate)];
  const bad = badCount({ cycles, rate });
  if (bad !== undefined) return bad;
  if (values.seed !== undefined) {
    if (!/^\d+$/.test(values.seed)) return '--seed must be a number';
    process.env['SEQLINE_TEST_SEED'] = values.seed;
  }
  const chosen = buses.filter((name) => name === (values.bus ?? name));
  if (chosen.length === 0) return `--bus is one of ${buses.join(', ')}`;
  const unknown = values.fault?.find((wanted) =>
    chosen.some((bus) => !faultsOf(bus).some(({ name }) => name === wanted)),
  );
  if (unknown !== undefined) return `--fault: there is no "${unknown}" on ${chosen.join(', ')}`;
  return { cycles, rate, buses: chosen, only: values.fault, json: values.json };
}

async function* runAll(options: Options): AsyncGenerator<object> {
  for (const bus of options.buses) yield await run(bus, options);
}

async function run(bus: BusName, { cycles, rate, only }: Options) {
  const start_ms = performance.now();
  const seconds = (): number => Math.round((performance.now() - start_ms) / 1000);
  const random = seeded(`fleet on ${bus}`);
  const world = await FleetWorld.create({
    bus,
    random,
    messages_per_second: rate,
    ...(only === undefined ? {} : { only }),
  });
  const report = await runCycles(world, cycles, ({ sent, cycles: cycle }) => {
    showProgress(
      `${bus}: cycle ${cycle} of ${cycles}, ${sent} messages, ${seconds()} s: ${world.now}`,
    );
  });
  endProgress();
  console.log(
    table([
      ['bus', bus],
      ...labels.map(([name, label]) => [label, report[name]] as const),
      ...Object.entries(report.faults),
      ['seconds', seconds()],
    ]),
  );
  return { ...report, seconds: seconds() };
}

import { expect, test } from 'vitest';

import { runCycles } from '../support/cycles.ts';
import { seeded } from '../support/random.ts';
import type { BusName } from './fleet.ts';
import { FleetWorld } from './world.ts';

// The long form is `npm run test:fleet`.
const timeout_ms = 600_000;
const messages_per_second = 40;

test(
  'three relays, PostgreSQL and three NATS servers, each of which fails: nothing is lost, doubled or moved',
  () => everyFaultOnce('nats'),
  timeout_ms,
);

test(
  'the same where PostgreSQL is the bus as well, with what that has a part in',
  () =>
    everyFaultOnce('postgres', [
      'relay stopped for a while',
      'PostgreSQL silent for one relay',
      'PostgreSQL cut off for all',
      'PostgreSQL killed and started again',
      'user kicked at another relay',
    ]),
  timeout_ms,
);

async function everyFaultOnce(bus: BusName, only?: readonly string[]): Promise<void> {
  const random = seeded(`fleet on ${bus}`);
  const some = only === undefined ? {} : { only };
  const world = await FleetWorld.create({ bus, random, messages_per_second, ...some });
  const cycles = world.faultsCount;
  const { faults } = await runCycles(world, cycles);
  expect(Object.values(faults)).toEqual(Array.from({ length: only?.length ?? cycles }, () => 1));
}

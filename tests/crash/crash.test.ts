import { expect, test } from 'vitest';

import { seeded } from '../support/random.ts';
import { CrowdWorld } from './crowd/world.ts';
import { runCycles } from '../support/cycles.ts';
import { PairWorld } from './pair/world.ts';

// The long form is `npm run test:crash`.
const timeout_ms = 300_000;

test(
  'two users, whose relay is killed while they write: nothing is lost, doubled or moved',
  async () => {
    const cycles = 6;
    const world = await PairWorld.create(seeded('pair'), 'sqlite');
    const report = await runCycles(world, cycles);
    expect(report).toMatchObject({ cycles, relayKills: cycles, sent: cycles * 100 });
  },
  timeout_ms,
);

test(
  'many devices, groups and broadcasts while a relay on SQLite is killed',
  async () => {
    const cycles = 5;
    const options = { database: 'sqlite', relays: 1, random: seeded('crowd on SQLite') } as const;
    const report = await runCycles(await CrowdWorld.create(options), cycles);
    expect(report).toMatchObject({ cycles, relayKills: cycles, broadcasts: cycles });
  },
  timeout_ms,
);

test(
  'the same with two relays on PostgreSQL, which is killed, shut down and cut off',
  async () => {
    const cycles = 10;
    const random = seeded('crowd on PostgreSQL');
    const options = { database: 'postgres', relays: 2, random } as const;
    const report = await runCycles(await CrowdWorld.create(options), cycles);
    expect(report).toMatchObject({ cycles, broadcasts: cycles, databaseStops: 1, answersLost: 1 });
    expect(report.databaseKills).toBeGreaterThan(0);
  },
  timeout_ms,
);

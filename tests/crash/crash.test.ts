import { expect, test } from 'vitest';

import { seeded } from '../support/random.ts';
import { runCycles } from './cycles.ts';

// The long form is `npm run crash -w @seqline/tests -- --cycles 200`.
const cycles = 10;

test(`the relay is killed ${cycles} times while both sides write: nothing is lost, doubled or moved`, async () => {
  const report = await runCycles({ cycles, random: seeded('crash') });
  expect(report).toMatchObject({ cycles, relayKills: cycles, sent: cycles * 100 });
}, 300_000);

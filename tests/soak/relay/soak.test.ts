import { expect, test } from 'vitest';

import { seeded } from '../../support/random.ts';
import { soak } from './soak.ts';

// The long form is `npm run soak:relay`, which looks at memory, too.
test('users chat while everything fails: nothing is lost, and no file stays open', async () => {
  const report = await soak({
    duration_ms: 5_000,
    members: 10,
    messages_per_second: 20,
    random: seeded('soak'),
  });
  expect(report.written).toBeGreaterThan(0);
  expect(report.shown).toBeGreaterThan(report.written);
}, 300_000);

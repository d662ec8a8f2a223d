/** Random choices that can be made again: the seed is printed, and taken from the environment. */
import { randomInt } from 'node:crypto';

import { Random } from '../../www/chat/tests/store/random.ts';

export { Random };

const variable = 'SEQLINE_TEST_SEED';

/** A stream of random numbers of its own for `what`, the same in each run with the same seed. */
export function seeded(what: string): Random {
  const given = process.env[variable];
  const seed = given === undefined ? randomInt(2 ** 31) : Number(given);
  if (!Number.isSafeInteger(seed)) throw new Error(`${variable} must be an integer, not ${given}`);
  console.log(`${what}: ${variable}=${seed}`);
  return new Random(seed);
}

/**
 * Two users write to each other while the relay is killed and started again in every cycle, in
 * turn: at any moment, with connections cut in the middle of frames, and apps killed or closed
 * and opened again; between a commit and its acknowledgement; and right after an app was killed
 * with entries that it had not taken.
 */
import type { Random } from '../support/random.ts';
import { CrashWorld, type CrashReport } from './crash-world.ts';

export interface CrashOptions {
  cycles: number;
  random: Random;
  /** Called after each cycle. */
  onCycle?: (report: CrashReport) => void;
}

/**
 * @returns what happened, if everything that was sent is stored and shown to both users, once
 * and in order
 * @throws an error that says what is not, with the logs of all processes
 */
export async function runCycles({ cycles, random, onCycle }: CrashOptions): Promise<CrashReport> {
  const world = await CrashWorld.create(random);
  try {
    for (let cycle = 1; cycle <= cycles; cycle++) {
      await world.cycle(cycle);
      onCycle?.(world.report(cycle));
    }
    await world.checkStored();
    return world.report(cycles);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${world.logs()}`, { cause: error });
  } finally {
    await world.dispose();
  }
}

/** Runs cycles of faults in a world of users, and asks afterwards whether all is as promised. */

/** What there are faults in: users, a relay and more, of one kind. */
export interface World<Report> {
  /** Everybody writes while something breaks; then everybody has everything. */
  cycle(cycle: number): Promise<void>;
  /** What is stored is what was sent and shown. */
  checkStored(): Promise<void>;
  report(cycles: number): Report;
  /** Of all processes. */
  logs(): string;
  dispose(): Promise<void>;
}

/**
 * @param onCycle called after each cycle
 * @returns what happened, if everything that was sent is stored and shown, once and in order
 * @throws an error that says what is not, with the logs of all processes
 */
export async function runCycles<Report>(
  world: World<Report>,
  cycles: number,
  onCycle?: (soFar: Report) => void,
): Promise<Report> {
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

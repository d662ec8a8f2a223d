/** A command that lets worlds live for long, says what came of it, and ends with 0 if all was well. */
import { writeFile } from 'node:fs/promises';

import { endProgress } from './progress.ts';

/** What every such command can be told. */
export interface LongRunOptions {
  /** File for the reports; none by default. */
  json: string | undefined;
}

/**
 * Sets the exit code: 0 if all was well, 1 if a run failed, 2 if the options cannot be used.
 * @param usage shown with `--help`, and below what is wrong with the options
 * @param options what was asked for, or what is wrong with it
 * @param runs each run's report, in their order; throws if one fails
 */
export async function longRun<Options extends LongRunOptions>(
  usage: string,
  isHelp: boolean,
  readOptions: () => Options | string,
  runs: (options: Options) => AsyncIterable<object>,
): Promise<void> {
  if (isHelp) {
    console.log(usage);
    return;
  }
  const options = readOptions();
  if (typeof options === 'string') {
    console.error(`${options}\n\n${usage}`);
    process.exitCode = 2;
    return;
  }
  const reports: object[] = [];
  try {
    for await (const report of runs(options)) reports.push(report);
    console.log('Sent = stored = shown to everybody whom it was for: each once, each in order.');
  } catch (error) {
    endProgress();
    console.error((error as Error).message);
    process.exitCode = 1;
  } finally {
    if (options.json !== undefined) {
      await writeFile(options.json, `${JSON.stringify(reports, null, 2)}\n`);
    }
  }
}

/** The names of options whose values are not numbers from 1; undefined if all are. */
export function badCount(counts: Readonly<Record<string, number>>): string | undefined {
  const bad = Object.entries(counts).find(([, count]) => !Number.isSafeInteger(count) || count < 1);
  return bad && `--${bad[0]} must be a number from 1`;
}

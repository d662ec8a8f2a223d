/** A time of day of its own for a process. */
import { installedFaketime } from '../../tools/setup/faketime.mjs';

/**
 * What a process needs in its environment to be so far ahead of everybody else, or behind. How
 * fast time passes for it, and what its timers do, stays as it is.
 */
export async function clockAhead(hours: number): Promise<Record<string, string>> {
  const library = process.env['SEQLINE_FAKETIME'] ?? (await installedFaketime());
  if (library === null) {
    throw new Error(
      'There is no libfaketime. Install it (`apt-get install libfaketime` on Debian and Ubuntu), or name its file in SEQLINE_FAKETIME.',
    );
  }
  return {
    LD_PRELOAD: library,
    FAKETIME: `${hours < 0 ? '' : '+'}${hours}h`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

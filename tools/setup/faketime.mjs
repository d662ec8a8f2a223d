// The library that gives a process another time of day: tests start relays with clocks that are hours apart.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { canInstall, installPackages } from './apt.mjs';
import { StepFailure } from './failure.mjs';
import { exists } from './servers.mjs';

// Debian keeps it in a folder for each architecture.
const libraries = '/usr/lib';
const file = 'faketime/libfaketime.so.1';

/**
 * @param {import('./runner.mjs').StepContext} context
 * @returns {Promise<string>} its path
 * @throws {StepFailure} if there is none and none can be installed
 */
export async function findFaketime(context) {
  const chosen = process.env.SEQLINE_FAKETIME;
  if (chosen) return chosen;
  const installed = await installedFaketime();
  if (installed) return installed;
  if (await canInstall()) {
    await installPackages(['libfaketime'], 'tests start relays whose clocks are wrong', context);
    const now = await installedFaketime();
    if (now) return now;
  }
  throw new StepFailure('There is no libfaketime for the tests.', {
    advice:
      'Install it (`apt-get install libfaketime` on Debian and Ubuntu), or name its file in SEQLINE_FAKETIME.',
  });
}

/** @returns {Promise<string | null>} path of the library */
export async function installedFaketime() {
  const folders = await readdir(libraries).catch(() => []);
  const places = [file, ...folders.map((folder) => join(folder, file))];
  for (const place of places.map((place) => join(libraries, place))) {
    if (await exists(place)) return place;
  }
  return null;
}

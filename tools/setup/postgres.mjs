// The server that tests of the second storage backend start for themselves.
import { access, constants, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

import { canInstall, installPackages } from './apt.mjs';
import { StepFailure } from './failure.mjs';

// Debian keeps them out of the PATH, one folder for each version.
const versions = '/usr/lib/postgresql';

/**
 * @param {Pick<import('./runner.mjs').StepContext, 'say' | 'exec'>} context
 * @returns {Promise<string>} folder of its programs
 * @throws {StepFailure} if there is none and none can be installed
 */
export async function findPostgres(context) {
  const chosen = process.env.SEQLINE_POSTGRES_BIN;
  if (chosen) {
    if (await hasServer(chosen)) return chosen;
    throw new StepFailure(`SEQLINE_POSTGRES_BIN is "${chosen}", where there is no initdb.`, {
      advice: 'Correct or unset it.',
    });
  }
  const installed = await installedPostgres();
  if (installed) return installed;

  if (await canInstall()) {
    await installPackages(['postgresql'], 'a database server that tests start', context);
    const now = await installedPostgres();
    if (now) return now;
  }
  throw new StepFailure('There is no PostgreSQL server for the tests.', {
    advice:
      'Install it (`apt-get install postgresql` on Debian and Ubuntu, `brew install postgresql` on macOS), or name the folder of its programs in SEQLINE_POSTGRES_BIN.',
  });
}

/** @returns {Promise<string | null>} folder of the newest version's programs */
export async function installedPostgres() {
  const numbers = await readdir(versions).catch(() => []);
  const newestFirst = numbers.sort((a, b) => Number(b) - Number(a));
  const folders = [
    ...newestFirst.map((number) => join(versions, number, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  for (const folder of folders) if (await hasServer(folder)) return folder;
  return null;
}

const hasServer = (folder) =>
  access(join(folder, 'initdb'), constants.X_OK).then(
    () => true,
    () => false,
  );

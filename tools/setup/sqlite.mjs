// SQLite's own program: tests read with it what the relay has stored.
import { canInstall, installPackages } from './apt.mjs';
import { ask } from './exec.mjs';
import { StepFailure } from './failure.mjs';

/**
 * @param {import('./runner.mjs').StepContext} context
 * @returns {Promise<string>} its version
 * @throws {StepFailure} if there is none and none can be installed
 */
export async function findSqlite(context) {
  const installed = await version();
  if (installed) return installed;
  if (await canInstall()) {
    await installPackages(['sqlite3'], 'tests look into databases with it', context);
    const now = await version();
    if (now) return now;
  }
  throw new StepFailure('There is no sqlite3 for the tests.', {
    advice:
      'Install it: `apt-get install sqlite3` on Debian and Ubuntu, `brew install sqlite` on macOS.',
  });
}

async function version() {
  const answer = await ask('sqlite3', ['--version']);
  return answer === null ? null : (answer.split(' ')[0] ?? null);
}

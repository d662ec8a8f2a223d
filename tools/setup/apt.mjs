// Debian packages, where we may install them.
import { ask } from './exec.mjs';
import { StepFailure } from './failure.mjs';

/** How to run a command as root without being asked for a password; `null` if we cannot. */
async function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  return (await ask('sudo', ['-n', 'true'])) === null ? null : ['sudo', '-n'];
}

/** Whether this system has apt-get and lets us use it. */
export async function canInstall() {
  return (await ask('apt-get', ['--version'])) !== null && (await rootPrefix()) !== null;
}

/**
 * Says what it installs, then installs it.
 *
 * @param {string[]} packages
 * @param {string} why completes "Installing x, y: …"
 * @param {Pick<import('./runner.mjs').StepContext, 'exec' | 'say'>} context
 * @throws {StepFailure} if that is not possible here
 */
export async function installPackages(packages, why, { exec, say }) {
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  const prefix = await rootPrefix();
  if (prefix === null)
    throw new StepFailure(`Only root can install ${packages.join(', ')}.`, {
      advice: `Run \`sudo ${command}\`.`,
    });

  say(`Installing ${packages.join(', ')} with apt-get: ${why}`);
  await updateLists({ exec });
  await exec(...asRoot(prefix, command.split(' ')));
}

/**
 * A stale list of packages names versions that are gone; a failed update may be about a repository that we do not need,
 * so what comes after it decides.
 *
 * @param {Pick<import('./runner.mjs').StepContext, 'exec'>} context
 */
export async function updateLists({ exec }) {
  const prefix = await rootPrefix();
  if (prefix === null) return;
  await exec(...asRoot(prefix, ['apt-get', 'update'])).catch(() => {});
}

/** @returns {[string, string[]]} */
function asRoot(prefix, args) {
  const [program, ...rest] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', ...args];
  return [program, rest];
}

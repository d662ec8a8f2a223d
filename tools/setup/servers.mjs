// Servers of others, as Debian packages them: those that tests start, or that are compared with.
import { access } from 'node:fs/promises';

import { canInstall, installPackages } from './apt.mjs';
import { ask } from './exec.mjs';
import { StepFailure } from './failure.mjs';

// Debian keeps some servers where only root looks.
const programs = {
  mosquitto: ['mosquitto', '/usr/sbin/mosquitto'],
  'nats-server': ['nats-server', '/usr/sbin/nats-server'],
};

/**
 * @param {keyof typeof programs} name
 * @returns {Promise<string | null>} the program to start, if it is there
 */
export async function installedServer(name) {
  for (const program of programs[name]) {
    if ((await ask(program, ['--help'])) !== null || (await exists(program))) return program;
  }
  return null;
}

/**
 * @param {import('./runner.mjs').StepContext} context
 * @returns {Promise<string>} the program
 * @throws {StepFailure} if there is none and none can be installed
 */
export async function findNats(context) {
  const chosen = process.env.SEQLINE_NATS_SERVER;
  if (chosen) return chosen;
  const installed = await installedServer('nats-server');
  if (installed) return installed;
  if (await canInstall()) {
    await installPackages(['nats-server'], 'a bus between relays that tests start', context);
    const now = await installedServer('nats-server');
    if (now) return now;
  }
  throw new StepFailure('There is no NATS server for the tests.', {
    advice:
      'Install it (`apt-get install nats-server` on Debian and Ubuntu, `brew install nats-server` on macOS), or name it in SEQLINE_NATS_SERVER.',
  });
}

/** Whether there is something at a path. */
export const exists = (path) =>
  access(path).then(
    () => true,
    () => false,
  );

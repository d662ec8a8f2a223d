// A PostgreSQL server in a temporary folder, which ends with whoever started it.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { inRoot } from './paths.mjs';

// The same one that the relay's tests run.
const script = inRoot('relay/tests/support/postgres/server.sh');
const owner = 'postgres';

/**
 * The server refuses to run as root: then it runs as its own user.
 * @param {string} bin folder of its programs
 * @returns {Promise<[string, ...string[]]>} starts a server that syncs, says its folder, and obeys
 * its input until that ends: see `server.sh`
 */
export async function serverCommand(bin) {
  /** @type {[string, ...string[]]} */
  const shell = ['sh', '-c', await readFile(script, 'utf8'), 'server.sh', bin, 'on'];
  if (process.getuid?.() !== 0) return shell;
  const { stdout } = await promisify(execFile)('id', ['-g', owner]);
  const as = [`--reuid=${owner}`, `--regid=${stdout.trim()}`, '--clear-groups'];
  return ['setpriv', ...as, ...shell];
}

/**
 * @param {string} folder of a server
 * @param {string} database
 * @returns {string} by its Unix socket
 */
export const serverUrl = (folder, database = owner) =>
  `postgres://${owner}@localhost/${database}?host=${folder}`;

/**
 * @param {string} bin folder of its programs
 * @returns {Promise<{ url: string, pid: number, stop: () => Promise<void> }>} its main process,
 * and what ends it and removes its data
 * @throws {Error} with what it printed, if it does not start
 */
export async function startServer(bin) {
  const [program, ...args] = await serverCommand(bin);
  const server = spawn(program, args, { stdio: 'pipe' });
  let errors = '';
  server.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  const closed = once(server, 'close');
  const lines = createInterface({ input: server.stdout });
  const said = await Promise.race([once(lines, 'line'), closed.then(() => null)]);
  if (!said) throw new Error(`PostgreSQL did not start:\n${errors}`);
  const folder = said[0];
  const [pid] = (await readFile(join(folder, 'data/postmaster.pid'), 'utf8')).split('\n');
  return {
    url: serverUrl(folder),
    pid: Number(pid),
    stop: async () => {
      server.stdin.end();
      await closed;
    },
  };
}

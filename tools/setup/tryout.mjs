// Whether a relay that was built works: it is started as a user without rights, with a folder of its own.
import { spawn } from 'node:child_process';
import { chmod, chown, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { StepFailure } from './failure.mjs';

const image_user = 10340;
const wait_ms = 60_000;

/** Root becomes the image's user for it. */
const unprivileged = () => (process.getuid?.() === 0 ? image_user : null);

/**
 * Starts a copy of it on a free port, asks whether it is ready and for a page, and stops it.
 * @param {string} binary path of the relay
 * @param {number | null} uid the user to become; null: who runs this
 * @returns {Promise<string>} whom it ran as
 * @throws {StepFailure} if it does not do what it should, with what it said
 */
export async function tryOut(binary, uid = unprivileged()) {
  const folder = await mkdtemp(join(tmpdir(), 'seqline-tryout-'));
  try {
    const data = join(folder, 'data');
    const relay = join(folder, 'seqline-relay');
    await mkdir(data);
    // A copy: where it lies, another user may not be let in.
    await copyFile(binary, relay);
    await chmod(relay, 0o755);
    if (uid !== null) {
      await chmod(folder, 0o755);
      await chown(data, uid, uid);
    }
    await run(uid === null ? [relay] : become(uid, relay), data);
    return uid === null ? 'this user' : `user ${uid}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @returns {[string, ...string[]]} what starts the program as that user */
const become = (uid, program) => [
  'setpriv',
  `--reuid=${uid}`,
  `--regid=${uid}`,
  '--clear-groups',
  '--no-new-privs',
  program,
];

/** @param {[string, ...string[]]} command */
async function run([program, ...args], data) {
  const serve = ['serve', '--dev', '--listen', '127.0.0.1:0'];
  const database = ['--database', `sqlite:${join(data, 'seqline.db')}`];
  const relay = spawn(program, [...args, ...serve, ...database], {
    cwd: data,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [relay.stdout, relay.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (said += text));
  }
  const failed = (message) =>
    new StepFailure(`The relay was built, but ${message}.`, { output: said });
  const closed = new Promise((resolve, reject) => {
    relay.on('close', (code, signal) => resolve(code ?? signal));
    relay.on('error', (error) => reject(failed(`cannot be started: ${error.message}`)));
  });
  const timer = setTimeout(() => relay.kill('SIGKILL'), wait_ms);
  try {
    const address = await Promise.race([announced(relay.stdout), closed.then(() => undefined)]);
    if (address === undefined) throw failed('ended at once');
    for (const path of ['/readyz', '/console']) {
      const answer = await fetch(new URL(path, address)).catch((error) => ({
        status: error.message,
      }));
      if (answer.status !== 200) throw failed(`${path} answers ${answer.status}`);
    }
    relay.kill('SIGTERM');
    const end = await closed;
    if (end !== 0) throw failed(`ends with ${end} when it is told to stop`);
  } finally {
    clearTimeout(timer);
    relay.kill('SIGKILL');
  }
}

async function announced(stdout) {
  for await (const line of createInterface({ input: stdout })) {
    const address = /listening on (http:\S+)/.exec(line)?.[1];
    if (address) return address;
  }
  return undefined;
}

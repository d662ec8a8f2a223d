/**
 * What is shipped runs where everything but its data folder is read-only, as a user who is not root: as in the image,
 * which copies the same folder, and under systemd.
 */
import { execFile } from 'node:child_process';
import { chmod, chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { layOut } from '../../tools/setup/dist.mjs';
import { inRoot } from '../../tools/setup/paths.mjs';
import { canMount } from '../support/mounts.ts';
import { findBinary, Relay } from '../support/relay.ts';
import { devToken } from '../support/tokens.ts';
import { directConversation, Wire } from '../support/wire.ts';

const run = promisify(execFile);
/** The image's user. */
const uid = 10340;

let folder: string;
let dataDir: string;
let program: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seqline-shipped-'));
  const built = await findBinary();
  await layOut(built, join(folder, 'dist'));
  program = join(folder, 'dist/bin', basename(built));
  dataDir = await mkdtemp(join(tmpdir(), 'seqline-data-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await rm(dataDir, { recursive: true, force: true });
});

/** Starts a program in a world in which only the data folder can be written, as nobody in particular. */
function confined(): string[] {
  const script = [
    'set -e',
    'mount --make-rprivate /',
    // One file system after the other: what is mounted elsewhere stays as it is otherwise.
    `for at in / /tmp /var /usr /home /root /run; do
       mountpoint -q "$at" && mount -o remount,bind,ro "$at" || [ "$at" != / ]
     done`,
    `mount --bind '${dataDir}' '${dataDir}'`,
    `mount -o remount,bind,rw '${dataDir}'`,
    // Not even root can write elsewhere.
    'if touch /tmp/writable 2>/dev/null; then rm /tmp/writable; echo "/tmp is writable" >&2; exit 1; fi',
    `exec setpriv --reuid=${uid} --regid=${uid} --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all -- "$@"`,
  ].join('\n');
  return ['unshare', '--mount', 'sh', '-c', script, 'confined'];
}

const inside = async (...command: string[]): Promise<string> => {
  const [starter = '', ...args] = [...confined(), ...command];
  const { stdout } = await run(starter, args);
  return stdout.trim();
};

test.skipIf(!canMount)('as no one, in a read-only world, a message is stored', async () => {
  await chmod(folder, 0o755);
  await chown(dataDir, uid, uid);
  // The world is what we think it is.
  expect(await inside('id', '-u')).toBe(String(uid));
  await inside('touch', join(dataDir, 'x'));

  const relay = await Relay.start({ binary: program, startedBy: confined(), dataDir });
  try {
    const alice = await Wire.connect(relay.url, await devToken(relay.url, 'alice'));
    const bob = await Wire.connect(relay.url, await devToken(relay.url, 'bob'));
    await alice.sendText('bob', 'from a read-only world', 'm1');
    const pushed = await bob.next('push');
    expect(JSON.stringify(pushed)).toContain('from a read-only world');

    // The image's probe, with the relay's address as the image has it in its environment.
    await probe(relay);
    // The pages are inside the binary.
    const page = await fetch(new URL('/console', relay.url));
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<script')]);

    expect(await relay.terminate()).toBe(0);
    await expect(probe(relay, '127.0.0.1:1')).rejects.toThrow();
    await relay.start();
    const again = await Wire.connect(relay.url, await devToken(relay.url, 'bob'));
    expect(await again.history(directConversation('alice', 'bob'))).toHaveLength(1);
    again.drop();
  } finally {
    if (relay.pid !== undefined) await relay.kill();
  }
});

const probe = (relay: Relay, listen = `0.0.0.0:${relay.port ?? 0}`): Promise<unknown> =>
  run('bash', [inRoot('deploy/docker/alive.sh')], { env: { SEQLINE_METRICS_LISTEN: listen } });

test('with the binary comes what it is run with', async () => {
  const read = (file: string): Promise<string> =>
    readFile(join(folder, 'dist/share/seqline', file), 'utf8');
  const files = [
    ['LICENSE-MIT', 'MIT'],
    ['seqline.toml', '[apps.'],
    ['systemd/seqline-relay.service', '[Service]'],
    ['proxy/nginx.conf', 'proxy_pass'],
    ['prometheus/alerts.yaml', 'groups:'],
    ['grafana/seqline.json', '"panels"'],
  ] as const;
  for (const [file, text] of files) expect(await read(file)).toContain(text);
});

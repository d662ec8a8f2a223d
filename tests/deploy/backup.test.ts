/**
 * A backup that was taken while the relay runs, restored as docs/running.md says: what was in it is there, devices are
 * told to start over, and go on. The commands are the document's own.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { inRoot } from '../../tools/setup/paths.mjs';
import { installedPostgres } from '../../tools/setup/postgres.mjs';
import { Postgres } from '../support/postgres.ts';
import { findBinary, Relay } from '../support/relay.ts';
import { devToken } from '../support/tokens.ts';
import { directConversation, Wire } from '../support/wire.ts';

const run = promisify(execFile);

/** Where a device is: what it says when it comes back. */
interface Place {
  epoch: number;
  cursor: number;
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seqline-backup-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('SQLite', async () => {
  const relay = await Relay.start();
  const copy = join(folder, 'copy.db');
  try {
    const before = await prepare(relay);
    await command('sqlite-backup', { 'seqline.db': relay.file, 'copy.db': copy });
    await forget(relay);
    await relay.terminate();

    for (const end of ['', '-wal', '-shm', '.search', '.search-wal', '.search-shm']) {
      await rm(`${relay.file}${end}`, { force: true });
    }
    await copyFile(copy, relay.file);
    await command('sqlite-epoch', { 'seqline.db': relay.file });
    await relay.start();
    await expectStartedOver(relay, before);
  } finally {
    await relay.dispose();
  }
});

test('PostgreSQL', async () => {
  const postgres = await Postgres.start();
  const relay = await Relay.start({ database: postgres.url() });
  const place = { PGHOST: dirname(postgres.socket), PGUSER: 'postgres' };
  const dump = join(folder, 'seqline.dump');
  let restored: Relay | undefined;
  try {
    const before = await prepare(relay);
    await command('postgres-backup', { 'seqline.dump': dump, ' seqline': ' postgres' }, place);
    await forget(relay);
    await relay.terminate();

    await postgres.execute('CREATE DATABASE seqline');
    await command('postgres-restore', { 'seqline.dump': dump }, place);
    await command('postgres-epoch', {}, { SEQLINE_DATABASE: postgres.url('seqline') });
    restored = await Relay.start({ database: postgres.url('seqline'), dataDir: relay.dataDir });
    await expectStartedOver(restored, before);
  } finally {
    if (restored?.pid !== undefined) await restored.kill();
    await relay.dispose();
    await postgres.dispose();
  }
});

/** Messages that the backup will have. @returns where bob's device is after what it will not have */
async function prepare(relay: Relay): Promise<Place> {
  const alice = await connect(relay, 'alice');
  for (let n = 1; n <= 3; n++) await alice.sendText('bob', `kept ${n}`, `kept-${n}`);
  alice.drop();
  const bob = await open(relay, 'bob');
  const epoch = bob.welcome['epoch'] as number;
  bob.wire.drop();
  // As far as it will be once `forget` has run.
  return { epoch, cursor: 5 };
}

/** Messages of after the backup. */
async function forget(relay: Relay): Promise<void> {
  const alice = await connect(relay, 'alice');
  for (let n = 1; n <= 2; n++) await alice.sendText('bob', `gone ${n}`, `gone-${n}`);
  alice.drop();
}

async function expectStartedOver(relay: Relay, before: Place): Promise<void> {
  // Others write first, past the number that the device has seen: without a new numbering nobody would notice.
  const alice = await connect(relay, 'alice');
  for (let n = 1; n <= 4; n++) await alice.sendText('bob', `new ${n}`, `new-${n}`);
  // What the backup has is known to be sent, what it does not have is not.
  const repeated = await alice.sendText('bob', 'kept 3', 'kept-3');
  expect(repeated['conv_seq']).toBe(3);
  await alice.sendText('bob', 'gone 1', 'gone-1');

  const bob = await open(relay, 'bob', before);
  expect(bob.welcome['reset']).toBe('epoch_changed');
  expect(bob.welcome['epoch']).not.toBe(before.epoch);
  const seen = await bob.wire.history(directConversation('alice', 'bob'));
  expect(seen.map(({ text }) => text)).toEqual([
    ...['kept 1', 'kept 2', 'kept 3'],
    ...['new 1', 'new 2', 'new 3', 'new 4', 'gone 1'],
  ]);
  alice.drop();
  bob.wire.drop();
}

const connect = async (relay: Relay, user: string): Promise<Wire> =>
  Wire.connect(relay.url, await devToken(relay.url, user));

async function open(
  relay: Relay,
  user: string,
  resume?: Place,
): Promise<{ wire: Wire; welcome: Readonly<Record<string, unknown>> }> {
  const token = await devToken(relay.url, user);
  const wire = await Wire.open(relay.url);
  wire.send({ hello: { version: 1, token, device: 'phone', host: 'test', resume } });
  return { wire, welcome: await wire.next('welcome') };
}

/** Runs the command of docs/running.md that has this mark, with a test's names in the place of the document's. */
async function command(
  mark: string,
  names: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const text = await readFile(inRoot('docs/running.md'), 'utf8');
  const [, shell = ''] =
    new RegExp(`<!-- ${mark} -->\\s*\`\`\`sh\\n(.*?)\`\`\``, 's').exec(text) ?? [];
  expect([mark, shell]).toEqual([mark, expect.stringMatching(/\w/)]);
  let changed = shell;
  for (const [name, own] of Object.entries(names)) changed = changed.replaceAll(name, own);
  const bin = process.env['SEQLINE_POSTGRES_BIN'] ?? (await installedPostgres()) ?? '';
  const PATH = `${bin}:${dirname(await findBinary())}:${process.env['PATH'] ?? ''}`;
  await run('sh', ['-euc', changed], { env: { ...process.env, ...env, PATH } });
}

/** The database is there, but does not take what it is given: it is locked, read-only, or full of others. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, expect, test } from 'vitest';

import { Postgres } from '../support/postgres.ts';
import { Relay } from '../support/relay.ts';
import { executeSqlite } from '../support/sqlite.ts';
import { devToken } from '../support/tokens.ts';
import { directConversation, Wire } from '../support/wire.ts';
import { readiness, refusalOf, untilLogged, untilReady } from './readiness.ts';
import { canMount } from '../support/mounts.ts';
import { User } from './user.ts';

const run = promisify(execFile);

const open: { dispose(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.dispose();
});

/** Two users who have written to each other. */
async function talk(relay: Relay): Promise<[User, User]> {
  const [alice, bob] = [await User.connect(relay, 'alice'), await User.connect(relay, 'bob')];
  open.push(alice, bob);
  alice.write('bob', 'before');
  await bob.until(() => bob.shown.length === 1);
  return [alice, bob];
}

/** What was written while it failed came once, in order, and is stored so. */
async function checkHealed(relay: Relay, alice: User, bob: User): Promise<void> {
  await untilReady(relay);
  await alice.until(() => alice.sent === 3);
  await bob.until(() => bob.shown.length === 3);
  const expected = ['before', 'meanwhile', 'and more'];
  expect(bob.shown.map(({ text }) => text)).toEqual(expected);
  const wire = await Wire.connect(relay.url, await devToken(relay.url, 'bob'), 'auditor');
  const stored = await wire.history(directConversation('alice', 'bob'));
  wire.drop();
  expect(stored.map(({ text }) => text)).toEqual(expected);
  expect(alice.failed).toEqual([]);
}

function writeMeanwhile(alice: User): void {
  alice.write('bob', 'meanwhile');
  alice.write('bob', 'and more');
}

test('SQLite: somebody else holds the database', async () => {
  const relay = await Relay.start();
  open.push(relay);
  const [alice, bob] = await talk(relay);
  const holder = spawn('sqlite3', ['-interactive', relay.file], { stdio: 'pipe' });
  const closed = once(holder, 'close');
  holder.stdin.write('.bail on\n.timeout 60000\nBEGIN IMMEDIATE;\n.print held\n');
  while (!String((await once(holder.stdout, 'data'))[0]).includes('held'));
  writeMeanwhile(alice);
  await untilLogged(relay, /commits fail.*busy/);
  expect(await readiness(relay)).toMatchObject({ status: 503, code: 'overloaded' });
  holder.stdin.end('ROLLBACK;\n');
  await closed;
  await checkHealed(relay, alice, bob);
}, 180_000);

test.runIf(canMount)(
  'SQLite: the file system is read-only: the relay says so and does not start',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'seqline-disk-'));
    await run('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder]);
    open.push({
      dispose: async () => {
        await run('umount', [folder]);
        await rm(folder, { recursive: true });
      },
    });
    const relay = await Relay.start({ dataDir: folder });
    await relay.terminate();
    await run('mount', ['-o', 'remount,ro', folder]);
    await expect(relay.start()).rejects.toThrow(/cannot .*Read-only file system/s);
    await run('mount', ['-o', 'remount,rw', folder]);
    await relay.start();
    expect((await readiness(relay)).status).toBe(200);
    await relay.kill();
  },
);

test('SQLite: a database of a newer relay is refused in words', async () => {
  const relay = await Relay.start();
  open.push(relay);
  await relay.terminate();
  const columns = '(version, description, success, checksum, execution_time)';
  await executeSqlite(
    relay.file,
    `INSERT INTO _sqlx_migrations ${columns} VALUES (99, 'later', true, x'00', 0)`,
  );
  await expect(relay.start()).rejects.toThrow(/a newer relay/);
});

test('PostgreSQL: it may only be read', async () => {
  const postgres = await Postgres.start();
  open.push(postgres);
  const relay = await Relay.start({ database: postgres.url() });
  open.push(relay);
  const [alice, bob] = await talk(relay);
  const setReadOnly = async (to: string): Promise<void> => {
    await postgres.execute(`ALTER SYSTEM SET default_transaction_read_only = ${to}`);
    await postgres.execute('SELECT pg_reload_conf()');
    await expect.poll(() => postgres.execute('SHOW default_transaction_read_only')).toBe(`${to}\n`);
  };
  await setReadOnly('on');
  writeMeanwhile(alice);
  await untilLogged(relay, /commits fail.*make it writable/);
  expect(await readiness(relay)).toMatchObject({ status: 503, code: 'storage_unavailable' });
  expect((await refusalOf(relay, 'carol', 'dave')).message).toMatch(/read-only/);
  expect((await bob.client.conversations({ limit: 1 })).conversations).toHaveLength(1);
  await setReadOnly('off');
  await checkHealed(relay, alice, bob);
});

test('PostgreSQL: others have all its connections', async () => {
  const postgres = await Postgres.start();
  open.push(postgres);
  await postgres.execute(`CREATE ROLE seqline LOGIN`);
  await postgres.execute(`CREATE DATABASE seqline OWNER seqline`);
  const database = postgres.url('seqline').replace('postgres@', 'seqline@');
  const relay = await Relay.start({ database });
  open.push(relay);
  const [alice, bob] = await talk(relay);
  await postgres.execute(`ALTER ROLE seqline CONNECTION LIMIT 0`);
  const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'seqline'`;
  await postgres.execute(cut);
  writeMeanwhile(alice);
  await untilLogged(relay, /commits fail/);
  expect(await readiness(relay)).toMatchObject({ status: 503, code: 'overloaded' });
  await postgres.execute(`ALTER ROLE seqline CONNECTION LIMIT -1`);
  await checkHealed(relay, alice, bob);
}, 180_000);

test('PostgreSQL: it goes away and comes back', async () => {
  const postgres = await Postgres.start();
  open.push(postgres);
  const relay = await Relay.start({ database: postgres.url() });
  open.push(relay);
  const [alice, bob] = await talk(relay);
  await postgres.kill();
  writeMeanwhile(alice);
  await untilLogged(relay, /commits fail/);
  expect((await readiness(relay)).status).toBe(503);
  await postgres.startAgain();
  await checkHealed(relay, alice, bob);
}, 180_000);

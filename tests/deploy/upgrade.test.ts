/**
 * Databases as earlier relays left them: this one brings them up to date, and goes on where they were.
 *
 * `schemas/` has one for each step of each schema, as SQL. After a new step, `SEQLINE_UPDATE_SCHEMAS=1` writes the one of
 * the relay that is built; those of earlier steps stay as they are.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { inRoot } from '../../tools/setup/paths.mjs';
import { installedPostgres } from '../../tools/setup/postgres.mjs';
import { Postgres } from '../support/postgres.ts';
import { Relay } from '../support/relay.ts';
import { executeSqlite, querySqlite } from '../support/sqlite.ts';
import { secondsFromNow, signToken } from '../support/tokens.ts';
import { directConversation, type TimelineEntry, Wire } from '../support/wire.ts';

const run = promisify(execFile);
const folder = inRoot('tests/deploy/schemas');
const dump_bytes_max = 64 * 1024 * 1024;
const secret = 'a secret of a test, of 32 bytes or more';
/** What is in the schemas must not age out: the longest that there is. */
const forever = ['--sync-ttl', '3650d'];
const group = 'group:travellers';
const kept = ['one', 'two', 'three'];

const token = (sub: string, scope = 'user'): string =>
  signToken({ app: 'chat', sub, scope, exp: secondsFromNow(3600) }, secret);

/** Numbers of steps, such as 0001. */
const stepsOf = async (database: string): Promise<string[]> => {
  const files = await readdir(folder).catch(() => []);
  return files.flatMap((file) => new RegExp(`^${database}-(\\d+)\\.sql$`).exec(file)?.[1] ?? []);
};
const steps = { sqlite: await stepsOf('sqlite'), postgres: await stepsOf('postgres') };
const newest = 'SELECT max(version) AS step FROM _sqlx_migrations';
let postgres: Postgres;
let relay: Relay | undefined;
beforeAll(async () => {
  postgres = await Postgres.start();
});
afterEach(async () => {
  await relay?.dispose();
  relay = undefined;
});
afterAll(() => postgres.dispose());

test.runIf(process.env['SEQLINE_UPDATE_SCHEMAS'])('writes those of this relay', async () => {
  await mkdir(folder, { recursive: true });
  relay = await Relay.start({ apps: { chat: secret } });
  await fill(relay);
  await relay.terminate();
  const options = { maxBuffer: dump_bytes_max };
  const sqlite = await run('sqlite3', [relay.file, '.dump'], options);
  await write('sqlite', await querySqlite(relay.file, newest), sqlite.stdout);
  await relay.dispose();

  await postgres.execute('CREATE DATABASE written');
  relay = await Relay.start({ apps: { chat: secret }, database: postgres.url('written') });
  await fill(relay);
  await relay.terminate();
  const place = ['--host', dirname(postgres.socket), '--username', 'postgres'];
  const how = ['--inserts', '--no-owner', '--no-privileges', '--dbname', 'written'];
  const bin = process.env['SEQLINE_POSTGRES_BIN'] ?? (await installedPostgres()) ?? '';
  const dumped = await run(join(bin, 'pg_dump'), [...place, ...how], options);
  // A word drawn by lot, which keeps hostile dumps from psql.
  const sql = dumped.stdout.replaceAll(/^\\(un)?restrict .*\n/gm, '');
  await write('postgres', await postgres.query(newest, 'written'), sql);
});

const write = async (
  name: 'sqlite' | 'postgres',
  [found]: { step: number }[],
  sql: string,
): Promise<void> => {
  const step = String(found?.step).padStart(4, '0');
  if (steps[name].includes(step)) return;
  await writeFile(join(folder, `${name}-${step}.sql`), sql);
};

test('there are some', () => {
  expect([steps.sqlite, steps.postgres]).toEqual([
    expect.arrayContaining(['0001']),
    expect.arrayContaining(['0001']),
  ]);
});

test.each(steps.sqlite)('SQLite, from step %s', async (step) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'seqline-upgrade-'));
  try {
    const sql = await readFile(join(folder, `sqlite-${step}.sql`), 'utf8');
    await executeSqlite(join(dataDir, 'seqline.db'), sql);
    relay = await Relay.start({ apps: { chat: secret }, dataDir, args: forever });
    await expectAllThere(relay);
    await relay.terminate();
    await relay.start();
    await expectAllThere(relay);
  } finally {
    await relay?.dispose();
    await rm(dataDir, { recursive: true });
  }
});

test.each(steps.postgres)('PostgreSQL, from step %s, by two relays at once', async (step) => {
  const name = `from_${step}`;
  await postgres.execute(`CREATE DATABASE ${name}`);
  const sql = await readFile(join(folder, `postgres-${step}.sql`), 'utf8');
  await postgres.execute(sql, name);
  const options = { apps: { chat: secret }, database: postgres.url(name), args: forever };
  const [one, other] = await Promise.all([Relay.start(options), Relay.start(options)]);
  relay = other;
  try {
    await expectAllThere(one);
  } finally {
    await one.dispose();
  }
});

async function fill(one: Relay): Promise<void> {
  const alice = await Wire.connect(one.url, token('alice'), 'phone');
  for (const text of kept) await alice.sendText('bob', text, `${text}-1`);
  await call(one, 'groups/create', { conv: group, title: 'Travellers', users: ['bob'] });
  alice.send({
    send: { client_msg_id: 'g-1', to: { conv: group }, kind: 'text', body: 'hello all' },
  });
  await alice.next('sent');
  const bob = await Wire.connect(one.url, token('bob'), 'tablet');
  bob.send({ read: { conv: directConversation('alice', 'bob'), up_to: 2 } });
  await bob.ping();
  alice.drop();
  bob.drop();
}

/** What was there, and that each line goes on where it ended. */
async function expectAllThere(one: Relay): Promise<void> {
  const ready = await fetch(new URL('/readyz', one.url));
  expect(ready.status).toBe(200);
  const bob = await Wire.connect(one.url, token('bob'), 'tablet');
  const before = (await bob.history(directConversation('alice', 'bob'))).map(({ text }) => text);
  expect(before.slice(0, kept.length)).toEqual(kept);
  expect((await bob.history(group)).map(({ text }) => text)).toContain('hello all');

  const alice = await Wire.connect(one.url, token('alice'), 'phone');
  const again = await alice.sendText('bob', 'two', 'two-1');
  expect(again['conv_seq']).toBe(2);
  const next = await alice.sendText('bob', 'and on', `on-${before.length}`);
  expect(next['conv_seq']).toBe(before.length + 1);
  // Bob's timeline goes on where it was, too.
  bob.send({ pull: { req: 1_000, after: 0, limit: 200 } });
  const { entries } = (await bob.next('page')) as { entries: TimelineEntry[] };
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
  expect(entries.at(-1)?.item.message?.body).toBe('and on');
  alice.drop();
  bob.drop();
}

async function call(one: Relay, method: string, params: object): Promise<void> {
  const answer = await fetch(new URL(`/v1/${method}`, one.url), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${token('server', 'server')}`,
    },
    body: JSON.stringify({ as: 'alice', ...params }),
  });
  expect([method, answer.status, answer.ok ? '' : await answer.text()]).toEqual([method, 200, '']);
}

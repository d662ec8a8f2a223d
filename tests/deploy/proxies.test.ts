/**
 * The samples for nginx and Caddy, in front of two relays on one database: what is public passes, what is not does not,
 * and while one relay is drained and started again, the other answers.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { inRoot } from '../../tools/setup/paths.mjs';
import { FaultProxy } from '../support/fault-proxy.ts';
import { Postgres } from '../support/postgres.ts';
import { Relay } from '../support/relay.ts';
import { secondsFromNow, signToken } from '../support/tokens.ts';
import { directConversation, Wire } from '../support/wire.ts';
import { check, isMissing, pathOf, type Program } from './programs.ts';

const run = promisify(execFile);
const secret = 'a secret of a test, of 32 bytes or more';
const token = (user: string): string =>
  signToken({ app: 'chat', sub: user, scope: 'user', exp: secondsFromNow(3600) }, secret);

let postgres: Postgres;
let relays: Relay[];
/** Where the relays are, whatever ports they get. */
let addresses: FaultProxy[];
let folder: string;
beforeAll(async () => {
  postgres = await Postgres.start();
  const options = { database: postgres.url(), apps: { chat: secret } };
  const trusted = { args: ['--trusted-proxies', '127.0.0.1'] };
  relays = [
    await Relay.start({ ...options, ...trusted }),
    await Relay.start({ ...options, ...trusted }),
  ];
  addresses = await Promise.all(relays.map((relay) => FaultProxy.start(() => relay.port)));
});
afterAll(async () => {
  await Promise.all(addresses.map((address) => address.stop()));
  await Promise.all(relays.map((relay) => relay.dispose()));
  await postgres.dispose();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seqline-proxy-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Running {
  /** Where it is reached: its socket has no port that another could take. */
  url: string;
  stop(): Promise<void>;
}

async function start(name: Program, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const socket = join(folder, 'socket');
  const child = spawn(pathOf(name), args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const entrance = await FaultProxy.start(() => socket);
  await answering(child, entrance.url, () => said);
  return {
    url: entrance.url,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      await entrance.stop();
    },
  };
}

async function answering(child: ChildProcess, url: string, said: () => string): Promise<void> {
  await expect
    .poll(async () => {
      if (child.exitCode !== null) throw new Error(`it ended: ${said()}`);
      const answer = await fetch(new URL('/v1/info', url)).catch(() => undefined);
      return answer?.status;
    })
    .toBe(200);
}

/** As the sample is, but for where it listens and whom it passes to. */
async function nginx(): Promise<Running> {
  const sample = await readFile(inRoot('deploy/proxy/nginx.conf'), 'utf8');
  const site = sample
    .replace('listen 443 ssl;', `listen unix:${join(folder, 'socket')};`)
    .replace('listen [::]:443 ssl;', '')
    .replace(/ +ssl_certificate.*\n/g, '')
    .replace(/server 127\.0\.0\.1:7340 (.*);/g, () =>
      addresses
        .map(({ port }) => `server 127.0.0.1:${port} max_fails=1 fail_timeout=2s;`)
        .join('\n'),
    );
  return start('nginx', ['-e', 'stderr', '-c', await nginxFile(site)]);
}

async function nginxFile(site: string): Promise<string> {
  await writeFile(join(folder, 'site.conf'), site);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  );
  const main = [
    'daemon off; master_process off;',
    `pid ${join(folder, 'pid')};`,
    'error_log stderr;',
    'events {}',
    `http { access_log off; ${temporary.join(' ')} include ${join(folder, 'site.conf')}; }`,
  ];
  const file = join(folder, 'nginx.conf');
  await writeFile(file, main.join('\n'));
  return file;
}

async function caddy(): Promise<Running> {
  const sample = await readFile(inRoot('deploy/proxy/Caddyfile'), 'utf8');
  const file = join(folder, 'Caddyfile');
  const bind = `bind unix/${join(folder, 'socket')}`;
  const site = sample.replace(/^(\{\$SEQLINE_SITE.*\} \{)$/m, `$1\n\t${bind}`);
  // Its own interface would take a port.
  await writeFile(file, `{\n\tadmin off\n}\n${site}`);
  return start('caddy', ['run', '--adapter', 'caddyfile', '--config', file], {
    SEQLINE_SITE: 'http://',
    SEQLINE_RELAYS: addresses.map(({ port }) => `127.0.0.1:${port}`).join(' '),
    XDG_DATA_HOME: join(folder, 'data'),
    XDG_CONFIG_HOME: join(folder, 'config'),
  });
}

describe.each([
  ['nginx', nginx],
  ['caddy', caddy],
] as const)('%s', (name, begin) => {
  test.skipIf(isMissing(name))('passes what is public', async () => {
    const proxy = await begin();
    try {
      const [alice, bob] = [
        await Wire.connect(proxy.url, token('alice'), `a-${name}`),
        await Wire.connect(proxy.url, token('bob'), `b-${name}`),
      ];
      await alice.sendText('bob', `through ${name}`, `m-${name}`);
      const seen = await bob.history(directConversation('alice', 'bob'));
      expect(seen.map(({ text }) => text)).toContain(`through ${name}`);

      const statusOf = async (path: string): Promise<number> =>
        (await fetch(new URL(path, proxy.url))).status;
      for (const path of ['/', '/console', '/v1/openapi.json']) {
        expect([path, await statusOf(path)]).toEqual([path, 200]);
      }
      for (const path of ['/metrics', '/healthz', '/readyz']) {
        expect([path, await statusOf(path)]).toEqual([path, 404]);
      }
      alice.drop();
      bob.drop();
    } finally {
      await proxy.stop();
    }
  });

  test.skipIf(isMissing(name))('what polls stays with its relay', async () => {
    const proxy = await begin();
    try {
      const holders = new Set<number>();
      for (let n = 0; n < 16; n++) {
        const before = await refusals();
        for (let turn = 0; turn < 4; turn++) await ask(proxy.url, `route-${n}`);
        const gained = (await refusals()).map((count, index) => count - (before[index] ?? 0));
        expect(gained.toSorted()).toEqual([0, 4]);
        holders.add(gained.indexOf(4));
      }
      // Not all with the same one.
      expect(holders.size).toBe(2);
    } finally {
      await proxy.stop();
    }
  });

  /** What is no request: which relay refuses it is all that counts. */
  async function ask(url: string, route: string): Promise<void> {
    const headers = { 'seqline-route': route, 'content-type': 'application/json' };
    const answer = await fetch(new URL('/v1/poll', url), { method: 'POST', headers });
    expect(answer.status).toBe(400);
  }

  /** Of each relay: how many requests were wrong. */
  const refusals = (): Promise<number[]> =>
    Promise.all(
      relays.map(async (relay) => {
        const text = await (await fetch(new URL('/metrics', relay.url))).text();
        return Number(/http_requests_total\{status="4xx"\} (\d+)/.exec(text)?.[1]);
      }),
    );

  test.skipIf(isMissing(name))('while each relay starts again, the other answers', async () => {
    const proxy = await begin();
    const sent: string[] = [];
    const send = async (): Promise<void> => {
      const id = `${name} ${sent.length}`;
      // Whoever is being welcomed when the drain begins is sent away, and comes again.
      while (!(await sendOnce(proxy.url, id))) continue;
      sent.push(id);
    };
    try {
      for (const relay of relays) {
        const drained = relay.terminate();
        await send();
        expect(await drained).toBe(0);
        await send();
        await relay.start();
        await send();
      }
      const wire = await Wire.connect(proxy.url, token('carol'), 'c');
      const seen = await wire.history(directConversation('carol', `dave-${name}`));
      expect(seen.map(({ text }) => text)).toEqual(sent);
      wire.drop();
    } finally {
      await proxy.stop();
    }
  });

  async function sendOnce(url: string, id: string): Promise<boolean> {
    try {
      const wire = await Wire.connect(url, token('carol'), 'c');
      await wire.sendText(`dave-${name}`, id, id.replace(' ', '-'));
      wire.drop();
      return true;
    } catch {
      return false;
    }
  }
});

test.skipIf(isMissing('nginx'))('nginx takes the sample with its certificate, too', async () => {
  const [key, cert] = [join(folder, 'privkey.pem'), join(folder, 'fullchain.pem')];
  const subject = ['-subj', '/CN=chat.example', '-days', '1', '-nodes'];
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    ...['-keyout', key, '-out', cert, ...subject],
  ]);
  const sample = await readFile(inRoot('deploy/proxy/nginx.conf'), 'utf8');
  const site = sample
    .replaceAll('/etc/ssl/chat.example', folder)
    .replace('listen 443 ssl;', `listen unix:${join(folder, 'socket')} ssl;`)
    .replace('listen [::]:443 ssl;', '');
  const file = await nginxFile(site);
  expect(await check('nginx', '-t', '-e', 'stderr', '-c', file)).toContain('successful');
});

test.skipIf(isMissing('caddy'))('Caddy takes the sample as it is, and as in Compose', async () => {
  await mkdir(join(folder, 'data'));
  const file = inRoot('deploy/proxy/Caddyfile');
  const validate = ['validate', '--adapter', 'caddyfile', '--config', file];
  const settings = [{}, { SEQLINE_SITE: 'chat.example', SEQLINE_RELAYS: 'a:7340 b:7340' }];
  for (const env of settings) {
    const options = { env: { ...process.env, ...env, XDG_DATA_HOME: join(folder, 'data') } };
    const { stdout, stderr } = await run(pathOf('caddy'), validate, options);
    expect(`${stdout}${stderr}`).toContain('Valid configuration');
  }
});

// The second half of `npm run load`: fetches the servers to compare with and starts a database, if
// any are asked for, and starts the load generator.
import { spawn } from 'node:child_process';

import { installPackages } from './apt.mjs';
import { exec } from './exec.mjs';
import { StepFailure } from './failure.mjs';
import { inRoot, loadBinary, relayBinary, root } from './paths.mjs';
import { startServer } from './postgres-server.mjs';
import { findPostgres } from './postgres.mjs';
import { exists, installedServer } from './servers.mjs';

const socket_io_version = '4.8.4';
const socketIo = 'target/socket.io';

const flag = '--database';

/** @type {Pick<import('./runner.mjs').StepContext, 'say' | 'exec'>} */
const context = {
  say: (line) => {
    console.log(line);
  },
  exec: (command, args) => exec(command, args, { cwd: root, onOutput: () => {} }),
};

const packages = {
  mosquitto: 'mosquitto',
  nats: 'nats-server',
  'nats-synced': 'nats-server',
};

/**
 * @param {string[]} args of `seqline-load`; none for its help
 * @returns {Promise<number>} exit code
 */
export async function runLoad(args) {
  /** @type {Awaited<ReturnType<typeof startServer>> | undefined} */
  let database;
  try {
    await fetchPeers(peersOf(args));
    if (asksForPostgres(args)) database = await startServer(await findPostgres(context));
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    console.error([error.message, error.advice].filter(Boolean).join(' '));
    return 2;
  }
  try {
    return await generate(database ? withDatabase(args, database) : args);
  } finally {
    await database?.stop();
  }
}

function generate(args) {
  const generator = spawn(inRoot(loadBinary), args.length > 0 ? args : ['--help'], {
    cwd: root,
    stdio: 'inherit',
    env: { SEQLINE_RELAY_BINARY: inRoot(relayBinary('release')), ...process.env },
  });
  return new Promise((resolve) => {
    generator.on('error', (error) => {
      console.error(`the load generator could not be started: ${error.message}`);
      resolve(2);
    });
    generator.on('close', (code) => {
      resolve(code ?? 2);
    });
  });
}

/** Those that `--peers a,b` or `--peers=a,b` name. */
export function peersOf(args) {
  const named = args.flatMap((arg, at) => {
    if (arg === '--peers') return [args[at + 1] ?? ''];
    return arg.startsWith('--peers=') ? [arg.slice('--peers='.length)] : [];
  });
  return named.flatMap((names) => names.split(',')).filter(Boolean);
}

/** Whether `--database postgres` is among them: a server that is started for the run. */
export const asksForPostgres = (args) => withDatabase(args, { url: '', pid: 0 }) !== args;

/** The same arguments, with that server where `postgres` stands. */
export function withDatabase(args, { url, pid }) {
  const at = args.findIndex((arg, before) => arg === 'postgres' && args[before - 1] === flag);
  const said = ['--database-pid', String(pid)];
  if (at !== -1) return [...args.slice(0, at), url, ...said, ...args.slice(at + 1)];
  const joined = args.indexOf(`${flag}=postgres`);
  if (joined === -1) return args;
  return [...args.slice(0, joined), `${flag}=${url}`, ...said, ...args.slice(joined + 1)];
}

async function fetchPeers(peers) {
  const wanted = [...new Set(peers.map((peer) => packages[peer]).filter(Boolean))];
  const isThere = await Promise.all(wanted.map(installedServer));
  const missing = wanted.filter((_, at) => !isThere[at]);
  if (missing.length > 0) await installPackages(missing, 'to compare with', context);
  if (peers.includes('socket.io')) await fetchSocketIo(context);
}

async function fetchSocketIo({ exec: run, say }) {
  if (await exists(inRoot(socketIo, 'node_modules/socket.io/package.json'))) return;
  const wanted = `socket.io@${socket_io_version}`;
  say(`Fetching ${wanted} from npm, to compare with`);
  const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
  await run('npm', ['install', '--prefix', socketIo, ...quietly, wanted]);
}

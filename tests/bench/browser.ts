/**
 * How fast the client is in Chromium, on this machine: `npm run bench:browser`. Not a test: it
 * prints what it finds, and fails only if something is wrong.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';

import type { Browser, Page } from 'playwright-core';
import { memoryStorage } from 'seqline';
import { createClient } from 'seqline/node';

import { inRoot } from '../../tools/setup/paths.mjs';
import { launchBrowser } from '../support/browser.ts';
import { Relay } from '../support/relay.ts';
import { devToken } from '../support/tokens.ts';
import { longestTask } from './main-thread.ts';
import type * as pageScript from './page.ts';
import type { Account, Burst } from './page.ts';
import { serveSite, type Site } from './site.ts';
import { SOCKET_IO_VERSION, startSocketIo } from './socket-io.ts';

const COLD_STARTS = 30;
const ROUNDS = 20;
const SENDS_PER_ROUND = 25;
const BURST = 10_000;

const AIM = { connectMs: 150, ratio: 1.5, frameMs: 50 };

type Script = typeof pageScript;

interface Bench {
  browser: Browser;
  site: Site;
  relay: Relay;
  socketIoUrl: string;
}

async function run(): Promise<void> {
  const load = loadavg()[0] ?? 0;
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, load ${load.toFixed(1)} before`;
  const isQuiet = load < cpus().length / 4;
  console.log(machine);
  if (!isQuiet)
    console.log('The machine is busy with other things: these are no figures to quote.');

  const socketIo = await startSocketIo();
  const site = await serveSite(socketIo.script);
  const relay = await Relay.start({ args: ['--dev', '--allowed-origin', site.url] });
  const browser = await launchBrowser();
  try {
    const bench = { browser, site, relay, socketIoUrl: socketIo.url };
    const report = {
      date: new Date().toISOString(),
      machine,
      isQuiet,
      chromium: browser.version(),
      socketIo: SOCKET_IO_VERSION,
      ...(await connectOften(bench)),
      ...(await sendOften(bench)),
      ...(await receiveBursts(bench)),
    };
    await mkdir(inRoot('target/bench'), { recursive: true });
    await writeFile(inRoot('target/bench/browser.json'), `${JSON.stringify(report, null, 2)}\n`);
    console.log('\nwritten to target/bench/browser.json');
  } finally {
    await browser.close();
    await relay.dispose();
    site.stop();
    await socketIo.stop();
  }
}

/** Each in a browser profile of its own, where nothing is cached or stored. */
async function connectOften(bench: Bench) {
  const samples: number[] = [];
  for (let n = 0; n < COLD_STARTS; n += 1) {
    samples.push(await inPage(bench, 'connectCold', await account(bench, `cold-${n}`)));
  }
  const connect = spread(samples);
  show('init() to connected, cold', [
    [`median of ${COLD_STARTS}`, ms(connect.median), `aim ${AIM.connectMs} ms`],
    ['95 % within', ms(connect.p95)],
  ]);
  return { connect };
}

async function sendOften(bench: Bench) {
  const [stored, unstored] = [await account(bench, 'alice'), await account(bench, 'carol')];
  const { socketIoUrl } = bench;
  const given = { stored, unstored, socketIoUrl, rounds: ROUNDS, perRound: SENDS_PER_ROUND };
  const samples = await inPage(bench, 'measureRoundTrips', given);
  const send = {
    stored: spread(samples.stored),
    unstored: spread(samples.unstored),
    socketIo: spread(samples.socketIo),
  };
  const row = (name: string, { median, p95 }: Spread, aim = '') => [
    name,
    ms(median),
    `95 % ${ms(p95)}`,
    `× ${(median / send.socketIo.median).toFixed(2)}`,
    aim,
  ];
  show(`send to sent, median of ${ROUNDS * SENDS_PER_ROUND}, one after the other`, [
    row('seqline, outbox in IndexedDB', send.stored, `aim × ${AIM.ratio}`),
    row('seqline, outbox in memory', send.unstored),
    row(`socket.io ${SOCKET_IO_VERSION}, acknowledged from memory`, send.socketIo),
  ]);
  return { send };
}

async function receiveBursts(bench: Bench) {
  const waiting = await account(bench, 'waiting');
  await sendBurst(bench, 'waiting');
  const caughtUp = await takeBurst(bench, waiting);

  const live = await account(bench, 'live');
  const pushed = await takeBurst(bench, live, () => sendBurst(bench, 'live'));

  const row = (name: string, burst: TracedBurst) => [
    name,
    `longest frame ${ms(burst.longestFrameMs)}`,
    `${burst.longTasksMs.length} tasks over 50 ms`,
    `longest task ${ms(burst.longestTaskCpuMs)} of the processor`,
    `${burst.frames} frames in ${Math.round(burst.tookMs)} ms`,
  ];
  show(`${BURST} messages in a burst (aim: no frame over ${AIM.frameMs} ms)`, [
    row('that waited, as pages', caughtUp),
    row('while they are sent', pushed),
  ]);
  return { burst: { caughtUp, pushed } };
}

type TracedBurst = Burst & { longestTaskCpuMs: number };

async function takeBurst(
  bench: Bench,
  account: Account,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<TracedBurst> {
  return withPage(bench, async (page) => {
    const take = async () => {
      const taking = callIn(page, 'takeBurst', { ...account, count: BURST });
      const [burst] = await Promise.all([taking, meanwhile()]);
      return burst;
    };
    const { result, longestTaskCpuMs } = await longestTask(bench.browser, page, take);
    return { ...result, longestTaskCpuMs };
  });
}

/** As fast as the relay takes them. */
async function sendBurst(bench: Bench, user: string): Promise<void> {
  const { url, token } = await account(bench, `to-${user}`);
  const client = createClient(url, { token, storage: memoryStorage() });
  await client.connect();
  // Less than the outbox takes.
  const atATime = 500;
  for (let sent = 0; sent < BURST; sent += atATime) {
    const sends = Array.from({ length: atATime }, (_, n) =>
      client.send({ to: { user }, body: `message ${sent + n}, as long as people write them` }),
    );
    await Promise.all(sends);
  }
  await client.dispose();
}

async function account({ relay }: Bench, user: string): Promise<Account> {
  return { url: relay.url, token: await devToken(relay.url, user) };
}

/** Calls a function of `page.ts` in a browser profile of its own. */
function inPage<Name extends keyof Script>(
  bench: Bench,
  name: Name,
  given: Parameters<Script[Name]>[0],
): Promise<Awaited<ReturnType<Script[Name]>>> {
  return withPage(bench, (page) => callIn(page, name, given));
}

function callIn<Name extends keyof Script>(
  page: Page,
  name: Name,
  given: Parameters<Script[Name]>[0],
): Promise<Awaited<ReturnType<Script[Name]>>> {
  return page.evaluate(`bench.${name}(${JSON.stringify(given)})`);
}

/** With the page that is measured, in a browser profile of its own. */
async function withPage<T>({ browser, site }: Bench, work: (page: Page) => Promise<T>): Promise<T> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(site.url);
    await page.waitForFunction(() => 'bench' in window);
    return await work(page);
  } finally {
    await context.close();
  }
}

interface Spread {
  median: number;
  p95: number;
  longest: number;
}

function spread(samples: number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0;
  return { median: at(0.5), p95: at(0.95), longest: at(1) };
}

const ms = (value: number) => `${value.toFixed(value < 10 ? 2 : 0)} ms`;

function show(title: string, rows: string[][]): void {
  console.log(`\n${title}`);
  const width = Math.max(...rows.map(([name = '']) => name.length));
  for (const [name = '', ...cells] of rows) {
    console.log(`  ${name.padEnd(width)}  ${cells.join('   ')}`.trimEnd());
  }
}

await run();

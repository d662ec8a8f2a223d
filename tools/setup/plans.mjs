// What each command of package.json runs. A plan names the steps it is about;
// what they need comes along by itself.
import { makeDist } from './dist.mjs';
import { fuzz } from './fuzz.mjs';
import { runLoad } from './load.mjs';
import {
  benchBrowser,
  runCrashCycles,
  runFleetCycles,
  runMutations,
  runStorms,
  soakClient,
  soakRelay,
} from './long-runs.mjs';
import { comparePeers } from './peers.mjs';
import { serve } from './serve.mjs';
import { simulate } from './simulate.mjs';
import { checkSteps } from './steps/checks.mjs';
import { packageSteps } from './steps/packages.mjs';
import { prepareSteps } from './steps/prepare.mjs';
import { relaySteps } from './steps/relay.mjs';
import { simulationSteps } from './steps/simulation.mjs';
import { sizeSteps } from './steps/size.mjs';
import { testSteps } from './steps/tests.mjs';
import { uniSteps } from './steps/uni.mjs';
import { wasmSteps } from './steps/wasm.mjs';

/** @type {import('./runner.mjs').Step[]} in the order in which they run */
const steps = [
  ...prepareSteps,
  ...wasmSteps,
  ...packageSteps,
  ...sizeSteps,
  ...uniSteps,
  ...relaySteps,
  ...simulationSteps,
  ...checkSteps,
  ...testSteps,
];

const buildAll = ['size', 'web', 'relay'];
const checkAll = ['rustfmt', 'clippy', 'clippy-wasm', 'prettier', 'typecheck', 'eslint'];
const testAll = [
  'test-tools',
  'test-rust',
  'test-wasm',
  'test-package',
  'test-web',
  'test-console',
  'test-e2e',
];

export const plans = {
  start: {
    purpose: 'builds everything, then runs the relay in development mode',
    steps: buildAll,
    takesArguments: true,
    andThen: serve,
  },
  build: {
    purpose: 'builds the wasm, the npm package, the web pages and the relay',
    steps: buildAll,
  },
  dist: {
    purpose: 'builds everything, and lays out what is shipped (`-- FOLDER`, or target/dist)',
    steps: buildAll,
    takesArguments: true,
    andThen: makeDist,
  },
  test: {
    purpose: 'builds everything, then runs every check and every test',
    steps: ['size', 'web', ...checkAll, 'deny', 'npm-policy', ...testAll],
    hasTests: true,
  },
  lint: { purpose: 'runs every check, but no test', steps: checkAll },
  format: { purpose: 'formats all code in place', steps: ['format'] },
  typecheck: { purpose: 'checks the types of all TypeScript', steps: ['typecheck'] },
  deny: {
    purpose: 'checks licences and known holes of what is built in',
    steps: ['deny', 'npm-policy'],
  },
  size: { purpose: 'builds the npm package and shows how big it is', steps: ['size'] },
  'size:peers': {
    purpose: 'compares how big it is with others from npm, and writes docs/size.md',
    steps: ['package'],
    andThen: comparePeers,
  },
  'test:tools': { purpose: 'tests these build tools', steps: ['test-tools'], hasTests: true },
  'test:rust': { purpose: 'tests the crates natively', steps: ['test-rust'], hasTests: true },
  'test:wasm': {
    purpose: 'tests protocol and core as wasm in Chromium',
    steps: ['test-wasm'],
    hasTests: true,
  },
  'test:package': { purpose: 'tests the npm package', steps: ['test-package'], hasTests: true },
  'test:web': {
    purpose: 'tests the chat page and the console',
    steps: ['test-web', 'test-console'],
    hasTests: true,
  },
  'test:e2e': { purpose: 'tests all parts together', steps: ['test-e2e'], hasTests: true },
  'test:crash': {
    purpose: 'the long run: relay and database are killed hundreds of times while users write',
    steps: ['package', 'relay-debug', 'postgres', 'sqlite'],
    takesArguments: true,
    andThen: runCrashCycles,
  },
  'test:fleet': {
    purpose:
      'the long run of several relays: they, PostgreSQL and NATS fail in turn while users write',
    steps: ['package', 'relay-debug', 'postgres', 'nats', 'faketime'],
    takesArguments: true,
    andThen: runFleetCycles,
  },
  simulate: {
    purpose: 'the long run: scenarios of many clients and a relay in virtual time, with faults',
    steps: ['simulation'],
    takesArguments: true,
    andThen: simulate,
  },
  'test:mutations': {
    purpose:
      'whether the simulation can fail: makes one line wrong at a time, and lets it find that',
    steps: ['tools', 'npm'],
    takesArguments: true,
    andThen: runMutations,
  },
  fuzz: {
    purpose: 'the long run of the fuzz targets: libFuzzer makes up inputs, a minute for each',
    steps: ['tools'],
    takesArguments: true,
    andThen: fuzz,
  },
  'bench:browser': {
    purpose: 'measures connecting, sending and bursts in Chromium, beside socket.io',
    steps: ['package', 'relay'],
    andThen: benchBrowser,
  },
  load: {
    purpose: 'puts load on a relay with real clients, also on other servers (`-- --help`)',
    steps: ['relay', 'load'],
    takesArguments: true,
    andThen: runLoad,
  },
  'soak:client': {
    purpose: 'the long run of the client: a day of chat, in virtual time, and flat memory',
    steps: ['package'],
    takesArguments: true,
    andThen: soakClient,
  },
  'test:storms': {
    purpose:
      'the long run of what comes at once: 100,000 messages that wait, 1,000 slow readers, a group of 500',
    steps: ['package', 'relay'],
    takesArguments: true,
    andThen: runStorms,
  },
  'soak:relay': {
    purpose:
      'the long run of the relay: an hour of chat with faults; memory and files stay bounded',
    steps: ['package', 'relay'],
    takesArguments: true,
    andThen: soakRelay,
  },
};

/** The plan's steps and all that they need, each once, in the order of `steps`. */
export function resolvePlan(plan) {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const wanted = new Set();
  const want = (name) => {
    if (wanted.has(name)) return;
    wanted.add(name);
    byName.get(name)?.needs?.forEach(want);
  };
  plan.steps.forEach(want);
  return steps.filter(({ name }) => wanted.has(name));
}

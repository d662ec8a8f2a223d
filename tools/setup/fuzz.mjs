// The second half of `npm run fuzz`: the targets of tests/fuzz under libFuzzer, one after the other.
import { spawn, spawnSync } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { inRoot } from './paths.mjs';

const workspace = inRoot('tests/fuzz/libfuzzer');
const targetDir = inRoot('target/fuzz');

// What cargo-fuzz passes, without a sanitizer: those need an unstable compiler, this does not.
const coverage = [
  '--cfg fuzzing',
  '-Cpasses=sancov-module',
  '-Cllvm-args=-sanitizer-coverage-level=4',
  '-Cllvm-args=-sanitizer-coverage-inline-8bit-counters',
  '-Cllvm-args=-sanitizer-coverage-pc-table',
  '-Cllvm-args=-sanitizer-coverage-trace-compares',
].join(' ');

const usage = `Tries what takes bytes from strangers with inputs that libFuzzer makes up.

  --seconds N  how long for each target; 60 by default
  TARGET …     which: all by default
  --help       this text

What fails is kept in tests/fuzz/corpus/TARGET/regression-…; \`cargo test -p seqline-fuzz TARGET\` tries it again.`;

/**
 * @param {string[]} args
 * @returns {Promise<number>} exit code
 */
export async function fuzz(args) {
  const { values, positionals } = parseArgs({
    args,
    options: { seconds: { type: 'string', default: '60' }, help: { type: 'boolean' } },
    allowPositionals: true,
  });
  const all = await targetNames();
  const seconds = Number(values.seconds);
  const unknown = positionals.filter((name) => !all.includes(name));
  if (values.help) {
    console.log(`${usage}\n\nTargets: ${all.join(', ')}`);
    return 0;
  }
  if (!Number.isSafeInteger(seconds) || seconds < 1 || unknown.length > 0) {
    const what = unknown.length > 0 ? `no target ${unknown.join(', ')}` : '--seconds is a number';
    console.error(`${what}\n\n${usage}\n\nTargets: ${all.join(', ')}`);
    return 2;
  }
  const names = positionals.length > 0 ? positionals : all;
  const platform = hostPlatform();
  if ((await build(names, platform)) !== 0) return 1;
  const results = [];
  for (const name of names) results.push(await run(name, seconds, platform));
  console.log('');
  console.table(Object.fromEntries(results.map(({ name, ...figures }) => [name, figures])));
  const failed = results.filter(({ result }) => result !== 'nothing found');
  for (const { name, output } of results) {
    if (failed.some((one) => one.name === name)) console.error(`\n${name}:\n${output()}`);
  }
  return failed.length > 0 ? 1 : 0;
}

/** @returns {Promise<string[]>} */
export async function targetNames() {
  const files = await readdir(join(workspace, 'fuzz_targets'));
  return files.map((file) => file.replace(/\.rs$/, '')).sort();
}

function hostPlatform() {
  const { stdout } = spawnSync('rustc', ['-vV'], { encoding: 'utf8' });
  return /^host: (.+)$/m.exec(stdout)?.[1] ?? 'x86_64-unknown-linux-gnu';
}

function build(names, platform) {
  const bins = names.flatMap((name) => ['--bin', name]);
  const args = ['build', '--release', '--target', platform, '--target-dir', targetDir, ...bins];
  const cargo = spawn('cargo', args, {
    cwd: workspace,
    stdio: 'inherit',
    env: { ...process.env, RUSTFLAGS: coverage },
  });
  return finished(cargo);
}

async function run(name, seconds, platform) {
  const kept = inRoot('tests/fuzz/corpus', name);
  // What it finds on the way is of use to the next run, and not worth keeping all of it.
  const found = join(targetDir, 'corpus', name);
  await mkdir(found, { recursive: true });
  const args = [
    found,
    kept,
    `-max_total_time=${seconds}`,
    `-artifact_prefix=${join(kept, 'regression-')}`,
    '-max_len=4096',
    '-timeout=20',
    '-print_final_stats=1',
  ];
  const process = spawn(join(targetDir, platform, 'release', name), args, {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const figures = { runs: 0, 'runs a second': 0, edges: 0, inputs: 0 };
  let tail = '';
  process.stderr.setEncoding('utf8').on('data', (text) => {
    tail = (tail + text).slice(-6_000);
    const seen = [...tail.matchAll(PROGRESS)].at(-1)?.groups;
    if (!seen) return;
    figures.runs = Number(seen.runs);
    figures.edges = Number(seen.edges);
    figures.inputs = Number(seen.inputs);
    figures['runs a second'] = Number(seen.speed);
    showProgress(`${name}: ${seen.runs} runs, ${seen.edges} edges, ${seen.speed} runs a second`);
  });
  const code = await finished(process);
  const total = /stat::number_of_executed_units:\s*(\d+)/.exec(tail)?.[1];
  const average = /stat::average_exec_per_sec:\s*(\d+)/.exec(tail)?.[1];
  if (total) Object.assign(figures, { runs: Number(total), 'runs a second': Number(average) });
  showProgress(`${name}: ${figures.runs} runs, ${figures.edges} edges`, true);
  const result = code === 0 ? 'nothing found' : 'FAILED';
  return { name, ...figures, result, output: () => tail };
}

const PROGRESS =
  /#(?<runs>\d+)\s.*?cov: (?<edges>\d+) .*?corp: (?<inputs>\d+).*?exec\/s: (?<speed>\d+)/g;

function showProgress(text, isLast = false) {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${text}${isLast ? '\n' : ''}`);
  else if (isLast) console.log(text);
}

/** @returns {Promise<number>} exit code */
function finished(child) {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.on('close', (code) => {
      resolve(code ?? 1);
    });
  });
}

// The one entry point behind the scripts in package.json:
//
//   node tools/setup/cli.mjs start [relay options]
//   node tools/setup/cli.mjs build | test | lint | … (see plans.mjs)
//
// Nothing here or in the files that it imports may need an installed package:
// installing them is one of the steps.
import { plans, resolvePlan } from './plans.mjs';
import { bold, dim, formatDuration, green, red } from './progress.mjs';
import { runSteps } from './runner.mjs';
import { printSummary, printTotals } from './summary.mjs';

const [planName, ...args] = process.argv.slice(2);
const plan = plans[planName];
if (!plan || (args.length > 0 && !plan.takesArguments)) {
  console.error('usage: npm run <name>, where <name> is one of');
  for (const [name, { purpose }] of Object.entries(plans)) {
    console.error(`  ${name.padEnd(12)} ${purpose}`);
  }
  process.exit(2);
}

const start = Date.now();
console.log(`${bold(`seqline ${planName}`)}  ${dim(plan.purpose)}\n`);
const results = await runSteps(resolvePlan(plan));
const hasFailed = results.some(({ status }) => status === 'failed');

if (plan.hasTests) {
  printSummary(results);
  printTotals(results);
} else {
  const outcome = hasFailed ? red('failed') : green('ready');
  console.log(`\n${outcome} after ${formatDuration(Date.now() - start)}`);
}

if (hasFailed) process.exitCode = 1;
else if (plan.andThen) process.exitCode = await plan.andThen(args);

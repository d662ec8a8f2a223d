import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { inRoot } from '../paths.mjs';
import { plans, resolvePlan } from '../plans.mjs';

test('every step comes after those that it needs', () => {
  for (const [name, plan] of Object.entries(plans)) {
    const order = resolvePlan(plan);
    const names = order.map((step) => step.name);
    assert.equal(new Set(names).size, names.length, `${name} runs a step twice`);
    for (const step of order) {
      for (const need of step.needs ?? []) {
        assert.ok(names.indexOf(need) < names.indexOf(step.name), `${step.name} before ${need}`);
      }
    }
  }
});

test('every plan is a script of package.json, under the same name', async () => {
  const { scripts } = JSON.parse(await readFile(inRoot('package.json'), 'utf8'));
  for (const name of Object.keys(plans)) {
    assert.equal(scripts[name], `node tools/setup/cli.mjs ${name}`);
  }
});

test('the whole test run leaves no check and no test out', () => {
  const run = new Set(resolvePlan(plans.test).map(({ name }) => name));
  for (const [name, plan] of Object.entries(plans)) {
    // Those with a second half prepare something else than checks.
    if (plan.andThen || ['build', 'format'].includes(name)) continue;
    for (const step of plan.steps) assert.ok(run.has(step), `${step} is only in ${name}`);
  }
});

import { expect, test } from 'vitest';

import { Workshop } from './workshop.ts';
import { run, type Project } from './project.ts';
import { compile } from './typescript.ts';

const workshop = new Workshop();

/** Runs a program, which takes what was sent before it came. */
async function check(project: Project, program: string, user: string): Promise<void> {
  const args = [workshop.relay.url, await workshop.token(user)];
  const [output] = await Promise.all([
    run(project.folder, process.execPath, program, ...args),
    workshop.exchange(user),
  ]);
  expect(output).toBe(`connected as ${user}\nwire says hello\n`);
}

test('works in a Node project of ES modules, written in TypeScript', async () => {
  const project = await workshop.project('node');
  await project.link('@types');
  await compile(project, ['main.ts'], '--types', 'node', '--module', 'NodeNext');
  await check(project, 'main.js', 'nora');
});

test('works in a Node project of CommonJS', async () => {
  await check(await workshop.project('node-cjs'), 'main.cjs', 'conny');
});

test('works in tests with Vitest, in Node and in a page of jsdom', async () => {
  const project = await workshop.project('vitest');
  await project.link('vitest', 'jsdom');
  const env = {
    RELAY: workshop.relay.url,
    TOKEN: await workshop.token('vito'),
    JSDOM_TOKEN: await workshop.token('jess'),
  };
  const [output] = await Promise.all([
    project.run(env, 'vitest/vitest.mjs', 'run', '--reporter', 'json', '--testTimeout', '60000'),
    workshop.exchange('vito'),
    workshop.exchange('jess'),
  ]);
  expect(JSON.parse(output)).toMatchObject({ numPassedTests: 2, success: true });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { parse } from 'node:path';
import { createInterface } from 'node:readline';

import { onTestFinished, test } from 'vitest';

import type { Project } from './project.ts';
import { Workshop } from './workshop.ts';

const workshop = new Workshop();
const next = 'next/dist/bin/next';
const offline = { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' } as const;

test.each(['webpack', 'turbopack'])(
  'works in a Next.js project, built with %s',
  { timeout: 300_000 },
  async (bundler) => {
    const project = await workshop.project('next', 'common');
    await project.link('next', 'react', 'react-dom');
    await allowLinks(project);
    await project.run(offline, next, 'build', `--${bundler}`);
    await workshop.checkPage(await start(project), `nils-${bundler}`);
  },
);

/** Turbopack follows no links out of its root, and the tools here are such links. */
async function allowLinks(project: Project): Promise<void> {
  const config = { turbopack: { root: parse(project.folder).root } };
  await writeFile(project.path('next.config.mjs'), `export default ${JSON.stringify(config)};\n`);
}

/** Starts what was built for as long as the test. @returns its URL */
async function start(project: Project): Promise<string> {
  const args = [project.path('node_modules', next), 'start', '--port', '0'];
  const server = spawn(process.execPath, args, {
    cwd: project.folder,
    env: { ...process.env, ...offline },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    server.kill();
    if (server.exitCode === null) await once(server, 'exit');
  });
  for await (const line of createInterface(server.stdout)) {
    const url = /http:\/\/localhost:\d+/.exec(line);
    if (url) return url[0];
  }
  throw new Error('Next.js ended before it said where it listens');
}

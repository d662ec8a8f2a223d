import { cp } from 'node:fs/promises';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';
import webpack, { type Configuration, type Stats } from 'webpack';

import type { Project } from './project.ts';
import { serve, Workshop } from './workshop.ts';

const workshop = new Workshop();

test('works in a webpack project', async () => {
  const project = await workshop.project('webpack', 'common');
  await buildWithWebpack(project);
  await cp(project.path('public'), project.path('dist'), { recursive: true });
  await workshop.checkPage(await serve(project.path('dist')), 'wanda');
});

test('works in a Rollup project', async () => {
  const project = await workshop.project('rollup', 'common');
  await project.link('rollup', '@rollup/plugin-node-resolve');
  await project.run({}, 'rollup/dist/bin/rollup', '--config');
  await cp(project.path('public'), project.path('dist'), { recursive: true });
  await workshop.checkPage(await serve(project.path('dist')), 'rolf');
});

/** As `npx webpack` does, which is a package of its own. */
async function buildWithWebpack(project: Project): Promise<void> {
  const { default: config } = (await import(project.path('webpack.config.mjs'))) as {
    default: Configuration;
  };
  const stats = (await promisify(webpack)([{ ...config, context: project.folder }])) as
    Stats | undefined;
  expect(stats?.toString({ all: false, errors: true, warnings: true })).toBe('');
}

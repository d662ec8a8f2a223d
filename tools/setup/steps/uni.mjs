// The uni-app sample. It has packages of its own, in other versions than everything else here, and
// only tests need it.
import { cp, rm } from 'node:fs/promises';

import { isInstalled } from '../npm-lock.mjs';
import { inRoot } from '../paths.mjs';
import { makeGuideProject } from '../uni-guide.mjs';

const sample = 'www/uni';
const guide = 'docs/hosts/uni-app.md';
const guideProject = 'target/uni-guide';
const platforms = ['h5', 'mp-weixin', 'mp-alipay', 'app'];
const installed = [`${sample}/node_modules/.package-lock.json`, 'pkg/dist'];
// Elsewhere than in CI its compiler tells its maker which machine it runs on.
const env = { CI: '1' };

/** @type {import('../runner.mjs').Step[]} */
export const uniSteps = [
  {
    name: 'uni-npm',
    purpose: 'install what the uni-app sample is built with',
    needs: ['package'],
    inputs: [
      ...[`${sample}/package.json`, `${sample}/package-lock.json`, `${sample}/.npmrc`],
      ...['pkg/package.json', 'pkg/dist'],
    ],
    outputs: [`${sample}/node_modules/.package-lock.json`, `${sample}/node_modules/seqline/dist`],
    async run({ exec }) {
      if (!(await isInstalled(inRoot(sample)))) {
        await exec('npm', ['ci', '--no-fund', '--no-audit'], { cwd: inRoot(sample) });
      }
      // For npm, a package that was built anew is the same as long as its version is.
      for (const part of ['dist', 'package.json']) {
        const copy = inRoot(sample, 'node_modules/seqline', part);
        await rm(copy, { recursive: true, force: true });
        await cp(inRoot('pkg', part), copy, { recursive: true });
      }
    },
  },
  {
    name: 'uni',
    purpose: 'build the uni-app sample for every platform',
    needs: ['uni-npm'],
    inputs: [sample, ...installed, 'tsconfig.base.json'],
    outputs: platforms.map((platform) => `${sample}/dist/build/${platform}`),
    async run({ exec }) {
      await rm(inRoot(sample, 'dist'), { recursive: true, force: true });
      for (const platform of platforms) {
        await exec('npm', ['run', `build:${platform}`], { cwd: inRoot(sample), env });
      }
    },
  },
  {
    name: 'uni-guide',
    purpose: 'build what the guide to uni-app shows',
    needs: ['uni-npm'],
    inputs: [guide, `${sample}/package.json`, 'tools/setup/uni-guide.mjs', ...installed],
    outputs: platforms.map((platform) => `${guideProject}/dist/build/${platform}`),
    async run({ exec }) {
      const folder = inRoot(guideProject);
      await makeGuideProject({ guide: inRoot(guide), sample: inRoot(sample), folder });
      await exec(inRoot('node_modules/.bin/vue-tsc'), ['-p', folder]);
      for (const platform of platforms) {
        await exec('npm', ['run', `build:${platform}`], { cwd: folder, env });
      }
    },
  },
];

import { test } from 'vitest';

import { compile } from './typescript.ts';
import { Workshop } from './workshop.ts';

const workshop = new Workshop();

const resolutions: [name: string, files: string[], options: string[]][] = [
  ['Node', ['entries.ts', 'common.cts'], ['--module', 'NodeNext']],
  ['bundlers', ['entries.ts'], ['--module', 'ESNext', '--moduleResolution', 'Bundler']],
  [
    'old compilers',
    ['entries.ts'],
    ['--module', 'CommonJS', '--moduleResolution', 'node10', '--ignoreDeprecations', '6.0'],
  ],
];

test.each(resolutions)('its types are found as %s look for them', async (_, files, options) => {
  const project = await workshop.project('types');
  await project.link('@types');
  await compile(project, files, '--noEmit', ...options);
});

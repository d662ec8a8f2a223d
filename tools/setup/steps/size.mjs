// What a visitor has to download, and that it is not more than it may be.
import { writeFile } from 'node:fs/promises';

import { StepFailure } from '../failure.mjs';
import { measurePackage } from '../package-size.mjs';
import { inRoot } from '../paths.mjs';
import { excesses, formatSizes } from '../size.mjs';

/** @type {import('../runner.mjs').Step[]} */
export const sizeSteps = [
  {
    name: 'size',
    purpose: 'weigh what every visitor has to download',
    needs: ['package'],
    isCheck: true,
    async run({ say }) {
      const tables = await measurePackage();
      await writeFile(inRoot('target/size.json'), `${JSON.stringify(tables, null, 2)}\n`);
      for (const line of formatSizes(tables)) say(line);

      const over = excesses(tables).map(
        ({ name, size, gzip_bytes_max }) =>
          `${name}: ${size.gzip_bytes} bytes gzipped are over the budget of ${gzip_bytes_max}.`,
      );
      if (over.length > 0) {
        throw new StepFailure(over.join(' '), {
          advice:
            'Look for what grew. In Rust, new dependencies, formatting and panics with text are the usual causes; in TypeScript, what not every page needs: load that with `import()`.',
        });
      }
    },
  },
];

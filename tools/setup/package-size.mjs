// Weighs the built npm package, as a visitor of a page made with it downloads it.
import { readFile } from 'node:fs/promises';

import { weighBundle } from './bundle.mjs';
import { inRoot } from './paths.mjs';
import { budgets, sizeOf, sum } from './size.mjs';

const inDist = (...parts) => inRoot('pkg/dist', ...parts);
const weigh = async (...path) => sizeOf(await readFile(inDist(...path)));

/**
 * @returns {Promise<import('./size.mjs').Table[]>}
 */
export async function measurePackage() {
  const wasm = await weigh('wasm/seqline_bg.wasm');
  const glue = await weigh('wasm/seqline_bg.js');
  const facade = await bundle('index', '{ createClient, init }');
  return [
    {
      title: 'compiled client',
      rows: [
        { name: 'wasm', size: wasm },
        { name: 'glue', size: glue },
        { name: 'both', size: sum([wasm, glue]), gzip_bytes_max: budgets.compiled },
      ],
    },
    {
      title: 'seqline, in a browser',
      rows: [
        { name: 'facade and host', size: facade.needed, gzip_bytes_max: budgets.facade },
        ...facade.later.map(({ name, size }) => ({ name: `${name}, when needed`, size })),
      ],
    },
    { title: 'other entry points, in all', rows: await entryPoints() },
  ];
}

async function entryPoints() {
  const rows = [
    { name: 'seqline/asm', size: await weigh('asm/index.mjs'), gzip_bytes_max: budgets.asm },
    { name: 'seqline/seqline.mvp.wasm', size: await weigh('wasm/seqline_mvp.wasm') },
  ];
  for (const name of ['inline', 'slim', 'mp', 'cache', 'stores', 'vue', 'react']) {
    const size = name === 'mp' ? await weigh('mp/index.js') : (await bundle(name)).needed;
    rows.push({ name: `seqline/${name}`, size });
  }
  return rows;
}

/**
 * Bundles an entry point, as an app does that uses some of it. The glue is left out: it counts
 * as compiled.
 */
const bundle = (name, used = '*') =>
  weighBundle({
    contents: `export ${used} from './${name}.js';`,
    resolveDir: inDist(),
    external: ['*/wasm/seqline_bg.js', 'vue', 'react'],
  });

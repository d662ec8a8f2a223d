// Weighs the built npm package, as a visitor of a page made with it downloads it.
import { readFile } from 'node:fs/promises';

import { weighBundle } from './bundle.mjs';
import { inRoot } from './paths.mjs';
import { budgets, sizeOf, sum } from './size.mjs';

const inDist = (...parts) => inRoot('pkg/dist', ...parts);
const weigh = async (...path) => sizeOf(await readFile(inDist(...path)));

/** What a page loads when it connects, unless another tab is connected already. */
export const sessionModules = ['tabs/shared-session.js'];

/**
 * @returns {Promise<import('./size.mjs').Table[]>}
 */
export async function measurePackage() {
  const wasm = await weigh('wasm/seqline_bg.wasm');
  const glue = await weigh('wasm/seqline_bg.js');
  const app = '{ createClient, init }';
  const facade = await bundle('index', app);
  const connecting = await bundle('index', app, sessionModules);
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
        { name: 'all that connect() needs', size: sum([wasm, glue, connecting.needed]) },
      ],
    },
    { title: 'other entry points, with what connect() needs', rows: await entryPoints() },
  ];
}

async function entryPoints() {
  const rows = [
    { name: 'seqline/asm', size: await weigh('asm/index.mjs'), gzip_bytes_max: budgets.asm },
    { name: 'seqline/seqline.mvp.wasm', size: await weigh('wasm/seqline_mvp.wasm') },
  ];
  for (const name of ['inline', 'slim', 'cache', 'stores', 'vue', 'react']) {
    const { needed } = await bundle(name, '*', sessionModules);
    rows.push({ name: `seqline/${name}`, size: needed });
  }
  rows.push({ name: 'seqline/mp', size: await weigh('mp/index.js') });
  return rows;
}

/**
 * Bundles an entry point, as an app does that uses some of it. The glue is left out: it counts
 * as compiled.
 */
const bundle = (name, imported, used = []) =>
  weighBundle({
    used,
    contents: `export ${imported} from './${name}.js';`,
    resolveDir: inDist(),
    external: ['*/wasm/seqline_bg.js', 'vue', 'react'],
  });

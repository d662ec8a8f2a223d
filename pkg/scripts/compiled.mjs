// The compiled client in its forms, as the TypeScript sources import them: dist/wasm.
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, brotliCompressSync } from 'node:zlib';

import { transform } from 'esbuild';

import { inDist, pkg } from './paths.mjs';

export const compiledFile = (name) => join(pkg, '../sdk/dist', name);
const target = (name) => inDist('wasm', name);

export async function addCompiled() {
  await mkdir(inDist('wasm'), { recursive: true });
  for (const name of ['seqline_bg.wasm', 'seqline_mvp.wasm']) {
    await cp(compiledFile(name), target(name));
  }
  await addBrotli('seqline_mvp.wasm');
  await addInline();

  // The glue counts as part of the compiled client, and pages may load it as it is.
  for (const name of ['seqline_bg.js', 'seqline_asm.js']) {
    const code = await readFile(compiledFile(name), 'utf8');
    await writeFile(target(name), await minified(code));
  }
  const types = (await readFile(compiledFile('seqline.d.ts'), 'utf8'))
    // Not known to compilers of today's usual settings, and used by nobody.
    .replace(/^ *\[Symbol\.dispose\]\(\): void;\n/m, '');
  await writeFile(
    target('seqline_bg.d.ts'),
    `${types}\n/** Gives the glue what the compiled client exports. */\nexport function __wbg_set_wasm(exports: object): void;\n`,
  );
  await writeFile(target('seqline_asm.d.ts'), 'export {};\n');
}

/** WeChat takes a wasm in this form, too. */
async function addBrotli(name) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  const content = await readFile(target(name));
  await writeFile(target(`${name}.br`), brotliCompressSync(content, { params }));
}

async function addInline() {
  const wasm = await readFile(compiledFile('seqline_bg.wasm'));
  await writeFile(target('inline.js'), `export const base64 = '${wasm.toString('base64')}';\n`);
  await writeFile(
    target('inline.d.ts'),
    '/** The bytes of the wasm. */\nexport const base64: string;\n',
  );
}

async function minified(code) {
  return (await transform(code, { minify: true, format: 'esm', target: 'es2020' })).code;
}

// What is not loaded module by module: CommonJS, and entry points for hosts that know little.
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { build } from 'esbuild';

import { inDist, pkg } from './paths.mjs';
import { plainFields } from './plain-fields.mjs';

export async function bundleAll() {
  await bundleNode();
  await bundleInline();
  for (const name of ['cache', 'testing', 'stores', 'vue', 'react']) await bundleBinding(name);
  for (const name of ['asm', 'mp']) await bundlePortable(name);
  await addMiniProgram();
  await addCommonJsTypes();
}

/** For `require()` in Node. */
async function bundleNode() {
  await bundle('node', 'cjs/node.js', {
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['ws'],
    // A file of CommonJS knows where it is in its own way.
    define: { 'import.meta.url': 'moduleUrl' },
    banner: {
      js: "const moduleUrl = require('node:url').pathToFileURL(__dirname + '/../node.js').href;",
    },
  });
}

/** For `require()` where files of the package are not to be found from its code. */
async function bundleInline() {
  await bundle('inline', 'cjs/inline.js', { format: 'cjs', target: 'es2020' });
}

/** For `require()`, beside a framework or alone: in Jest, for example. */
async function bundleBinding(name) {
  const format = { format: 'cjs', target: 'es2020', external: ['vue', 'react'] };
  await bundle(name, `cjs/${name}.js`, format);
}

/** For hosts of which nothing is assumed: old syntax, and own pieces for what may be missing. */
async function bundlePortable(name) {
  for (const [format, extension] of [
    ['cjs', 'js'],
    ['esm', 'mjs'],
  ]) {
    await bundle(name, `${name}/index.${extension}`, {
      format,
      target: 'es2017',
      charset: 'utf8',
      minify: true,
      // In the place of the globals of the same names.
      inject: [inDist('polyfill/globals.js')],
      ...plainFields,
    });
  }
  await writeFile(inDist(name, 'package.json'), commonJs);
  // Only its types are of use.
  await rm(inDist(`${name}.js`));
}

/** The folder that mini-program tools copy into an app, its wasm with it. */
async function addMiniProgram() {
  await cp(inDist('wasm/seqline_mvp.wasm'), inDist('mp/seqline.wasm'));
  await cp(inDist('wasm/seqline_mvp.wasm.br'), inDist('mp/seqline.wasm.br'));
}

/** TypeScript takes a declaration for what the package.json next to it says that it is. */
async function addCommonJsTypes() {
  await writeFile(inDist('cjs/package.json'), commonJs);
  const files = await readdir(inDist(), { recursive: true });
  for (const file of files.filter((name) => name.endsWith('.d.ts'))) {
    const copy = inDist('cjs', file);
    await mkdir(dirname(copy), { recursive: true });
    await cp(inDist(file), copy);
  }
}

const commonJs = `${JSON.stringify({ type: 'commonjs' })}\n`;

async function bundle(name, outfile, options) {
  await build({
    entryPoints: [inDist(`${name}.js`)],
    outfile: inDist(outfile),
    bundle: true,
    logLevel: 'warning',
    absWorkingDir: pkg,
    ...options,
  });
}

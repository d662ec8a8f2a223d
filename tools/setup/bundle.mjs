// What a bundler for browsers makes of a script, by weight.
import { basename } from 'node:path';

import { inRoot } from './paths.mjs';
import { sizeOf, sum } from './size.mjs';

/**
 * @param {object} script
 * @param {string} script.contents
 * @param {string} script.resolveDir where its imports are looked for
 * @param {string[]} [script.external] what is left out
 * @returns what is loaded with it, and the chunks that it loads once it needs them
 */
export async function weighBundle({ contents, resolveDir, external = [] }) {
  // It is no dependency of the set-up, and so not there before it ran.
  const { build } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir },
    outdir: inRoot('target/size'),
    external,
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    metafile: true,
    write: false,
    absWorkingDir: inRoot(),
    logLevel: 'error',
  });
  const outputs = new Map(
    outputFiles.map(({ path, contents }) => [
      basename(path),
      { ...metafile.outputs[`target/size/${basename(path)}`], size: sizeOf(contents) },
    ]),
  );
  const needed = withStaticImports('stdin.js', outputs);
  const later = [...outputs]
    .filter(([file]) => !needed.has(file))
    .map(([file, { size, entryPoint = file }]) => ({ name: basename(entryPoint), size }));
  const sizes = [...outputs].filter(([file]) => needed.has(file)).map(([, { size }]) => size);
  return { needed: sum(sizes), later };
}

function withStaticImports(file, outputs, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const { path, kind, external } of outputs.get(file).imports) {
    if (kind === 'import-statement' && !external) withStaticImports(basename(path), outputs, found);
  }
  return found;
}

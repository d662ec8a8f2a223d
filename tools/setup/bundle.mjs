// What a bundler for browsers makes of a script, by weight.
import { basename, relative } from 'node:path';

import { inRoot } from './paths.mjs';
import { sizeOf, sum } from './size.mjs';

/**
 * @param {object} script
 * @param {string} script.contents
 * @param {string} script.resolveDir where its imports are looked for
 * @param {string[]} [script.external] what is left out
 * @param {string[]} [script.used] modules that it imports later, and always: they are needed, too
 * @returns what is loaded with it, and for each module that it imports when it needs it, what
 *   is loaded then
 */
export async function weighBundle({ contents, resolveDir, external = [], used = [] }) {
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
  const sizeOfFiles = (files) => sum([...files].flatMap((file) => outputs.get(file)?.size ?? []));
  const nameOf = (entryPoint) => relative(resolveDir, inRoot(entryPoint));
  const needed = withStaticImports('stdin.js', outputs);
  for (const [file, { entryPoint = '' }] of outputs) {
    if (used.includes(nameOf(entryPoint))) withStaticImports(file, outputs, needed);
  }
  const later = [...outputs]
    .filter(([file, { entryPoint }]) => entryPoint !== undefined && !needed.has(file))
    .map(([file, { entryPoint }]) => ({
      name: nameOf(entryPoint),
      size: sizeOfFiles(without(withStaticImports(file, outputs), needed)),
    }));
  return { needed: sizeOfFiles(needed), later };
}

function withStaticImports(file, outputs, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const { path, kind, external } of outputs.get(file).imports) {
    if (kind === 'import-statement' && !external) withStaticImports(basename(path), outputs, found);
  }
  return found;
}

const without = (files, known) => [...files].filter((file) => !known.has(file));

// Private fields for hosts that have none. esbuild puts a WeakMap in the place of each, which
// costs kilobytes, and time at every access; a property with a short name costs neither. What is
// private is checked by TypeScript before.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

import ts from 'typescript';

const PREFIX = '$private_';

/** Options of esbuild, to be added. @type {import('esbuild').BuildOptions} */
export const plainFields = {
  // Short names, not to be mistaken for any other.
  mangleProps: /^\$private_/,
  // Fields are assigned, not defined: shorter, and the same for classes like ours.
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  plugins: [
    {
      name: 'plain-fields',
      setup(build) {
        build.onLoad({ filter: /\.js$/ }, async ({ path }) => {
          const code = await readFile(path, 'utf8');
          return { contents: withPlainFields(code, basename(path, '.js')), loader: 'ts' };
        });
      },
    },
  ],
};

/** @param {string} unit part of the names, as a subclass may be in another file */
function withPlainFields(code, unit) {
  const source = ts.createSourceFile('module.js', code, ts.ScriptTarget.ES2022, true);
  const starts = [];
  const visit = (node) => {
    if (ts.isPrivateIdentifier(node)) {
      if (ts.isBinaryExpression(node.parent)) throw new Error(`${unit}: \`#x in y\` is not known`);
      starts.push(node.getStart());
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  const prefix = `${PREFIX}${unit.replaceAll('-', '_')}_`;
  return starts.reduceRight(
    (text, start) => text.slice(0, start) + prefix + text.slice(start + '#'.length),
    code,
  );
}

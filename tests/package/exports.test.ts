import { readFile } from 'node:fs/promises';

import { Linter } from 'eslint';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { beforeAll, expect, test } from 'vitest';

import { Project, run } from './project.ts';
import { serve, Workshop } from './workshop.ts';

const workshop = new Workshop();
let project: Project;
const installed = (...path: string[]): string => project.path('node_modules/seqline', ...path);

beforeAll(async () => {
  project = await Project.create(workshop.packed.path, 'csp', 'common');
  return () => project.remove();
});

test('the tarball has what it needs and nothing else', () => {
  const needed = ['index', 'node', 'inline', 'slim'].map((name) => `dist/${name}.js`);
  expect(workshop.packed.files).toEqual(
    expect.arrayContaining([
      ...['package.json', 'README.md', 'LICENSE-MIT', 'LICENSE-APACHE', ...needed],
      ...['dist/wasm/seqline_bg.wasm', 'dist/wasm/seqline_mvp.wasm'],
      ...['index.js', 'index.mjs', 'seqline.wasm', 'seqline.wasm.br'].map(
        (file) => `dist/mp/${file}`,
      ),
    ]),
  );
  const allowed = /^(dist\/|README(\.zh-CN)?\.md$|CHANGELOG\.md$|LICENSE-|package\.json$)/;
  expect(workshop.packed.files.filter((path) => !allowed.test(path))).toEqual([]);
});

test('its exports are as tools expect them', async () => {
  const { messages, pkg } = await publint({ pkgDir: installed(), pack: false, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);

  const exported = pkg['exports'] as Exports;
  for (const files of leaves(exported)) {
    for (const file of files) expect(workshop.packed.files).toContain(file.slice('./'.length));
  }
});

test('for each way to import there are types, and they come first', async () => {
  const manifest = await readFile(installed('package.json'), 'utf8');
  const { exports } = JSON.parse(manifest) as { exports: Record<string, Exports> };
  const code = Object.entries(exports).filter(([path]) => !/\.(wasm|br|json)$/.test(path));
  for (const [path, entry] of code) {
    for (const files of leaves(entry)) {
      expect(files, path).toHaveLength(2);
      expect(files[0], path).toMatch(/\.d\.ts$/);
    }
  }
});

/** A condition's file, or what there is under the conditions below it. */
type Exports = string | { [condition: string]: Exports };

/** The files under the conditions of the lowest level, in their order. */
function leaves(exports: Exports): string[][] {
  if (typeof exports === 'string') return [[exports]];
  const values = Object.values(exports);
  const files = values.filter((value) => typeof value === 'string');
  return files.length === values.length ? [files] : values.flatMap(leaves);
}

test.each(['asm', 'mp'])(
  'seqline/%s is old syntax, and knows nothing of Node or newer globals',
  async (entry) => {
    const code = await readFile(installed('dist', entry, 'index.js'), 'utf8');
    const messages = new Linter().verify(code, {
      languageOptions: { ecmaVersion: 2017, sourceType: 'commonjs' },
      rules: { 'no-undef': 'error', 'no-eval': 'error', 'no-new-func': 'error' },
    });
    // Others are asked for first, or used by a page's host alone.
    const complaints = messages
      .map(({ message }) => message)
      .filter((message) => {
        const name = /^'(\w+)' is not defined\.$/.exec(message)?.[1];
        return name === undefined || absent.includes(name);
      });
    expect(complaints).toEqual([]);
  },
);

/**
 * Globals that have no place in it, not even in what is a page's alone and asked for before:
 * in the sandboxes of mini-programs it runs without `fetch` and the like.
 */
const absent = [
  ...['process', 'Buffer', 'require', 'global', 'importScripts', 'XMLHttpRequest'],
  ...['structuredClone', 'WeakRef', 'Intl', 'BigInt'],
];

test('without WebAssembly, TextDecoder and the like, seqline/asm loads', async () => {
  const file = installed('dist/asm/index.js');
  const code = `
    const vm = require('node:vm');
    const module = { exports: {} };
    const context = vm.createContext({ module, exports: module.exports }, {
      codeGeneration: { strings: false, wasm: false },
    });
    vm.runInContext('delete globalThis.WebAssembly', context);
    vm.runInContext(require('node:fs').readFileSync(process.argv[1], 'utf8'), context);
    module.exports.init().then(() => console.log('loaded'));
  `;
  expect(await run(project.folder, process.execPath, '-e', code, file)).toBe('loaded\n');
});

test('pages that forbid eval run seqline/asm, and seqline if they allow WebAssembly', async () => {
  const pages = (policy: string): Promise<string> =>
    serve(project.folder, { 'content-security-policy': `script-src 'self' ${policy}` });

  const strict = await pages('');
  await workshop.checkPage(`${strict}/asm.html`, 'asta');
  const { page } = await workshop.openPage(`${strict}/index.html`, 'cora');
  await page.getByText('wasm_unavailable').waitFor();

  await workshop.checkPage(`${await pages("'wasm-unsafe-eval'")}/index.html`, 'walt');
});

/** Examples in documents: taken out, type-checked, and made ready to run. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { transform } from 'esbuild';
import ts from 'typescript';
import { onTestFinished } from 'vitest';
import { compileScript, parse } from 'vue/compiler-sfc';

export interface Example {
  /** The file's name, if the text before it says one. */
  name: string;
  language: string;
  code: string;
}

// No `URL`: in tests of pages that is another one.
const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');

/** Where the relay is in all examples. */
const RELAY = 'https://chat.example.com';

/** The examples of a document, in order. A line "`main.ts`, …:" before one names its file. */
export async function examplesOf(document: string): Promise<Example[]> {
  const text = await readFile(join(root, document), 'utf8');
  const blocks = text.matchAll(/(?:^`([\w.]+\.\w+)`[^\n]*:\n\n)?^```(\w+)\n(.*?)^```$/gms);
  return Array.from(blocks, ([, name = '', language = '', code = '']) => ({
    name,
    language,
    code,
  }));
}

/** The example of a document that is a file of this name. */
export async function exampleOf(document: string, name: string): Promise<string> {
  const found = (await examplesOf(document)).find((example) => example.name === name);
  if (!found) throw new Error(`${document} has no ${name}`);
  return found.code;
}

/** What the compiler says about files that are nowhere, by path below this folder. */
export function complaintsAbout(files: Record<string, string>): string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    jsx: ts.JsxEmit.ReactJSX,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: ['node'],
  };
  const sources = new Map(Object.entries(files).map(([name, code]) => [join(here, name), code]));
  const folders = new Set([...sources.keys()].map((path) => dirname(path)));
  const host = ts.createCompilerHost(options);
  const readFromDisk = host.readFile.bind(host);
  const isFile = host.fileExists.bind(host);
  const isFolder = host.directoryExists?.bind(host);
  host.readFile = (path) => sources.get(path) ?? readFromDisk(path);
  host.fileExists = (path) => sources.has(path) || isFile(path);
  host.directoryExists = (path) => folders.has(path) || (isFolder?.(path) ?? false);

  const program = ts.createProgram([...sources.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n');
    return `${file?.fileName ?? ''}: ${text}\n${file?.text ?? ''}`;
  });
}

/** As a module of JavaScript that speaks to another relay. */
export async function runnable(code: string, relay: string): Promise<string> {
  const { code: script } = await transform(code.replaceAll(RELAY, relay), {
    loader: 'tsx',
    jsx: 'automatic',
    format: 'esm',
  });
  return script;
}

/** A component in one file, as a module. */
export function compileVue(code: string): string {
  const { descriptor, errors } = parse(code);
  if (errors.length > 0) throw new Error(errors.join('\n'));
  return compileScript(descriptor, { id: 'example', inlineTemplate: true }).content;
}

/** Files in a folder from which packages are found, until the test is finished. */
export async function writeModules(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(root, 'node_modules/.example-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  for (const [name, code] of Object.entries(files)) await writeFile(join(folder, name), code);
  return folder;
}

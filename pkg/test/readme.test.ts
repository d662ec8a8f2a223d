import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import ts from 'typescript';
import { beforeAll, expect, onTestFinished, test } from 'vitest';

import { TOKEN } from './support/client.ts';
import { FakeRelay } from './support/fake-relay.ts';

const readme = fileURLToPath(new URL('../README.md', import.meta.url));
const storageGuide = fileURLToPath(new URL('../../docs/storage.md', import.meta.url));
let examples: string[];

beforeAll(async () => {
  const texts = await Promise.all([readme, storageGuide].map((path) => readFile(path, 'utf8')));
  const blocks = texts.join('\n').matchAll(/^```ts\n(.*?)^```$/gms);
  examples = Array.from(blocks, ([, code = '']) => code);
});

/** What an example takes for granted. */
const GIVEN = `
declare const client: import('seqline').Client;
declare const database: { put(id: number, value: object): Promise<void>; clear(): Promise<void> };
declare function showAsQueued(id: string): void;
declare function showTooLate(): void;
declare function ring(): void;
declare function hide(id: number): void;
declare function show(broadcast: import('seqline').Broadcast, how: { ring: boolean }): void;
export {};
`;

test('every example has the right types', () => {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: ['node'],
  };
  const sources = new Map(
    examples.map((code, at) => [
      fileURLToPath(new URL(`example-${at}.ts`, import.meta.url)),
      code.includes('const client') ? code : GIVEN + code,
    ]),
  );
  const host = ts.createCompilerHost(options);
  const readFromDisk = host.readFile.bind(host);
  const existsOnDisk = host.fileExists.bind(host);
  host.readFile = (path) => sources.get(path) ?? readFromDisk(path);
  host.fileExists = (path) => sources.has(path) || existsOnDisk(path);

  const program = ts.createProgram([...sources.keys()], options, host);
  const complaints = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n');
    return `${file?.text ?? ''}\n${text}`;
  });
  expect(complaints).toEqual([]);
  expect(examples.length).toBeGreaterThan(5);
});

test('the example for Node runs', async () => {
  const relay = await FakeRelay.start();
  const folder = await mkdtemp(join(tmpdir(), 'seqline-readme-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const code = examples
    .find((example) => example.includes('seqline/node'))
    ?.replace('./seqline-data', join(folder, 'data'));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', code ?? ''],
    {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      env: { ...process.env, RELAY: relay.url, TOKEN },
    },
  );
  expect(stdout).toContain('stored as number 1');
  expect(await readdir(join(folder, 'data'))).toEqual(['demo%2Falice.json']);
});

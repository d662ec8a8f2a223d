import { inRoot } from '../../tools/setup/paths.mjs';
import { run, type Project } from './project.ts';

/** Compiles files as strictly as its users may, the package's declarations included. */
export async function compile(
  project: Project,
  files: string[],
  ...options: string[]
): Promise<void> {
  const compiler = inRoot('node_modules/typescript/bin/tsc');
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--target', 'ES2022'];
  // Only those of the language itself are taken for right.
  const args = [...strict, '--skipDefaultLibCheck', ...options, ...files];
  await run(project.folder, process.execPath, compiler, ...args);
}

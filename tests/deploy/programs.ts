/** What the tests of this folder run. `npm run test:e2e` finds or fetches them (tools/setup/programs.mjs). */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { findProgram } from '../../tools/setup/programs.mjs';

const run = promisify(execFile);

export type Program = 'promtool' | 'nginx' | 'caddy' | 'systemd-analyze' | 'render-chart';

const names: readonly Program[] = ['promtool', 'nginx', 'caddy', 'systemd-analyze', 'render-chart'];
const found = new Map<Program, string>();
for (const name of names) {
  const path = await findProgram(name);
  if (path !== null) found.set(name, path);
  else if (process.env['CI'] !== undefined) {
    throw new Error(`There is no ${name}. \`npm run test:e2e\` finds or fetches it.`);
  }
}

/** For `test.skipIf`: machines of developers may be without. */
export const isMissing = (name: Program): boolean => !found.has(name);

export function pathOf(name: Program): string {
  const path = found.get(name);
  if (path === undefined) throw new Error(`there is no ${name}`);
  return path;
}

/** Runs one. @returns what it prints, on both streams; if it fails, that is the error's text */
export async function check(name: Program, ...args: string[]): Promise<string> {
  try {
    const { stdout, stderr } = await run(pathOf(name), args);
    return `${stdout}${stderr}`;
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & Record<string, string>;
    throw new Error(`${message}\n${stdout}${stderr}`, { cause: error });
  }
}

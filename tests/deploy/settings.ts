/** The settings that the relay has, asked of itself. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { findBinary } from '../support/relay.ts';

const run = promisify(execFile);

/** Names of environment variables. */
export async function environmentNames(): Promise<ReadonlySet<string>> {
  const { stdout } = await run(await findBinary(), ['serve', '--help']);
  const names = Array.from(stdout.matchAll(/\[env: (SEQLINE_\w+)=/g), ([, name = '']) => name);
  // No flag, since flags show in `ps`.
  return new Set([...names, 'SEQLINE_APP_SECRET']);
}

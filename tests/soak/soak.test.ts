/** The short form of `npm run soak:client`. In a process of its own, as it takes over the clock. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

test('hours of chat leave memory as it was, and every message comes once', async () => {
  const cli = fileURLToPath(new URL('cli.ts', import.meta.url));
  const args = ['--expose-gc', '--import', 'tsx', cli, '--hours', '2'];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  expect(stderr).toBe('');
  expect(stdout).toContain('2 h in');
});

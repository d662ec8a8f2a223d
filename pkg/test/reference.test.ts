import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('everything that the package exports is documented, and every link in that leads somewhere', async () => {
  const typedoc = fileURLToPath(new URL('../../node_modules/typedoc/bin/typedoc', import.meta.url));
  const what = [typedoc, '--options', 'pkg/typedoc.json', '--emit', 'none'];
  await promisify(execFile)(process.execPath, what, { cwd: root });
}, 300_000);

import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { StepFailure } from '../failure.mjs';
import { tryOut } from '../tryout.mjs';

let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seqline-tryout-test-'));
});
after(() => rm(folder, { recursive: true }));

/** A program that says where it listens, and answers like this. */
async function program(name, { status = 200, stop = 'process.exit(0)' } = {}) {
  const file = join(folder, name);
  const code = `#!${process.execPath}
const server = require('node:http').createServer((_, answer) => answer.writeHead(${status}).end());
server.listen(0, '127.0.0.1', () => console.log('listening on http://127.0.0.1:' + server.address().port));
process.on('SIGTERM', () => { ${stop} });
`;
  await writeFile(file, code);
  await chmod(file, 0o755);
  return file;
}

/** Not as another user: Node may lie where that one is not let in. */
const tryOutHere = (file) => tryOut(file, null);

const fails = (file, message) =>
  assert.rejects(
    tryOut(file),
    (error) => error instanceof StepFailure && message.test(error.message),
  );

test('one that is ready and stops when it is told to is well', async () => {
  assert.match(await tryOutHere(await program('well')), /this user/);
});

test('one that ends, is not ready or does not stop well is told of', async () => {
  await fails('/bin/false', /ended at once/);
  await fails(await program('unready', { status: 503 }), /\/readyz answers 503/);
  await fails(await program('stubborn', { stop: 'process.exit(3)' }), /ends with 3/);
});

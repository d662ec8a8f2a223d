/** The unit of systemd, by systemd's own word; and the configuration that it names, by the relay's. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { inRoot } from '../../tools/setup/paths.mjs';
import { findBinary } from '../support/relay.ts';
import { check, isMissing } from './programs.ts';

const run = promisify(execFile);
const installed = '/usr/local/bin/seqline-relay';
// Of systemd-analyze's scale: 0 is closed, 10 open; below 2 it says "OK".
const exposure_max = 1.5;

let folder: string;
let unit: string;
let text: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seqline-unit-'));
  unit = join(folder, 'seqline-relay.service');
  text = await readFile(inRoot('deploy/systemd/seqline-relay.service'), 'utf8');
  expect(text).toContain(`ExecStart=${installed} serve`);
  await writeFile(unit, text.replaceAll(installed, await findBinary()));
});
afterAll(() => rm(folder, { recursive: true }));

test.skipIf(isMissing('systemd-analyze'))('systemd understands all of it', async () => {
  expect(await check('systemd-analyze', 'verify', unit)).toBe('');
  const wrong = join(folder, 'wrong.service');
  await writeFile(wrong, text.replace('ProtectSystem=', 'ProtectSytem='));
  expect(await check('systemd-analyze', 'verify', wrong).catch(String)).toContain('ProtectSytem');
});

test.skipIf(isMissing('systemd-analyze'))('it leaves next to nothing open', async () => {
  const said = await check('systemd-analyze', 'security', '--offline=true', unit);
  const [, exposure] = /exposure level for \S+: ([\d.]+)/.exec(said) ?? [];
  expect(Number(exposure)).toBeLessThanOrEqual(exposure_max);
});

test('it waits longer than the relay drains', () => {
  const [, timeout_s] = /^TimeoutStopSec=(\d+)$/m.exec(text) ?? [];
  // The default of `drain_ms`, which the sample does not change.
  expect(Number(timeout_s)).toBeGreaterThan(2 * 5);
  expect(text).toMatch(/^KillSignal=SIGTERM$/m);
});

test('the sample of a configuration is one, with a secret in its place', async () => {
  const sample = await readFile(inRoot('deploy/seqline.toml'), 'utf8');
  const config = join(folder, 'seqline.toml');
  const secret = 'a secret of a test, of 32 bytes or more';
  await writeFile(config, sample.replace(/^secret = .*$/m, `secret = "${secret}"`));
  const args = ['token', '--config', config, '--app', 'chat', '--user', 'alice'];
  const { stdout } = await run(await findBinary(), args);
  expect(stdout).toMatch(/^\w+\.\w+\.[\w-]+\n$/);
});

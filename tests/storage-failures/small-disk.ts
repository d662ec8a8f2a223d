/** Disks on which there is soon no room: a real one where we may mount one, or a limit. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Relay } from '../support/relay.ts';

const run = promisify(execFile);
const size_bytes = 24 * 1024 * 1024;

/** A relay whose disk can be filled and freed while it runs. */
export interface SmallDisk {
  relay: Relay;
  fill(): Promise<void>;
  free(): Promise<void>;
  dispose(): Promise<void>;
}

/** A file system of its own. */
export async function mounted(): Promise<SmallDisk> {
  const folder = await mkdtemp(join(tmpdir(), 'seqline-disk-'));
  await run('mount', ['-t', 'tmpfs', '-o', `size=${size_bytes}`, 'tmpfs', folder]);
  const ballast = join(folder, 'ballast');
  const relay = await Relay.start({ dataDir: folder });
  return {
    relay,
    fill: async () => {
      // More than there is room for: whatever the relay took meanwhile, nothing is left.
      const error = await writeFile(ballast, Buffer.alloc(size_bytes)).catch((e: unknown) => e);
      if ((error as NodeJS.ErrnoException | undefined)?.code !== 'ENOSPC') throw error;
    },
    free: () => rm(ballast),
    dispose: async () => {
      await relay.dispose();
      await run('umount', [folder]);
      await rm(folder, { recursive: true });
    },
  };
}

/** A limit on how large the relay's files may grow, as `ulimit -f` sets it. */
export async function limited(): Promise<SmallDisk> {
  const relay = await Relay.start();
  const limit = (to: string): Promise<unknown> =>
    run('prlimit', ['--pid', String(relay.pid), `--fsize=${to}:unlimited`]);
  return {
    relay,
    fill: async () => {
      const { size } = await stat(`${relay.file}-wal`);
      await limit(String(size));
    },
    free: async () => {
      await limit('unlimited');
    },
    dispose: () => relay.dispose(),
  };
}

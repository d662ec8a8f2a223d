// What is shipped, as a folder: the binary, which has the web pages inside, and the files to run it with.
// The Dockerfile copies it as it is, so that an image has nothing that was not laid out here.
import { chmod, copyFile, cp, mkdir, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { StepFailure } from './failure.mjs';
import { inRoot, relayBinary } from './paths.mjs';
import { tryOut } from './tryout.mjs';

/** Beside the binary: where from, and where to below `share/seqline`. */
const files = ['systemd', 'proxy', 'prometheus', 'grafana', 'seqline.toml'];
const licences = ['LICENSE-APACHE', 'LICENSE-MIT', 'CHANGELOG.md'];

/**
 * @param {string} binary path of the relay
 * @param {string} folder what is there is replaced
 */
export async function layOut(binary, folder) {
  const share = join(folder, 'share/seqline');
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, 'bin'), { recursive: true });
  await mkdir(share, { recursive: true });
  const relay = join(folder, 'bin', basename(binary));
  await copyFile(binary, relay);
  await chmod(relay, 0o755);
  for (const file of files) {
    await cp(inRoot('deploy', file), join(share, file), { recursive: true });
  }
  for (const file of licences) await copyFile(inRoot(file), join(share, file));
}

/**
 * @param {string[]} args where to; `target/dist` if nothing is said
 * @returns {Promise<number>} exit code
 */
export async function makeDist([folder = inRoot('target/dist')]) {
  const to = resolve(folder);
  await layOut(inRoot(relayBinary('release')), to);
  let user;
  try {
    user = await tryOut(join(to, 'bin', basename(relayBinary('release'))));
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    console.error([error.message, error.output].filter(Boolean).join('\n'));
    return 1;
  }
  console.log(`\n${to}: bin/seqline-relay, and in share/seqline what it is run with`);
  console.log(`The relay was started as ${user}, was ready, served the console, and stopped.`);
  return 0;
}

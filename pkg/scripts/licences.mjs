// The licences lie at the top of the repository; npm takes only what is in the package's folder.
import { copyFile, rm } from 'node:fs/promises';

const [task] = process.argv.slice(2);
for (const name of ['LICENSE-MIT', 'LICENSE-APACHE']) {
  const here = new URL(`../${name}`, import.meta.url);
  if (task === 'copy') await copyFile(new URL(`../../${name}`, import.meta.url), here);
  else await rm(here, { force: true });
}

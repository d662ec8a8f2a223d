import { existsSync } from 'node:fs';

import { inRoot } from '../../tools/setup/paths.mjs';

export type Platform = 'h5' | 'mp-weixin' | 'mp-alipay' | 'app';

/** The folder with what uni-app's tools made of the sample, in the set-up step `uni`. */
export function builtFor(platform: Platform): string {
  const folder = inRoot('www/uni/dist/build', platform);
  if (!existsSync(folder)) {
    throw new Error(`The sample is not built: \`npm run test:e2e\` does it, too.`);
  }
  return folder;
}

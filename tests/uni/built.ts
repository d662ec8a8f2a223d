import { existsSync } from 'node:fs';

import { inRoot } from '../../tools/setup/paths.mjs';

export type Platform = 'h5' | 'mp-weixin' | 'mp-alipay' | 'app';

/** The folder with what uni-app's tools made of the sample, in the set-up step `uni`. */
export const builtFor = (platform: Platform): string => built('www/uni', platform);

/** The same of what the guide shows; step `uni-guide`. */
export const guideFor = (platform: Platform): string => built('target/uni-guide', platform);

function built(project: string, platform: Platform): string {
  const folder = inRoot(project, 'dist/build', platform);
  if (existsSync(folder)) return folder;
  throw new Error(`${project} is not built: \`npm run test:e2e\` does it, too.`);
}

/** Chromium, as the set-up finds it. */
import { chromium, type Browser } from 'playwright-core';

import { chromiumFlags, findChromium } from '../../tools/setup/chromium.mjs';
import { exec } from '../../tools/setup/exec.mjs';
import { root } from '../../tools/setup/paths.mjs';

type StepContext = Parameters<typeof findChromium>[0];

export async function launchBrowser(): Promise<Browser> {
  const log = (text: string): void => {
    process.stderr.write(text);
  };
  const context: Partial<StepContext> = {
    exec: (command, args, options = {}) =>
      exec(command, args, { cwd: root, onOutput: log, ...options }),
    say: log,
    log,
  };
  // It needs what else a step has for nothing.
  const executablePath = await findChromium(context as StepContext);
  return chromium.launch({ executablePath, args: chromiumFlags });
}

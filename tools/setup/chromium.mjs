// The browser that tests run in: a real Chromium of the system.
import { access, constants } from 'node:fs/promises';

import { canInstall, installPackages } from './apt.mjs';
import { StepFailure } from './failure.mjs';

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

// No sandbox: in containers there is none to be had. The rest keeps Chromium
// from talking to anything but the page under test.
export const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * @param {import('./runner.mjs').StepContext} context
 * @returns {Promise<string>} path of the program
 * @throws {StepFailure} if there is none and none can be installed
 */
export async function findChromium(context) {
  const chosen = process.env.CHROME_PATH;
  if (chosen) {
    if (await isProgram(chosen)) return chosen;
    throw new StepFailure(`CHROME_PATH is "${chosen}", which is not a program.`, {
      advice: 'Correct or unset it.',
    });
  }
  const installed = await firstOf(places);
  if (installed) return installed;

  if (await canInstall()) {
    await installPackages(['chromium'], 'the browser that tests run in', context);
    const now = await firstOf(places);
    if (now) return now;
  }
  throw new StepFailure('There is no Chromium for the tests.', {
    advice: 'Install Chromium or Chrome, or name one in CHROME_PATH.',
  });
}

async function firstOf(paths) {
  for (const path of paths) if (await isProgram(path)) return path;
  return null;
}

const isProgram = (path) =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

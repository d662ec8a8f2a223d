// Runs compiled and bound test suites in headless Chromium:
//
//   CHROME_PATH=/usr/bin/chromium node tools/wasm-tests/run.mjs DIR
//
// with one folder in DIR for each suite. Prints every test and one line of
// totals a suite; exits with 1 if a test failed, a suite broke, or none ran.
import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';

import { chromium } from 'playwright-core';

import { chromiumFlags } from '../setup/chromium.mjs';
import { serveSuites } from './server.mjs';

// For a whole suite; a test that hangs would otherwise hang the run.
const suite_timeout_ms = 300_000;

const suitesDir = resolve(process.argv[2]);
const server = await serveSuites(suitesDir);
const browser = await chromium.launch({
  executablePath: process.env.CHROME_PATH,
  args: chromiumFlags,
});
try {
  let count = 0;
  let isPassed = true;
  for (const suite of (await readdir(suitesDir)).sort()) {
    const result = await runSuite(suite);
    count += result.count;
    isPassed &&= result.isPassed;
  }
  if (count === 0) console.log('No test ran.');
  process.exitCode = isPassed && count > 0 ? 0 : 1;
} finally {
  await browser.close();
  server.close();
}

/** A page of its own for each suite, so that none sees what another left behind. */
async function runSuite(suite) {
  console.log(`\nsuite ${suite}`);
  const page = await browser.newPage();
  let crash;
  page.on('crash', () => (crash = 'the page crashed'));
  page.on('pageerror', (error) => console.log(`uncaught: ${error.stack ?? error.message}`));
  try {
    await page.goto(`${server.url}/?suite=${suite}`);
    const result = await withTimeout(page.evaluate('globalThis.result'));
    console.log(await page.textContent('#output'));
    if (result.error) throw new Error(result.error);
    return result;
  } catch (error) {
    const shown = await page.textContent('#output', { timeout: 1000 }).catch(() => '');
    console.log(`${shown}\nThe suite ${suite} broke: ${crash ?? error.message}`);
    return { isPassed: false, count: 0 };
  } finally {
    await page.close();
  }
}

async function withTimeout(promise) {
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`not done after ${suite_timeout_ms / 1000} s`)),
      suite_timeout_ms,
    );
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** What uni-app's tools make of the sample, for each platform. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { builtFor, type Platform } from './built.ts';

/** WeChat's and Alipay's limit of what is loaded before anything is shown. */
const MAIN_PACKAGE_BYTES_MAX = 2 * 1024 * 1024;

async function filesOf(platform: Platform): Promise<string[]> {
  const entries = await readdir(builtFor(platform), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

test.for(['mp-weixin', 'mp-alipay'] as const)('%s fits into a main package', async (platform) => {
  const sizes = await Promise.all(
    (await filesOf(platform)).map(async (file) => (await stat(file)).size),
  );
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  expect(bytes).toBeGreaterThan(100_000);
  expect(bytes).toBeLessThan(MAIN_PACKAGE_BYTES_MAX);
});

test.for(['mp-weixin', 'mp-alipay', 'app'] as const)(
  '%s has nothing that only modules and web pages have',
  async (platform) => {
    for (const file of (await filesOf(platform)).filter((name) => name.endsWith('.js'))) {
      // uni-app's own view layer is a web page.
      if (/uni-app-view|__uniapp/.test(file)) continue;
      const code = await readFile(file, 'utf8');
      expect(code, file).not.toMatch(/\bimport\.meta\b|\beval\(|\bnew Function\(/);
    }
  },
);

test.for(['h5', 'mp-weixin', 'mp-alipay', 'app'] as const)(
  '%s has every page',
  async (platform) => {
    const all = (await filesOf(platform)).join('\n');
    for (const page of ['login', 'conversations', 'chat', 'broadcasts']) {
      expect(all).toContain(`${page}${platform === 'h5' ? '' : `/${page}`}`);
    }
  },
);

test('a web page loads the WebAssembly, and not its twin in JavaScript', async () => {
  const files = await filesOf('h5');
  const scripts = await Promise.all(
    files.filter((file) => file.endsWith('.js')).map((file) => readFile(file, 'utf8')),
  );
  expect(files.filter((file) => file.endsWith('.wasm'))).toHaveLength(1);
  expect(scripts.join('').length).toBeLessThan(400_000);
});

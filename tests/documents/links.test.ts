/** Links between documents lead somewhere: to a file that is there, and to a heading in it. */
import { access, readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import { expect, test } from 'vitest';

import { inRoot, root } from '../../tools/setup/paths.mjs';

const SKIPPED = /(^|\/)(node_modules|target|dist|results)\//;

async function documents(): Promise<string[]> {
  const found: string[] = [];
  const look = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.name.startsWith('.') || SKIPPED.test(`${relative(root, path)}/`)) continue;
      if (entry.isDirectory()) await look(path);
      else if (entry.name.endsWith('.md')) found.push(path);
    }
  };
  await look(root);
  return found;
}

/** As the pages of repositories name headings. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replace(/ /g, '-');

const withoutCode = (text: string): string => text.replace(/^```.*?^```$/gms, '');

async function anchorsOf(path: string): Promise<Set<string>> {
  const text = withoutCode(await readFile(path, 'utf8'));
  return new Set(
    Array.from(text.matchAll(/^#+ +(.+)$/gm), ([, heading = '']) => anchorOf(heading)),
  );
}

test('every link to a file or a heading', async () => {
  const broken: string[] = [];
  const paths = await documents();
  expect(paths).toContain(inRoot('docs/errors.md'));
  let count = 0;
  for (const path of paths) {
    const text = withoutCode(await readFile(path, 'utf8')).replace(/`[^`\n]*`/g, '');
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      count += 1;
      const [file = '', anchor] = target.split('#');
      const aim = file === '' ? path : join(dirname(path), decodeURIComponent(file));
      const isThere = await access(aim).then(
        () => true,
        () => false,
      );
      const hasAnchor =
        !isThere ||
        anchor === undefined ||
        !aim.endsWith('.md') ||
        (await anchorsOf(aim)).has(anchor);
      if (!isThere || !hasAnchor) broken.push(`${relative(root, path)}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
  expect(count).toBeGreaterThan(50);
});

// A project made of the files that a guide shows.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Files of a guide: each is named by a line of its own, like `` `src/chat.ts`: ``, right before the
 * block with its content.
 *
 * @param {string} markdown
 * @returns {Map<string, string>} contents by path
 */
export function filesOf(markdown) {
  const named = /^`([^`\n]+)`:\n\n```\w+\n(.*?)^```$/gms;
  return new Map(Array.from(markdown.matchAll(named), ([, path, content]) => [path, content]));
}

/**
 * Writes them into a folder.
 *
 * @param {string} guide
 * @param {string} folder
 */
export async function writeGuide(guide, folder) {
  for (const [path, content] of filesOf(await readFile(guide, 'utf8'))) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

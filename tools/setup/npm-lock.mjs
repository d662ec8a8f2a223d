// Whether node_modules holds what package-lock.json asks for.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Compares contents, not times: a fresh checkout gives every file a new time.
 *
 * @param {string} root the folder of package-lock.json
 */
export async function isInstalled(root) {
  const [wanted, installed] = await Promise.all(
    ['package-lock.json', 'node_modules/.package-lock.json'].map((file) =>
      readFile(join(root, file), 'utf8')
        .then(JSON.parse)
        .catch(() => null),
    ),
  );
  if (!wanted || !installed) return false;
  return Object.entries(wanted.packages).every(([path, { version, optional, link, resolved }]) => {
    // The workspaces themselves are not installed, only linked.
    if (!path.includes('node_modules/')) return true;
    const there = installed.packages[path];
    // Optional ones are mostly binaries for other systems.
    if (!there) return optional === true;
    return link ? there.resolved === resolved : there.version === version;
  });
}

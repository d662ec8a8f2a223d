// What may come in from npm, read from a lock file: what cargo-deny is to crates, without a database of
// holes, for which there is `npm audit` where the registry answers it.

/** Licences that are as free as ours, or whose terms the tools that have them meet by being tools. */
const licences = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  // Data of browsers' features, which only build tools read.
  'CC-BY-4.0',
  'ISC',
  'MIT',
  'MIT-0',
  // File by file: it binds changes to its own files alone. lightningcss, at build time.
  'MPL-2.0',
  // argparse, of build tools.
  'Python-2.0',
  'Zlib',
]);

/** Packages with another licence, each with the reason why it may be here. */
const exceptions = [
  // libvips beside Next.js, with which the packed package is tried: nothing of it is passed on.
  /^@img\/sharp-/,
  // Of uni-app's tools: MIT, MIT and Apache-2.0, in files of theirs and not where npm looks.
  /^(dom-walk|exif-parser|qrcode-terminal)$/,
];

/** Packages that run a script when they are installed. */
const scripts = new Set([
  // Puts its binary in place; works without, more slowly.
  'esbuild',
  // Tells the makers of swagger-ui-dist of an installation; SCARF_ANALYTICS=false keeps it quiet.
  '@scarf/scarf',
  // Watches files on macOS alone.
  'fsevents',
  // Thank whoever installs them.
  'core-js',
  'core-js-pure',
]);

/** Packages of which two versions would be two of what has to be one. */
const singles = ['typescript', 'vite', 'vitest', 'vue', 'ws', 'playwright-core', 'prettier'];

/**
 * @typedef {{ version?: string, resolved?: string, integrity?: string, license?: string,
 *   link?: boolean, hasInstallScript?: boolean }} Locked
 * @param {{ packages: Record<string, Locked> }} lock
 * @returns {string[]} what is wrong
 */
export function breaches(lock) {
  const found = [];
  for (const [path, locked] of Object.entries(lock.packages)) {
    const name = path.split('node_modules/').at(-1);
    const { version, resolved, integrity, license, hasInstallScript } = locked;
    const isOurs = locked.link || resolved?.startsWith('file:');
    if (!path.includes('node_modules/') || isOurs || name === undefined) continue;
    const say = (what) => found.push(`${name} ${version}: ${what}`);
    if (!integrity?.startsWith('sha512-')) say('has no sha512 sum in the lock file');
    if (resolved && !resolved.startsWith('https://')) say(`comes from ${resolved}`);
    if (hasInstallScript && !scripts.has(name)) say('runs a script when it is installed');
    if (!isFree(license) && !exceptions.some((one) => one.test(name))) {
      say(`is under ${license ?? 'no licence'}`);
    }
  }
  return found;
}

/**
 * @param {{ packages: Record<string, Locked> }} lock
 * @returns {string[]} what is there more than once
 */
export function duplicates(lock) {
  const entries = Object.entries(lock.packages);
  return singles.flatMap((name) => {
    const paths = entries.filter(([path]) => path.endsWith(`node_modules/${name}`));
    const versions = new Set(paths.map(([, { version }]) => version));
    return versions.size > 1 ? [`${name}: is there in versions ${[...versions].join(', ')}`] : [];
  });
}

/** `MIT`, `(MIT OR GPL-3.0)`, `MIT AND ISC`. */
function isFree(license = '') {
  const all = license.replaceAll(/[()]/g, '').split(' AND ');
  return all.every((either) => either.split(' OR ').some((one) => licences.has(one)));
}

// Programs that tests check what is in `deploy/` with, and run it in. Servers are taken out of their Debian packages
// without being installed: an installed one would start at once, and listen.
import { access, chmod, constants, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { canInstall, installPackages, updateLists } from './apt.mjs';
import { StepFailure } from './failure.mjs';
import { inRoot } from './paths.mjs';

const folder = 'target/programs';

/** By name: the Debian package that has it, and where in it. */
const unpacked = {
  promtool: { package: 'prometheus', path: 'usr/bin/promtool' },
  nginx: { package: 'nginx', path: 'usr/sbin/nginx' },
  caddy: { package: 'caddy', path: 'usr/bin/caddy' },
};

/** Those that are installed, since they are more than a program: by name, their packages. */
const installed = {
  'systemd-analyze': ['systemd'],
  go: ['golang-go'],
  sprig: ['golang-github-masterminds-sprig-dev', 'golang-gopkg-yaml.v3-dev'],
};

/** A library of Go. */
const sprig = '/usr/share/gocode/src/github.com/Masterminds/sprig';

/** What renders the Helm chart: tests/deploy/chart/render.go. */
export const chartRenderer = `${folder}/render-chart`;

/** The Go that it is made with: libraries of Debian, no modules. */
const goEnvironment = {
  GO111MODULE: 'off',
  GOPATH: '/usr/share/gocode',
  GOFLAGS: '',
  GOTOOLCHAIN: 'local',
};

/**
 * @param {string} name
 * @returns {Promise<string | null>} its path
 */
export async function findProgram(name) {
  const places = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', inRoot(folder)];
  for (const place of places) {
    const path = join(place, name);
    if (await isThere(path, constants.X_OK)) return path;
  }
  return null;
}

/**
 * @param {import('./runner.mjs').StepContext} context
 * @returns {Promise<import('./runner.mjs').StepOutcome>}
 * @throws {StepFailure} if one is not there, and installing it fails
 */
export async function findPrograms(context) {
  const missing = await missingPrograms();
  if (missing.length > 0 && !(await canInstall())) {
    return {
      skipped: `without ${missing.join(', ')}; tests of deploy/ that need them are skipped`,
    };
  }
  const toUnpack = missing.filter((name) => name in unpacked);
  if (toUnpack.length > 0) await updateLists(context);
  for (const name of toUnpack) {
    await unpack(name, unpacked[name], context);
  }
  const packages = missing.flatMap((name) => installed[name] ?? []);
  if (packages.length > 0) {
    await installPackages(packages, 'tests check with them what is in deploy/', context);
  }
  // Go knows by itself what changed.
  await mkdir(inRoot(folder), { recursive: true });
  const build = ['build', '-o', chartRenderer, 'tests/deploy/chart/render.go'];
  await context.exec('go', build, { env: goEnvironment });
  return { note: [...Object.keys(unpacked), ...Object.keys(installed)].join(', ') };
}

async function missingPrograms() {
  const missing = [];
  for (const name of [...Object.keys(unpacked), ...Object.keys(installed)]) {
    const found = name === 'sprig' ? await isThere(sprig) : await findProgram(name);
    if (!found) missing.push(name);
  }
  return missing;
}

async function unpack(name, source, { exec, say }) {
  say(`Taking ${name} out of Debian's package ${source.package}, which is not installed`);
  const temporary = await mkdtemp(join(tmpdir(), 'seqline-deb-'));
  try {
    await exec('apt-get', ['download', source.package], { cwd: temporary });
    const shell = ['-c', 'dpkg-deb --extract ./*.deb .'];
    await exec('sh', shell, { cwd: temporary });
    await mkdir(inRoot(folder), { recursive: true });
    const program = inRoot(folder, name);
    await copyFile(join(temporary, source.path), program);
    await chmod(program, 0o755);
  } catch (error) {
    throw new StepFailure(`There is no ${name} for the tests.`, {
      advice: `Install it (Debian's package ${source.package} has it), so that it is found in the PATH. ${error.message}`,
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

const isThere = (path, mode = constants.F_OK) =>
  access(path, mode).then(
    () => true,
    () => false,
  );

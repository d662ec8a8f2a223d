/** The Dockerfile, as far as it can be judged where there is no Docker: its form, and that what it names is there. */
import { access, readFile } from 'node:fs/promises';

import { DockerfileParser, type Dockerfile } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { beforeAll, expect, test } from 'vitest';

import { inRoot } from '../../tools/setup/paths.mjs';

let text: string;
let file: Dockerfile;
beforeAll(async () => {
  text = await readFile(inRoot('deploy/Dockerfile'), 'utf8');
  file = DockerfileParser.parse(text);
});

test('a linter has nothing to say', () => {
  const found = validate(text).map(({ range, message }) => [range.start.line + 1, message]);
  expect(found).toEqual([]);
  // It has, where something is wrong.
  expect(validate('FROM a:1\nCMDD ["b"]')).not.toEqual([]);
});

test('every image that it begins with has a version', () => {
  const images = file.getFROMs().map((from) => from.getImage() ?? '');
  expect(images).toHaveLength(3);
  for (const image of images) expect(image).toMatch(/:(\d|\$\{\w+_VERSION\})/);
  const versions = Array.from(text.matchAll(/^ARG \w+_VERSION=(.*)$/gm), ([, version]) => version);
  expect(versions).toHaveLength(3);
  for (const version of versions) expect(version).toMatch(/^\d+\.\d+(\.\d+)?$/);
});

test('its Rust is new enough', async () => {
  const manifest = await readFile(inRoot('Cargo.toml'), 'utf8');
  const needed = /rust-version = "(.*?)"/.exec(manifest)?.[1] ?? 'none';
  expect(text).toContain(`RUST_VERSION=${needed}`);
});

test('it is built by the command that everyone has, and holds its folder', async () => {
  const scripts = JSON.parse(await readFile(inRoot('package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  expect(scripts.scripts['dist']).toBeDefined();
  expect(text).toMatch(/^ +npm run dist -- \/dist$/m);
  expect(text).toContain('COPY --from=build /dist/ /usr/local/');
});

test('what it copies is there, and is not left out', async () => {
  const ignored = await ignoredPaths();
  const sources = file
    .getCOPYs()
    .filter((copy) => !copy.getFlags().some((flag) => flag.getName() === 'from'))
    .flatMap((copy) => copy.getArguments().slice(0, -1))
    .map((argument) => argument.getValue());
  expect(sources.length).toBeGreaterThan(6);
  for (const source of sources) {
    await access(inRoot(source));
    expect([source, ignored.some((path) => source.startsWith(path))]).toEqual([source, false]);
  }
});

test('all packages are known before they are installed', async () => {
  const { workspaces } = JSON.parse(await readFile(inRoot('package.json'), 'utf8')) as {
    workspaces: string[];
  };
  const before = text.slice(0, text.indexOf('npm ci'));
  for (const workspace of workspaces) {
    expect(before).toContain(`COPY ${workspace}/package.json ${workspace}/`);
  }
});

test('all crates are there when it is built', async () => {
  const ignored = await ignoredPaths();
  const manifest = await readFile(inRoot('Cargo.toml'), 'utf8');
  const [, list = ''] = /members = \[(.*?)\]/s.exec(manifest) ?? [];
  const members = Array.from(list.matchAll(/"(.*?)"/g), ([, member = '']) => member);
  expect(members.length).toBeGreaterThan(3);
  for (const member of members) {
    expect([member, ignored.some((path) => member.startsWith(path))]).toEqual([member, false]);
  }
});

test('it runs as a user of its own, whose number is the same everywhere', async () => {
  const [user] = file.getInstructions().filter((one) => one.getKeyword() === 'USER');
  expect(user?.getArgumentsContent()).toBe('10340:10340');
  const pod = await readFile(inRoot('deploy/helm/seqline/templates/_pod.tpl'), 'utf8');
  for (const name of ['runAsUser', 'runAsGroup', 'fsGroup']) {
    expect(pod).toContain(`${name}: 10340`);
  }
  expect(await readFile(inRoot('deploy/compose.yaml'), 'utf8')).toContain('uid=10340,gid=10340');
});

test('it says whether it is alive, and how it is to be stopped', () => {
  const health = file.getHEALTHCHECKs().at(-1);
  expect(health?.getArgumentsContent()).toContain('CMD ["alive"]');
  expect(text).toContain('STOPSIGNAL SIGTERM');
  expect(text).toContain('ENTRYPOINT ["seqline-relay"]');
});

/** Beginnings of paths that are not sent to the build; those that a later line takes back are not among them. */
async function ignoredPaths(): Promise<string[]> {
  const lines = (await readFile(inRoot('deploy/Dockerfile.dockerignore'), 'utf8')).split('\n');
  return lines.filter((line) => /^\w/.test(line) && !line.includes('*'));
}

/** An empty project that the packed package is installed into, and nothing else of ours. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { inRoot } from '../../tools/setup/paths.mjs';

const execFileAsync = promisify(execFile);

/** @returns what it printed; its errors go into the error that is thrown if it fails */
export function run(cwd: string, command: string, ...args: string[]): Promise<string> {
  return runWith(cwd, {}, command, ...args);
}

async function runWith(
  cwd: string,
  env: NodeJS.ProcessEnv,
  command: string,
  ...args: string[]
): Promise<string> {
  try {
    const options = { cwd, env: { ...process.env, ...env }, timeout: 300_000 };
    const { stdout } = await execFileAsync(command, args, options);
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`\`${command} ${args.join(' ')}\` failed:\n${stdout}\n${stderr}`, {
      cause: error,
    });
  }
}

export interface Packed {
  /** The tarball. */
  path: string;
  /** Paths of the files in it. */
  files: string[];
}

/**
 * Packs the npm package as `npm publish` would, in a copy of its folder: packing puts files into
 * it for a moment, and other tests pack, too.
 */
export async function pack(folder: string): Promise<Packed> {
  const copied = ['package.json', 'README.md', 'dist', 'scripts'].map((name) => `pkg/${name}`);
  for (const path of [...copied, 'LICENSE-MIT', 'LICENSE-APACHE']) {
    await cp(inRoot(path), join(folder, path), { recursive: true });
  }
  const what = ['--json', '--pack-destination', folder];
  const output = await run(join(folder, 'pkg'), 'npm', 'pack', ...what);
  const [packed] = JSON.parse(output.slice(output.indexOf('['))) as [
    { filename: string; files: { path: string }[] },
  ];
  return { path: join(folder, packed.filename), files: packed.files.map(({ path }) => path) };
}

export class Project {
  readonly folder: string;

  /**
   * A new project in a temporary folder, with the files of some fixtures.
   * @param tarball of the package, the project's only dependency
   */
  static async create(tarball: string, ...fixtures: string[]): Promise<Project> {
    const [fixture = 'empty'] = fixtures;
    const project = new Project(await mkdtemp(join(tmpdir(), `seqline-${fixture}-`)));
    const manifest = { name: fixture, private: true, type: 'module' };
    await writeFile(project.path('package.json'), JSON.stringify(manifest));
    for (const name of fixtures) {
      const folder = fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
      await cp(folder, project.folder, { recursive: true });
    }
    const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline'];
    await run(project.folder, 'npm', 'install', ...quiet, tarball);
    return project;
  }

  private constructor(folder: string) {
    this.folder = folder;
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** Lets the project use tools of this repository. They do not come with the package. */
  async link(...tools: string[]): Promise<void> {
    for (const tool of tools) {
      const link = this.path('node_modules', tool);
      await mkdir(dirname(link), { recursive: true });
      await symlink(inRoot('node_modules', tool), link, 'junction');
    }
  }

  /** Runs a program of an installed package, as `npx` does. */
  run(env: NodeJS.ProcessEnv, program: string, ...args: string[]): Promise<string> {
    const path = this.path('node_modules', program);
    return runWith(this.folder, env, process.execPath, path, ...args);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

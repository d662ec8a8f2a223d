/** An empty project that the packed package is installed into, and nothing else of ours. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { inRoot, root } from '../../tools/setup/paths.mjs';

const execFileAsync = promisify(execFile);

/** @returns what it printed; its errors go into the error that is thrown if it fails */
export async function run(cwd: string, command: string, ...args: string[]): Promise<string> {
  try {
    const { stdout } = await execFileAsync(command, args, { cwd, timeout: 300_000 });
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

/** Packs the npm package as `npm publish` would. */
export async function pack(folder: string): Promise<Packed> {
  const what = ['--workspace', 'seqline', '--json', '--pack-destination', folder];
  const output = await run(root, 'npm', 'pack', ...what);
  const [packed] = JSON.parse(output.slice(output.indexOf('['))) as [
    { filename: string; files: { path: string }[] },
  ];
  return { path: join(folder, packed.filename), files: packed.files.map(({ path }) => path) };
}

export class Project {
  readonly folder: string;

  /**
   * A new project in a temporary folder, with the files of a fixture.
   * @param tarball of the package, the project's only dependency
   */
  static async create(fixture: string, tarball: string): Promise<Project> {
    const project = new Project(await mkdtemp(join(tmpdir(), `seqline-${fixture}-`)));
    const manifest = { name: fixture, private: true, type: 'module' };
    await writeFile(project.path('package.json'), JSON.stringify(manifest));
    await cp(fileURLToPath(new URL(`fixtures/${fixture}`, import.meta.url)), project.folder, {
      recursive: true,
    });
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

  /** Lets the project use a tool of this repository. It does not come with the package. */
  async link(tool: string): Promise<void> {
    const link = this.path('node_modules', tool);
    await symlink(inRoot('node_modules', tool), link, 'junction');
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

// A copy of the sources in which one line is wrong at a time.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { type Mutation, mutations } from './list.ts';

const root = join(import.meta.dirname, '../..');

/** What the relay carries along when it is compiled. Nobody looks at the pages here. */
const pages = ['www/chat/dist', 'www/console/dist', 'www/reference/dist'];

/** The relay takes longer to compile than to be found wanting: here it is compiled in a hurry. */
const hasty = ['opt-level=1', 'codegen-units=64'].map(
  (setting) => `profile.simulation.package.seqline-relay.${setting}`,
);

/** How one mutation ended. */
export interface Verdict {
  /** `caught`: a violation was found. `survived`: none in the given time. `broken`: it did not compile. */
  outcome: 'caught' | 'survived' | 'broken';
  /** What the simulation said, or the compiler. */
  said: string;
  /** How long the simulation ran. */
  seconds: number;
}

/** Where the sources are changed and compiled; the checkout itself stays as it is. */
export class Workshop {
  readonly #tree = join(root, 'target/mutations/tree');
  readonly #build = join(root, 'target/mutations/build');

  /** Copies what git knows, so that nothing half-finished and no build output comes along. */
  async open(): Promise<void> {
    await rm(this.#tree, { recursive: true, force: true });
    const { output } = await run('git', ['ls-files', '-z'], root);
    for (const file of output.split('\0').filter((name) => isCompiled(name))) {
      const copy = join(this.#tree, file);
      await mkdir(dirname(copy), { recursive: true });
      await cp(join(root, file), copy, { preserveTimestamps: true });
    }
    for (const folder of pages) await mkdir(join(this.#tree, folder), { recursive: true });
    // Cargo goes by the time of a file: what was compiled while it was wrong is older than this.
    const now = new Date();
    for (const { file } of mutations) await utimes(join(this.#tree, file), now, now);
  }

  /** The simulation of the sources as they are: it must find nothing. */
  async tryUnchanged(seconds: number): Promise<Verdict> {
    return this.#simulate(seconds);
  }

  /** Makes one line wrong, runs the simulation on it, and makes it right again. */
  async try(mutation: Mutation, seconds: number): Promise<Verdict> {
    const file = join(this.#tree, mutation.file);
    const right = await readFile(file, 'utf8');
    await writeFile(file, mutated(mutation, right));
    try {
      return await this.#simulate(seconds);
    } finally {
      await writeFile(file, right);
    }
  }

  async #simulate(seconds: number): Promise<Verdict> {
    const flags = ['--profile', 'simulation', '--target-dir', this.#build, '--locked'];
    flags.push(...hasty.flatMap((setting) => ['--config', setting]));
    const build = ['build', '--quiet', '-p', 'seqline-simulation', ...flags];
    const built = await run('cargo', build, this.#tree, { RUSTFLAGS: '-Awarnings' });
    if (built.code !== 0) return { outcome: 'broken', said: built.output, seconds: 0 };
    const started_ms = performance.now();
    const binary = join(this.#build, 'simulation/simulate');
    const args = ['--seconds', String(seconds), '--jobs', '1', '--shrink-time', '0'];
    const { code, output } = await run(binary, args, this.#tree);
    const took = (performance.now() - started_ms) / 1000;
    if (code !== 0 && code !== 1) {
      return { outcome: 'caught', said: `ended with ${code}: ${lastLine(output)}`, seconds: took };
    }
    return { outcome: code === 1 ? 'caught' : 'survived', said: output, seconds: took };
  }
}

/**
 * The file's text with the mutation in it.
 *
 * @throws Error if the place is not there, or there more than once: the list is out of date.
 */
export function mutated({ name, file, find, replace }: Mutation, text: string): string {
  const parts = text.split(find);
  if (parts.length !== 2) {
    throw new Error(
      `${name}: its place is ${parts.length - 1} times in ${file}, and must be there once; ` +
        'bring tests/mutations/list.ts up to date',
    );
  }
  return parts.join(replace);
}

const isCompiled = (name: string): boolean =>
  /^(sdk|relay|tests\/(fuzz|load|simulation)|tools\/bindgen)\//.test(name) ||
  /^(Cargo\.(toml|lock)|clippy\.toml)$/.test(name);

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

async function run(
  command: string,
  args: string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<{ code: number | null; output: string }> {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => (output += text));
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

/** The real relay as a process that can be killed and started again on its data. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { inRoot, relayBinary } from '../../tools/setup/paths.mjs';

export interface RelayOptions {
  /** Added to the command line. */
  args?: readonly string[];
  /** Secrets of apps, by name. Without, it runs in development mode, with the app `dev`. */
  apps?: Readonly<Record<string, string>>;
  /** What it logs. Default: everything that its own code says. */
  log?: string;
  /** URL of its database. Without, a file of SQLite in its data folder. */
  database?: string;
  /** An existing folder for its data, which is not removed. Without, a new one. */
  dataDir?: string;
  /** Path of the relay's program. Without, the one that was built for the tests. */
  binary?: string;
  /** A program, with its arguments, that starts the relay: one that sets limits, or another user. */
  startedBy?: readonly string[];
}

const start_timeout_ms = 60_000;
const log_length_max = 1_000_000;

export class Relay {
  readonly dataDir: string;
  readonly #options: RelayOptions;
  #process: ChildProcess | undefined;
  #port: number | undefined;
  #log = '';

  /** Starts a relay on a free port, with a data folder of its own. */
  static async start(options: RelayOptions = {}): Promise<Relay> {
    const relay = await Relay.prepare(options);
    await relay.start();
    return relay;
  }

  /** One that is down: for starts that are to fail. */
  static async prepare(options: RelayOptions = {}): Promise<Relay> {
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'seqline-relay-')));
    const relay = new Relay(dataDir, options);
    await writeFile(relay.#config, configOf(options));
    return relay;
  }

  private constructor(dataDir: string, options: RelayOptions) {
    this.dataDir = dataDir;
    this.#options = options;
  }

  /** Where it listens; undefined while it is down. Another one after each start. */
  get port(): number | undefined {
    return this.#port;
  }

  /** Its process; undefined while it is down. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get url(): string {
    if (this.#port === undefined) throw new Error('the relay is down');
    return `http://127.0.0.1:${this.#port}`;
  }

  /** What it wrote, over all starts; only the end of it if there is very much. */
  get log(): string {
    return this.#log;
  }

  /**
   * Starts it again on its data. It takes any free port: its last one may belong to another
   * process by now. A fault proxy in front of it has one address for good.
   *
   * @param environment added to its variables, this time
   */
  async start(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    if (this.#process) throw new Error('the relay is up');
    const binary = this.#options.binary ?? (await findBinary());
    const place = ['--listen', '127.0.0.1:0', '--database', this.#database];
    const filter = this.#options.log ?? 'info,seqline_relay=debug';
    const log = ['--log', filter, '--log-format', 'human'];
    const setting = ['--config', this.#config, ...place, ...log];
    const args = ['serve', ...setting, ...(this.#options.args ?? [])];
    const [program = binary, ...rest] = [...(this.#options.startedBy ?? []), binary, ...args];
    const child = spawn(program, rest, {
      // What it makes where its database is no file: the secret of development mode.
      cwd: this.dataDir,
      env: { ...foreignEnvironment(), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    this.#log += `--- started as process ${child.pid ?? 'none'}\n`;
    child.on('exit', (code, signal) => {
      this.#log += `--- ended with ${signal ?? `code ${code ?? 'none'}`}\n`;
      this.#process = undefined;
      this.#port = undefined;
    });
    this.#port = await this.#listening(child);
  }

  /** Ends it with SIGKILL: no chance to tidy up. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Asks it to drain and stop. @returns its exit code */
  async terminate(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  /** Stops it in the middle of whatever it does: it answers nobody, and closes nothing. */
  suspend(): void {
    this.#signal('SIGSTOP');
  }

  /** Lets it go on after that. */
  resume(): void {
    this.#signal('SIGCONT');
  }

  /** Ends it and removes its data. */
  async dispose(): Promise<void> {
    if (this.#process) await this.kill();
    if (this.#options.dataDir !== undefined) return;
    await rm(this.dataDir, { recursive: true, force: true });
  }

  /** Its database, if that is a file. */
  get file(): string {
    return join(this.dataDir, 'seqline.db');
  }

  get #database(): string {
    return this.#options.database ?? `sqlite:${this.file}`;
  }

  get #config(): string {
    return join(this.dataDir, 'relay.toml');
  }

  #signal(signal: NodeJS.Signals): ChildProcess {
    const child = this.#process;
    if (!child) throw new Error('the relay is down');
    child.kill(signal);
    return child;
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const ended = once(this.#signal(signal), 'exit');
    const [code] = (await ended) as [number | null];
    return code;
  }

  /** The port that it says it listens on. */
  async #listening(child: ChildProcess): Promise<number> {
    return new Promise((resolve, reject) => {
      const fail = (reason: string): void => {
        reject(new Error(`The relay ${reason}. It said:\n${this.#log}`));
      };
      const timer = setTimeout(() => {
        fail('did not start in time');
        child.kill('SIGKILL');
      }, start_timeout_ms);
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding('utf8').on('data', (text: string) => {
          this.#log = `${this.#log}${text}`.slice(-log_length_max);
          output = `${output}${text}`.slice(-log_length_max);
          const port = /listening on http:\/\/[^\s:]+:(\d+)/.exec(output)?.[1];
          if (port !== undefined) {
            clearTimeout(timer);
            resolve(Number(port));
          }
        });
      }
      child.on('error', (error) => {
        fail(`could not be started: ${error.message}`);
      });
      child.on('close', () => {
        clearTimeout(timer);
        fail('ended before it listened');
      });
    });
  }
}

function configOf({ apps }: RelayOptions): string {
  if (!apps) return 'dev = true\n';
  return Object.entries(apps)
    .map(([name, secret]) => `[apps.${name}]\nsecret = ${JSON.stringify(secret)}\n`)
    .join('\n');
}

/** Without what would configure a relay of whoever runs the tests. */
function foreignEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith('SEQLINE_'));
  return Object.fromEntries(entries);
}

/** The relay that was built for the tests. */
export async function findBinary(): Promise<string> {
  const binary = resolve(process.env['SEQLINE_RELAY_BINARY'] ?? inRoot(relayBinary('debug')));
  try {
    await access(binary);
  } catch {
    throw new Error(
      `There is no relay at ${binary}. \`npm run test:e2e\` at the top of the repository builds it.`,
    );
  }
  return binary;
}

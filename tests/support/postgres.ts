/** A PostgreSQL server of a test's own, which can be killed and started again on its data. */
import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { promisify } from 'node:util';

import { serverCommand, serverUrl } from '../../tools/setup/postgres-server.mjs';
import { installedPostgres } from '../../tools/setup/postgres.mjs';

// The only one there is: it has no port, and its folder is its own.
const socket = '.s.PGSQL.5432';
const owner = 'postgres';
const query_bytes_max = 256 * 1024 * 1024;

const run = promisify(execFile);

export class Postgres {
  readonly #bin: string;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;
  #folder = '';
  #errors = '';

  /** Starts one, with all its data synced as in production. */
  static async start(): Promise<Postgres> {
    const bin = process.env['SEQLINE_POSTGRES_BIN'] ?? (await installedPostgres());
    if (bin === null) {
      throw new Error(
        'There is no PostgreSQL server. Install it (`apt-get install postgresql` on Debian and Ubuntu), or name the folder of its programs in SEQLINE_POSTGRES_BIN.',
      );
    }
    const postgres = new Postgres(bin, await serverCommand(bin));
    postgres.#folder = await postgres.#answer();
    return postgres;
  }

  private constructor(bin: string, [program, ...args]: readonly [string, ...string[]]) {
    this.#bin = bin;
    this.#process = spawn(program, args, { stdio: 'pipe' });
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    this.#lines = createInterface({ input: this.#process.stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** Path of the Unix socket that it listens on. */
  get socket(): string {
    return join(this.#folder, socket);
  }

  /** Of a database, by the Unix socket. */
  url(database = owner): string {
    return serverUrl(this.#folder, database);
  }

  /** The rows of a query, read by PostgreSQL's own client. */
  async query<Row>(sql: string, database = owner): Promise<Row[]> {
    const wrapped = `SELECT coalesce(json_agg(r), '[]') FROM (${sql}) r`;
    return JSON.parse(await this.execute(wrapped, database)) as Row[];
  }

  /** Statements, each for itself. @returns what they print */
  async execute(sql: string, database = owner): Promise<string> {
    const flags = ['-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1', '-U', owner];
    const place = ['-h', this.#folder, '-d', database];
    const psql = join(this.#bin, 'psql');
    const options = { maxBuffer: query_bytes_max };
    const { stdout } = await run(psql, [...flags, ...place, '-c', sql], options);
    return stdout;
  }

  /** An immediate shutdown: connections are cut, nothing is tidied up. */
  async stop(): Promise<void> {
    await this.#obey('stop');
  }

  /** SIGKILL to every process of it. */
  async kill(): Promise<void> {
    await this.#obey('kill');
  }

  async startAgain(): Promise<void> {
    await this.#obey('start');
  }

  /** Ends it, and removes its data. */
  async dispose(): Promise<void> {
    const closed = once(this.#process, 'close');
    this.#process.stdin.end();
    await closed;
    this.#lines.close();
  }

  async #obey(what: string): Promise<void> {
    this.#process.stdin.write(`${what}\n`);
    const answer = await this.#answer();
    if (answer !== 'done') throw new Error(`PostgreSQL: ${what}: ${answer}`);
  }

  async #answer(): Promise<string> {
    const answer = await this.#answers.next();
    if (answer.done === true) throw new Error(`PostgreSQL did not start:\n${this.#errors}`);
    return answer.value;
  }
}

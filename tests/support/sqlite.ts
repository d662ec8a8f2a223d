/** Reads a file of SQLite with SQLite's own program, also while a relay works on it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const query_bytes_max = 256 * 1024 * 1024;

/** The rows of a query. */
export async function querySqlite<Row>(file: string, sql: string): Promise<Row[]> {
  const text = await sqlite(file, '-readonly', '-json', sql);
  return (text === '' ? [] : JSON.parse(text)) as Row[];
}

/** Runs statements. @returns what they print */
export const executeSqlite = (file: string, sql: string): Promise<string> => sqlite(file, sql);

async function sqlite(file: string, ...args: string[]): Promise<string> {
  const flags = args.slice(0, -1);
  const options = { maxBuffer: query_bytes_max };
  try {
    const { stdout } = await run('sqlite3', [...flags, file, args.at(-1) ?? ''], options);
    return stdout.trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(
      'There is no sqlite3. Install it: `apt-get install sqlite3` on Debian and Ubuntu, `brew install sqlite` on macOS.',
      { cause: error },
    );
  }
}

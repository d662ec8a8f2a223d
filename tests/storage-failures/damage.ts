/** Damages files of SQLite the way that disks do. */
import { copyFile, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';

import { executeSqlite, querySqlite } from '../support/sqlite.ts';

export const page_bytes = 4096;
/** First byte of such a page, by SQLite's file format. */
const leaf_of_index = 0x0a;
const beside = ['', '-wal', '-shm', '.search', '.search-wal', '.search-shm'];

/** Moves everything from the log into the file. The relay is down. */
export async function foldBack(file: string): Promise<void> {
  await executeSqlite(file, 'PRAGMA wal_checkpoint(TRUNCATE)');
}

/**
 * Number of the page, from 0, on which one of these texts is, and through which nothing else is
 * found: SQLite keeps rows in the pages between, too.
 */
export async function leafWith(file: string, texts: readonly string[]): Promise<number> {
  const bytes = await readFile(file);
  const pages = texts.map((text) => Math.floor(bytes.indexOf(text) / page_bytes));
  const leaf = pages.find((page) => bytes[page * page_bytes] === leaf_of_index);
  if (leaf === undefined) throw new Error('none of the texts is on a leaf');
  return leaf;
}

/** Number of the page, from 0, on which an index or a table begins. */
export async function rootPage(file: string, name: string): Promise<number> {
  const sql = `SELECT rootpage FROM sqlite_schema WHERE name = '${name}'`;
  const [row] = await querySqlite<{ rootpage: number }>(file, sql);
  if (!row) throw new Error(`there is no ${name}`);
  return row.rootpage - 1;
}

/** Overwrites bytes. @returns puts back what was there */
export async function overwrite(
  file: string,
  at: number,
  length: number,
): Promise<() => Promise<void>> {
  const handle = await open(file, 'r+');
  try {
    const before = Buffer.alloc(length);
    await handle.read(before, 0, length, at);
    await handle.write(Buffer.alloc(length, 0xa5), 0, length, at);
    return async () => {
      const again = await open(file, 'r+');
      await again.write(before, 0, length, at);
      await again.close();
    };
  } finally {
    await handle.close();
  }
}

/** A database with its log, as a crash left it. */
export class Remains {
  readonly #file: string;

  /** Takes a copy of what is there. The relay is down. */
  static async of(file: string): Promise<Remains> {
    const remains = new Remains(file);
    for (const end of ['', '-wal']) await copyFile(`${file}${end}`, `${file}${end}.remains`);
    return remains;
  }

  private constructor(file: string) {
    this.#file = file;
  }

  /** The log. */
  get wal(): string {
    return `${this.#file}-wal`;
  }

  async walBytes(): Promise<number> {
    return (await readFile(`${this.wal}.remains`)).length;
  }

  /** Puts back what was copied, and nothing else. */
  async restore(): Promise<void> {
    for (const end of beside) await rm(`${this.#file}${end}`, { force: true });
    for (const end of ['', '-wal']) {
      await writeFile(`${this.#file}${end}`, await readFile(`${this.#file}${end}.remains`));
    }
  }

  async tear(bytes: number): Promise<void> {
    await truncate(this.wal, bytes);
  }
}

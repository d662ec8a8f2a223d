import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

import type { Changes, Storage } from '../types.js';
import { apply, fromText, toText, type Records } from './records.js';

/**
 * Keeps cursors and outboxes in a folder, one file for each account. A crash at any moment
 * leaves the file as it was before or after a write. Only one process may use a file at a time.
 * @param folder made if it is missing
 * @returns a function for the option `storage`
 */
export function fileStorage(folder: string): (account: string) => Promise<Storage> {
  return async (account) => {
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${encodeURIComponent(account)}.json`);
    const file = new RecordsFile(folder, path, await readRecords(path));
    return {
      load: () => Promise.resolve(file.records()),
      write: (changes) => file.write(changes),
      close: () => undefined,
    };
  };
}

async function readRecords(path: string): Promise<Records> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
  try {
    return fromText(text);
  } catch (error) {
    throw new Error(`${path} cannot be read; move it away to start afresh`, { cause: error });
  }
}

class RecordsFile {
  readonly #folder: string;
  readonly #path: string;
  #kept: Records;
  #lastWrite: Promise<void> = Promise.resolve();

  constructor(folder: string, path: string, kept: Records) {
    this.#folder = folder;
    this.#path = path;
    this.#kept = kept;
  }

  records(): [string, Uint8Array][] {
    return [...this.#kept];
  }

  /** One after the other. One that fails changes nothing, and does not keep the next from working. */
  write(changes: Changes): Promise<void> {
    const write = this.#lastWrite
      .catch(() => undefined)
      .then(async () => {
        const records = new Map(this.#kept);
        apply(records, changes);
        await this.#replace(toText(records));
        this.#kept = records;
      });
    this.#lastWrite = write;
    return write;
  }

  async #replace(text: string): Promise<void> {
    const next = `${this.#path}.next`;
    const file = await open(next, 'w');
    try {
      await file.writeFile(text);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(next, this.#path);
    await syncFolder(this.#folder);
  }
}

/** Makes the new name last. Not every system lets a folder be opened for that. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // Windows.
  }
}

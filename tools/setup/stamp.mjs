// Remembers what a step was made from, so that it is skipped while nothing
// changed: the contents of its inputs, its key (tool versions, the code of the
// step itself), and the outputs as they were left.
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

// Folders that builds write into, inside folders that people write into.
const generated = new Set(['node_modules', 'dist', 'target', '.git']);

/**
 * @param {object} step
 * @param {string} step.name
 * @param {string[]} step.inputs files and folders, relative to `root`; one that is missing counts as empty
 * @param {string[]} step.outputs files and folders that the step makes
 * @param {string} key whatever else the outputs depend on
 */
export class Stamp {
  constructor({ name, inputs, outputs }, key, { root, stampDir }) {
    this.file = join(stampDir, `${name}.json`);
    this.inputs = inputs;
    this.outputs = outputs;
    this.key = key;
    this.root = root;
  }

  /** Whether the outputs are there, untouched, and made from inputs like today's. */
  async isFresh() {
    const saved = await readFile(this.file, 'utf8')
      .then(JSON.parse)
      .catch(() => null);
    if (!saved) return false;
    const outputs = await this.#fingerprintOutputs();
    return (
      outputs !== null && outputs === saved.outputs && saved.inputs === (await this.hashInputs())
    );
  }

  /**
   * To be taken before the step runs: what changes while it runs must count as
   * changed the next time.
   */
  async hashInputs() {
    const hash = createHash('sha256').update(this.key);
    for (const input of this.inputs) {
      for (const file of await filesUnder(join(this.root, input))) {
        hash.update(`\0${file}\0`).update(await readFile(file));
      }
    }
    return hash.digest('hex');
  }

  async save(inputs) {
    const outputs = await this.#fingerprintOutputs();
    if (outputs === null) return;
    await mkdir(join(this.file, '..'), { recursive: true });
    const unfinished = `${this.file}.${process.pid}`;
    await writeFile(unfinished, JSON.stringify({ inputs, outputs }));
    await rename(unfinished, this.file);
  }

  // Size and time are enough here: this only has to notice that something else
  // wrote or removed them.
  async #fingerprintOutputs() {
    const hash = createHash('sha256');
    for (const output of this.outputs) {
      const files = await filesUnder(join(this.root, output));
      if (files.length === 0) return null;
      for (const file of files) {
        const { size, mtimeMs } = await stat(file);
        hash.update(`\0${file}\0${size}\0${mtimeMs}`);
      }
    }
    return hash.digest('hex');
  }
}

/** All files under a path (itself, if it is a file) in a fixed order; none if it is missing. */
async function filesUnder(path) {
  const info = await stat(path).catch(() => null);
  if (!info) return [];
  if (!info.isDirectory()) return [path];
  const entries = await readdir(path, { withFileTypes: true });
  const files = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory() && generated.has(entry.name)) continue;
    if (entry.isDirectory() || entry.isFile())
      files.push(...(await filesUnder(join(path, entry.name))));
  }
  return files;
}

/** The files of an app's package, and `require` as mini-programs have it. */
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

import type { Realm } from './realm.ts';

/** Names that hosts hide from a module, whatever is global. */
const HIDDEN = ['window', 'document', 'frames', 'self', 'location', 'navigator', 'localStorage'];

type ModuleFunction = (require: unknown, module: { exports: unknown }, exports: unknown) => void;

export class PackageFiles {
  readonly #folder: string;
  readonly #realm: Realm;
  readonly #modules = new Map<string, { exports: unknown }>();

  /** @param folder the package's top, which its scripts know as `/` */
  constructor(folder: string, realm: Realm) {
    this.#folder = folder;
    this.#realm = realm;
  }

  has(path: string): boolean {
    return existsSync(this.#place(path));
  }

  read(path: string): Buffer {
    return readFileSync(this.#place(path));
  }

  /** @param path from the package's top */
  require(path: string): unknown {
    return this.#load(posix.join('/', path));
  }

  #load(path: string): unknown {
    const file = this.#resolve(path);
    const known = this.#modules.get(file);
    if (known) return known.exports;
    const module = { exports: {} };
    this.#modules.set(file, module);
    const code = this.read(file).toString();
    const names = ['require', 'module', 'exports', ...HIDDEN].join(', ');
    const wrapped = `(function (${names}) {${code}\n})`;
    const run = this.#realm.run(wrapped, this.#place(file)) as ModuleFunction;
    const require = (name: string) => this.#load(this.#target(name, file));
    run(require, module, module.exports);
    return module.exports;
  }

  /** Packages from npm are what the host's tools have copied to `miniprogram_npm`. */
  #target(name: string, from: string): string {
    if (name.startsWith('/')) return name;
    if (name.startsWith('.')) return posix.join(posix.dirname(from), name);
    const installed = posix.join('/miniprogram_npm', name);
    return this.has(`${installed}/index.js`) ? installed : posix.join(posix.dirname(from), name);
  }

  #resolve(path: string): string {
    const found = [path, `${path}.js`, `${path}/index.js`].find(
      (file) => file.endsWith('.js') && this.has(file),
    );
    if (found === undefined) throw new Error(`module '${path}' is not defined`);
    return found;
  }

  #place(path: string): string {
    return join(this.#folder, path);
  }
}

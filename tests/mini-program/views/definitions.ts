/** Reads an app's pages and components: what their scripts register, their templates. */
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

import type { Definition, Options } from './instance.ts';
import { Template, type Markup } from './template.ts';

export class Definitions {
  readonly #folder: string;
  readonly #suffix: string;
  readonly #markup: Markup;
  readonly #run: (script: string) => void;
  readonly #known = new Map<string, Definition>();
  /** What scripts have given to `Page` or `Component`, the last one at the end. */
  readonly #registered: Options[] = [];

  /**
   * @param suffix of templates, with the dot
   * @param run runs a script of the app's package, once
   */
  constructor(
    folder: string,
    { suffix, markup }: { suffix: string; markup: Markup },
    run: (script: string) => void,
  ) {
    this.#folder = folder;
    this.#suffix = suffix;
    this.#markup = markup;
    this.#run = run;
  }

  /** `Page` and `Component`, for scripts to call. */
  readonly register = (options: Options): void => {
    this.#registered.push(options);
  };

  /** @param path in the package, without a suffix */
  get(path: string): Definition {
    const known = this.#known.get(path);
    if (known) return known;
    const { usingComponents = {} } = JSON.parse(this.#read(`${path}.json`)) as {
      usingComponents?: Record<string, string>;
    };
    const components = new Map(
      Object.entries(usingComponents).map(([tag, place]) => [
        tag,
        this.get(posix.join(posix.dirname(path), place)),
      ]),
    );
    this.#run(`${path}.js`);
    const options = this.#registered.pop();
    if (!options) throw new Error(`${path}.js registers nothing`);
    const template = new Template(this.#read(`${path}${this.#suffix}`), this.#markup);
    const definition = { path, options, template, components };
    this.#known.set(path, definition);
    return definition;
  }

  #read(path: string): string {
    return readFileSync(join(this.#folder, path), 'utf8');
  }
}

/** The sample as a mini-program, drawn from its compiled templates. */
import { expect } from 'vitest';

import type { DrawnProgram } from '../mini-program/views/drawn-program.ts';
import type { Found } from '../mini-program/views/instance.ts';
import { textIn } from '../mini-program/views/template.ts';
import type { Screen, Seen } from './screen.ts';

export class MiniProgramScreen implements Screen {
  program: DrawnProgram;

  constructor(program: DrawnProgram) {
    this.program = program;
  }

  get uncaught(): readonly string[] {
    return this.program.program.realm.errors.map(String);
  }

  find(name: string): Promise<Seen[]> {
    const seen = this.program.find(name).map(({ drawn }) => ({
      text: textIn(drawn),
      data: Object.fromEntries(
        Object.entries(drawn.attributes).map(([attribute, value]) => [
          attribute.replace(/^data-/, ''),
          String(value),
        ]),
      ),
    }));
    return Promise.resolve(seen);
  }

  async tap(name: string): Promise<void> {
    await this.program.tap(await this.#only(name));
  }

  async choose(name: string, text: string, choice: string): Promise<void> {
    this.program.willChoose(choice);
    await this.program.tap(await this.#only(name, text));
  }

  async fill(name: string, text: string): Promise<void> {
    const field = await this.#only(name);
    await this.program.input(field, text);
    await expect
      .poll(() => this.program.find(name).map(({ drawn }) => drawn.attributes['value']))
      .toEqual([text]);
  }

  back(): Promise<void> {
    this.program.back();
    return Promise.resolve();
  }

  async #only(name: string, text = ''): Promise<Found> {
    const found = () => this.program.find(name).filter(({ drawn }) => textIn(drawn).includes(text));
    await expect.poll(() => found().length, { message: name }).toBe(1);
    const [only] = found();
    if (!only) throw new Error(`${name} is gone again`);
    return only;
  }
}

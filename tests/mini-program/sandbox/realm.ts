/**
 * The world in which a mini-program's scripts run: the language, timers, a console, and what the
 * host adds. There is no way out: no `eval`, no `Function`, nothing of Node, nothing of the web.
 */
import { createContext, runInContext, type Context } from 'node:vm';

import { Timers } from './timers.ts';

/** What engines of phones lack, or hosts take away, though the language has it. */
const MISSING = [
  'WebAssembly',
  'SharedArrayBuffer',
  'Atomics',
  'FinalizationRegistry',
  'WeakRef',
  'escape',
  'unescape',
];

export interface RealmOptions {
  /** Whether there is a `globalThis`; Alipay's simulator has none. Default: yes. */
  hasGlobalThis?: boolean;
}

export class Realm {
  readonly timers = new Timers((error) => {
    this.failed(error);
  });
  /** What went to the console, oldest first. */
  readonly output: { level: string; text: string }[] = [];
  /** What scripts threw where nobody catches it. */
  readonly errors: unknown[] = [];
  readonly #context: Context;
  readonly #globals: Record<string, unknown>;
  readonly #copy: (length: number, bytes: Uint8Array) => ArrayBuffer;

  constructor({ hasGlobalThis = true }: RealmOptions = {}) {
    this.#globals = { ...this.timers.globals(), console: this.#console() };
    this.#context = createContext(
      this.#globals,
      // What WebAssembly there is, is the host's and not the script's.
      { codeGeneration: { strings: false, wasm: false } },
    );
    for (const name of MISSING) this.run(`delete globalThis.${name};`);
    this.#copy = this.run(
      '((length, bytes) => { const copy = new Uint8Array(length); copy.set(bytes); return copy.buffer; })',
    ) as never;
    if (!hasGlobalThis) this.run('delete globalThis.globalThis;');
  }

  /** Runs a script. @returns its last value */
  run(code: string, filename = 'realm.js'): unknown {
    return runInContext(code, this.#context, { filename });
  }

  /** Adds globals. */
  define(globals: Record<string, unknown>): void {
    Object.assign(this.#globals, globals);
  }

  /** An `ArrayBuffer` of this world, as `instanceof` tells. */
  ownBuffer(bytes: Uint8Array): ArrayBuffer {
    return this.#copy(bytes.length, bytes);
  }

  /** Calls something of the scripts, later: hosts never do it at once. */
  post(callback: unknown, ...args: unknown[]): void {
    if (typeof callback !== 'function') return;
    this.timers.post(() => {
      (callback as (...args: unknown[]) => void)(...args);
    });
  }

  failed(error: unknown): void {
    this.errors.push(error);
  }

  /** Nothing runs any more: the user has closed the app, or the system has. */
  stop(): void {
    this.timers.stop();
  }

  #console(): Record<string, (...values: unknown[]) => void> {
    const levels = ['log', 'info', 'warn', 'error', 'debug'];
    const write =
      (level: string) =>
      (...values: unknown[]) => {
        this.output.push({ level, text: values.map((value) => textOf(value)).join(' ') });
      };
    return Object.fromEntries(levels.map((level) => [level, write(level)]));
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  // Errors of the other world are no `Error` of this one.
  const { stack, message } = Object(value) as { stack?: unknown; message?: unknown };
  if (typeof stack === 'string') return stack;
  return typeof message === 'string' ? message : JSON.stringify(value);
}

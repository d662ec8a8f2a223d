/**
 * A user of the crash test: the process that her app runs in, and what she knows whatever
 * becomes of it (what she wrote, and what she was shown).
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { Seen } from '../../support/ledger.ts';
import type { Signal } from '../../support/signal.ts';
import type { Draft, FromApp, Start, ToApp } from './messages.ts';

const app = fileURLToPath(new URL('app.ts', import.meta.url));

export class Participant {
  readonly name: string;
  /** Told of every message sent and shown. */
  readonly progress: Signal;
  /** What she was shown, as an app that keeps it by `seq` has it. */
  readonly shown: (Seen & { seq: number })[] = [];
  /** Entries that were shown again after the app had been killed, as the cursor trails the app. */
  shownAgain = 0;
  /** Whether the relay has answered what her app was told to ask. */
  isAnswered = false;
  /** Whether there is something that her app was given and does not take. */
  isHeld = false;
  readonly #start: Omit<Start, 'unsent'>;
  readonly #unsent = new Map<string, Draft>();
  readonly #onProgress: () => void;
  #process: ChildProcess | undefined;
  #log = '';
  /** Until here entries may come again: the app was killed before it could keep its cursor. */
  #mayRepeatUpTo = 0;

  constructor(
    name: string,
    start: Omit<Start, 'unsent'>,
    progress: Signal,
    onProgress: () => void,
  ) {
    this.name = name;
    this.progress = progress;
    this.#start = start;
    this.#onProgress = onProgress;
  }

  /** What was written and is not known to be sent. */
  get unsent(): readonly Draft[] {
    return [...this.#unsent.values()];
  }

  /** What her app wrote to its output, over all starts. */
  get log(): string {
    return this.#log;
  }

  isSent(clientMsgId: string): boolean {
    return !this.#unsent.has(clientMsgId);
  }

  start(): void {
    this.isHeld = false;
    const child = fork(app, { execArgv: ['--import', 'tsx'], silent: true });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#log += text;
      });
    }
    child.on('message', (message: FromApp) => {
      this.#hear(message);
    });
    child.on('exit', (code, signal) => {
      if (this.#process !== child) return;
      const how = signal ?? `code ${code ?? 'none'}`;
      this.progress.fail(new Error(`${this.name}'s app ended with ${how}:\n${this.#log}`));
    });
    this.#tell({ start: { ...this.#start, unsent: [...this.#unsent.values()] } });
  }

  /** Writes a message: at once, or when the app is there again. */
  send(draft: Draft): void {
    this.#unsent.set(draft.clientMsgId, draft);
    if (this.#process) this.#tell({ send: draft });
  }

  /** Has her app ask the relay something, whatever. */
  ask(): void {
    this.isAnswered = false;
    this.#tell({ ask: true });
  }

  /** Her app takes nothing that comes from now on, until it is started again. */
  hold(): void {
    this.#tell({ hold: true });
  }

  /** Ends the app in the middle of whatever it does. What it had said before is still heard. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child) return;
    this.#process = undefined;
    const ended = end(child);
    child.kill('SIGKILL');
    await ended;
    this.#mayRepeatUpTo = this.shown.at(-1)?.seq ?? 0;
  }

  /** Ends the app in an orderly way: what it was shown will not be shown again. */
  async dispose(): Promise<void> {
    const child = this.#process;
    if (!child) return;
    this.#process = undefined;
    const ended = end(child);
    child.send({ dispose: true } satisfies ToApp);
    await ended;
    this.#mayRepeatUpTo = 0;
  }

  #tell(message: ToApp): void {
    // That the app is gone is heard from its `exit`.
    this.#process?.send(message, () => undefined);
  }

  #hear(message: FromApp): void {
    if ('failed' in message) {
      this.progress.fail(new Error(`${this.name}'s app failed: ${message.failed.what}`));
    } else if ('answered' in message || 'held' in message) {
      this.isAnswered ||= 'answered' in message;
      this.isHeld ||= 'held' in message;
      this.progress.notify();
    } else {
      if ('sent' in message) this.#unsent.delete(message.sent.clientMsgId);
      else this.#show(message.shown);
      this.#onProgress();
      this.progress.notify();
    }
  }

  #show({ seq, sender, text }: { seq: number; sender: string; text: string }): void {
    if (seq <= this.#mayRepeatUpTo) {
      const known = this.shown.findLast((message) => message.seq === seq);
      if (known?.text === text && known.sender === sender) {
        this.shownAgain += 1;
        return;
      }
    }
    this.shown.push({ seq, sender, text });
  }
}

/** The process has ended, and everything that it said was heard: that may come later. */
async function end(child: ChildProcess): Promise<void> {
  const silent = child.connected ? once(child, 'disconnect') : undefined;
  await Promise.all([once(child, 'close'), silent]);
}

/** The latest events of a client, without what people wrote. */
import type { Failure } from '../types.js';

const ENTRIES_MAX = 500;
const CHARACTERS_MAX = 200;

/** What is noted unless everything is. */
const NOTED = /^(state|error|kicked|reset|synced)$/;
/** The only texts that are noted. None of them can hold a body, a title or a token. */
const TEXTS = /^(state|reason|code|message|status|op|change|kind|way|conv|user|sender|\w+Id)$/;
/** JSON in base64, as in a token: an app's own error may have one in its text. */
const TOKENS = /\bey[\w-]{8,}[\w.=-]*/g;

export interface JournalEntry {
  at: number;
  event: string;
  [field: string]: string | number | boolean;
}

export class Journal {
  readonly entries: JournalEntry[] = [];
  /** Whether every event is noted. */
  isVerbose = false;
  /** Hears of each entry. */
  listener?: (entry: JournalEntry) => void;
  /** Notes a frame, once there is somebody to look at it. */
  frame?: (way: 'in' | 'out', frame: string | Uint8Array) => void;

  note(event: string, content: object): void {
    const { status, failure = content } = content as { status?: string; failure?: object };
    if (!this.isVerbose && !NOTED.test(event) && status !== 'failed') return;
    const entry: JournalEntry = { at: Date.now(), event };
    const { code, message } = failure as Partial<Failure>;
    for (const [name, value] of Object.entries({ ...content, code, message })) {
      if (typeof value === 'number' || typeof value === 'boolean') entry[name] = value;
      if (typeof value !== 'string' || !TEXTS.test(name)) continue;
      entry[name] = value.slice(0, CHARACTERS_MAX).replace(TOKENS, '…');
    }
    this.entries.push(entry);
    if (this.entries.length > ENTRIES_MAX) this.entries.shift();
    this.listener?.(entry);
  }
}

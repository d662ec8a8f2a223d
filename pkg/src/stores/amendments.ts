/** What becomes of messages after they were stored: edited, taken back, deleted, replaced. */
import type { Message } from '../types.js';

/** Kept for one answer that is under way, and as the latest ones, at most. */
const KEPT_MAX = 1_000;

/** What a change makes of a message; nothing if it is no longer shown. */
export interface Amendment {
  conv: string;
  convSeq: number;
  apply: (message: Message) => Message | undefined;
}

/** Of two edits the later one counts, in whatever order they come. */
export const edited = (edit: Message): Amendment => ({
  conv: edit.conv,
  convSeq: edit.convSeq,
  apply: (message) => {
    const { kind, body, mentions, editedAt = 0 } = edit;
    if (message.recalled || (message.editedAt ?? 0) > editedAt) return message;
    return { ...message, kind, body, mentions, editedAt };
  },
});

export const recalled = (conv: string, convSeq: number): Amendment => ({
  conv,
  convSeq,
  apply: (message) => ({ ...message, body: '', recalled: true }),
});

/** Deleted by this user, or replaced by a later one. */
export const removed = (conv: string, convSeq: number): Amendment => ({
  conv,
  convSeq,
  apply: () => undefined,
});

/** Notes what happens while an answer is under way: its messages may be older. */
export class Meanwhile {
  /** The latest ones: an own message's acknowledgement may come after all that became of it. */
  readonly recent: Amendment[] = [];
  readonly #answers = new Set<Amendment[]>();

  /** Something is asked. */
  begin(): Amendment[] {
    const amendments: Amendment[] = [];
    this.#answers.add(amendments);
    return amendments;
  }

  /** The answer is there, or will not come. */
  end(amendments: Amendment[]): void {
    this.#answers.delete(amendments);
  }

  add(amendment: Amendment): void {
    for (const amendments of [this.recent, ...this.#answers]) {
      amendments.push(amendment);
      if (amendments.length > KEPT_MAX) amendments.shift();
    }
  }
}

/** The message as it reads after the changes; nothing if it is no longer shown. */
export function amend(message: Message, amendments: Amendment[]): Message | undefined {
  let now: Message | undefined = message.replaced ? undefined : message;
  for (const { conv, convSeq, apply } of amendments) {
    if (now && conv === message.conv && convSeq === message.convSeq) now = apply(now);
  }
  return now;
}

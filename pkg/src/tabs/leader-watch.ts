/**
 * Whether the one that leads still lives. It is asked, and answers as soon as it is asked: that
 * works in hidden tabs too, whose timers browsers slow down to one a minute, messages not.
 */

/** Between questions, and for how long none may be answered. */
const VISIBLE = { askMs: 2_000, silenceMsMax: 6_000 };
/** The timers of this tab are slow by themselves. */
const HIDDEN = { askMs: 20_000, silenceMsMax: 45_000 };

export type Verdict = 'fine' | 'ask' | 'silent';

export class LeaderWatch {
  /** The first question that is not answered. */
  #askedAtMs: number | undefined;
  #lookedAtMs: number;

  constructor(nowMs: number) {
    this.#lookedAtMs = nowMs;
  }

  /** It said something. */
  heard(): void {
    this.#askedAtMs = undefined;
  }

  /** How long to wait before looking again. */
  delayMs(isHidden: boolean): number {
    return (isHidden ? HIDDEN : VISIBLE).askMs;
  }

  look(nowMs: number, isHidden: boolean): Verdict {
    const { askMs, silenceMsMax } = isHidden ? HIDDEN : VISIBLE;
    // This tab slept itself: what it did not hear meanwhile proves nothing.
    const hasSlept = nowMs - this.#lookedAtMs > 2 * askMs + silenceMsMax;
    this.#lookedAtMs = nowMs;
    if (this.#askedAtMs === undefined || hasSlept) {
      this.#askedAtMs = nowMs;
      return 'ask';
    }
    return nowMs - this.#askedAtMs >= silenceMsMax ? 'silent' : 'ask';
  }
}

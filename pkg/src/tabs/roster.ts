/** Who is there, as the one that leads knows it: which tabs, how far each is, and who is silent. */
import { Interests } from './interests.js';
import type { TabId, TabState } from './messages.js';

/** A tab that has not taken something for so long is asked for a sign of life. */
const PATIENCE_MS = 3_000;
/** One that gives none for so long is not waited for: it is frozen. */
const SILENCE_MS_MAX = 5_000;

export interface TabEntry {
  id: TabId;
  state: TabState;
  wantsConnection: boolean;
  /** It has taken everything up to this number. */
  taken: number;
  interests: Interests;
  /** Since when something is waiting for it. */
  owingSinceMs?: number;
  /** When it was asked for a sign. */
  askedAtMs?: number;
  /** It gave none. Not waited for until it is heard again. */
  isFrozen: boolean;
}

export class Roster {
  readonly #tabs = new Map<TabId, TabEntry>();

  get size(): number {
    return this.#tabs.size;
  }

  get(id: TabId): TabEntry | undefined {
    return this.#tabs.get(id);
  }

  all(): TabEntry[] {
    return [...this.#tabs.values()];
  }

  /** It joins, or joins again. */
  add(id: TabId, state: TabState, wantsConnection: boolean, taken: number): TabEntry {
    const interests = this.#tabs.get(id)?.interests ?? new Interests();
    const entry = { id, state, wantsConnection, taken, interests, isFrozen: false };
    this.#tabs.set(id, entry);
    return entry;
  }

  remove(id: TabId): TabEntry | undefined {
    const entry = this.#tabs.get(id);
    this.#tabs.delete(id);
    return entry;
  }

  /** It lives. */
  heard(id: TabId): void {
    const entry = this.#tabs.get(id);
    if (!entry) return;
    entry.isFrozen = false;
    delete entry.askedAtMs;
    delete entry.owingSinceMs;
  }

  others(id: TabId): Interests[] {
    return this.all().flatMap((tab) => (tab.id === id ? [] : [tab.interests]));
  }

  wantsConnection(): boolean {
    return this.all().some((tab) => tab.wantsConnection);
  }

  isHidden(): boolean {
    return this.all().every((tab) => tab.state.isHidden);
  }

  isTaking(): boolean {
    return this.all().some((tab) => tab.state.isTaking);
  }

  showsBroadcasts(): boolean {
    return this.all().some((tab) => tab.state.isTaking && tab.state.showsBroadcasts);
  }

  /** Everybody who is waited for has taken this and all before; none if nobody is. */
  takenByAll(): number | undefined {
    let least: number | undefined;
    for (const { state, isFrozen, taken } of this.#tabs.values()) {
      if (state.isTaking && !isFrozen) least = Math.min(least ?? taken, taken);
    }
    return least;
  }

  /**
   * Things up to this number are waiting to be taken.
   * @returns whom to ask for a sign of life
   */
  chase(number: number, nowMs: number): TabId[] {
    const asked: TabId[] = [];
    for (const tab of this.#tabs.values()) {
      if (!tab.state.isTaking || tab.isFrozen || tab.taken >= number) continue;
      tab.owingSinceMs ??= nowMs;
      if (tab.askedAtMs !== undefined) {
        tab.isFrozen = nowMs - tab.askedAtMs >= SILENCE_MS_MAX;
      } else if (nowMs - tab.owingSinceMs >= PATIENCE_MS) {
        tab.askedAtMs = nowMs;
        asked.push(tab.id);
      }
    }
    return asked;
  }
}

/** As much of a relay as tabs can notice: one timeline, and one session at a time. */
import type { BrowserTab, World } from './world.ts';

/** One connection, as the relay sees it. */
export interface Connection {
  tab: BrowserTab;
  session: string;
  /** There is more in the timeline. */
  grown(): void;
  /** Another connection took its place. */
  replaced(): void;
}

export class ModelRelay {
  readonly #world: World;
  /** Ids of messages; the seq of an entry is its place, from 1. */
  readonly timeline: string[] = [];
  /** Connections that were ever open at the same time. */
  openMax = 0;
  #connection: Connection | undefined;
  #sessions = 0;

  constructor(world: World) {
    this.#world = world;
  }

  connect(tab: BrowserTab, events: Pick<Connection, 'grown' | 'replaced'>): Connection {
    const before = this.#connection;
    this.#sessions += 1;
    this.#connection = { tab, session: `s-${this.#sessions}`, ...events };
    if (before) {
      this.#world.soon(before.tab, () => {
        before.replaced();
      });
    }
    return this.#connection;
  }

  close(connection: Connection): void {
    if (this.#connection === connection) this.#connection = undefined;
  }

  drop(tab: BrowserTab): void {
    if (this.#connection?.tab === tab) this.#connection = undefined;
  }

  /** Somebody writes. */
  write(id: string): void {
    this.timeline.push(id);
    this.#tell();
  }

  /** Once for each id. @returns its place */
  store(id: string): number {
    const known = this.timeline.indexOf(id);
    if (known >= 0) return known + 1;
    this.timeline.push(id);
    this.#tell();
    return this.timeline.length;
  }

  #tell(): void {
    const connection = this.#connection;
    if (!connection) return;
    this.#world.soon(connection.tab, () => {
      connection.grown();
    });
  }
}

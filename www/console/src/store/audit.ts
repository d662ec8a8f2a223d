// The history: who did what, newest first.
import { reactive } from 'vue';

import { failureText } from '../api/failure.ts';
import type { OperatorApi } from '../api/operator-api.ts';
import type { AuditLine } from '../api/types.ts';

const PAGE_SIZE = 30;
const LINES_MAX = 600;

export class AuditTrail {
  readonly state = reactive({
    lines: undefined as AuditLine[] | undefined,
    hasMore: false,
    isLoading: false,
    failure: '',
  });
  readonly #api: OperatorApi;
  readonly #broadcast: number | undefined;
  #next: number | undefined;

  /** @param broadcast whose; the app's, if absent */
  constructor(api: OperatorApi, broadcast?: number) {
    this.#api = api;
    this.#broadcast = broadcast;
  }

  /** What happened since goes on top; a history changes nowhere else. */
  async refresh(): Promise<void> {
    await this.#load(undefined);
  }

  async more(): Promise<void> {
    if (this.#next !== undefined) await this.#load(this.#next);
  }

  async #load(before: number | undefined): Promise<void> {
    if (this.state.isLoading) return;
    this.state.isLoading = true;
    try {
      const page = await this.#api.audit(this.#broadcast, before, PAGE_SIZE);
      this.#take(page, before !== undefined);
      this.state.failure = '';
    } catch (error) {
      this.state.failure = failureText(error);
    } finally {
      this.state.isLoading = false;
    }
  }

  #take(page: { lines: AuditLine[]; next?: number }, isOlder: boolean): void {
    const known = this.state.lines ?? [];
    const isKnown = new Set(known.map(({ id }) => id));
    const fresh = page.lines.filter(({ id }) => !isKnown.has(id));
    // More happened since than one page holds: begin anew rather than leave a hole.
    const isApart = !isOlder && known.length > 0 && fresh.length === page.lines.length;
    if (isApart || known.length === 0) this.state.lines = fresh;
    else this.state.lines = isOlder ? [...known, ...fresh] : [...fresh, ...known];
    if (isOlder || isApart || known.length === 0) this.#next = page.next;
    this.state.hasMore = this.#next !== undefined && this.state.lines.length < LINES_MAX;
  }
}

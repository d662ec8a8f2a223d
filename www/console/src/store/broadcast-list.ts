// The list: pages of broadcasts, newest first, refreshed in place.
import { reactive } from 'vue';

import { failureText } from '../api/failure.ts';
import type { OperatorApi } from '../api/operator-api.ts';
import type { Broadcast, BroadcastState } from '../api/types.ts';

const PAGE_SIZE = 25;
/** Rows that are kept and refreshed at most; older ones are found by filter. */
const ROWS_MAX = 200;

export class BroadcastList {
  readonly state = reactive({
    /** Nothing is known before the first answer. */
    rows: undefined as Broadcast[] | undefined,
    hasMore: false,
    isLoading: false,
    failure: '',
  });
  readonly #api: OperatorApi;
  #states: BroadcastState[] = [];
  /** Tells apart answers to questions that are no longer asked. */
  #question = 0;

  constructor(api: OperatorApi) {
    this.#api = api;
  }

  /** Shows those in these states; in any, if empty. */
  async show(states: BroadcastState[]): Promise<void> {
    this.#states = states;
    this.state.rows = undefined;
    await this.refresh();
  }

  /** As many as are shown, anew. Nothing flickers: rows that stay the same stay. */
  async refresh(): Promise<void> {
    await this.#load(Math.max(this.state.rows?.length ?? 0, PAGE_SIZE));
  }

  async more(): Promise<void> {
    await this.#load((this.state.rows?.length ?? 0) + PAGE_SIZE);
  }

  async #load(wanted: number): Promise<void> {
    const count = Math.min(wanted, ROWS_MAX);
    const question = (this.#question += 1);
    this.state.isLoading = true;
    try {
      const rows: Broadcast[] = [];
      let next: number | undefined;
      do {
        const page = await this.#api.list(this.#states, next, PAGE_SIZE);
        if (question !== this.#question) return;
        rows.push(...page.broadcasts);
        next = page.next;
      } while (next !== undefined && rows.length < count);
      Object.assign(this.state, {
        rows,
        hasMore: next !== undefined && rows.length < ROWS_MAX,
        failure: '',
      });
    } catch (error) {
      // What was known stays in view.
      if (question === this.#question) this.state.failure = failureText(error);
    } finally {
      if (question === this.#question) this.state.isLoading = false;
    }
  }
}

// One broadcast: what it is at present, and what an operator does with it.
import { reactive } from 'vue';

import { codeOf, failureText } from '../api/failure.ts';
import type { OperatorApi, Seen } from '../api/operator-api.ts';
import type { Broadcast, Staging } from '../api/types.ts';

export class BroadcastStore {
  readonly id: number;
  readonly state = reactive({
    broadcast: undefined as Broadcast | undefined,
    /** It does not exist, or no longer. */
    isGone: false,
    /** Why it could not be loaded. */
    failure: '',
    /** Why what was asked for last was not done. */
    refusal: '',
    isBusy: false,
  });
  readonly #api: OperatorApi;

  constructor(api: OperatorApi, id: number) {
    this.#api = api;
    this.id = id;
  }

  async refresh(): Promise<void> {
    try {
      this.#take(await this.#api.get(this.id));
      this.state.failure = '';
    } catch (error) {
      if (codeOf(error) === 'broadcast_unknown') this.state.isGone = true;
      this.state.failure = failureText(error);
    }
  }

  stage(seen: Seen, staging: Staging): Promise<boolean> {
    return this.#act(() => this.#api.stage(seen, staging));
  }

  publish(seen: Seen, window_ms?: number): Promise<boolean> {
    return this.#act(() => this.#api.publish(seen, window_ms));
  }

  wave(seen: Seen, window_ms: number): Promise<boolean> {
    return this.#act(() => this.#api.wave(seen, window_ms));
  }

  stop(seen: Seen): Promise<boolean> {
    return this.#act(() => this.#api.stop(seen));
  }

  recall(seen: Seen): Promise<boolean> {
    return this.#act(() => this.#api.recall(seen));
  }

  delete(seen: Seen): Promise<boolean> {
    return this.#act(async () => {
      await this.#api.delete(seen);
    });
  }

  /** @returns whether it was done; if not, why stands in `refusal` */
  async #act(action: () => Promise<Broadcast | undefined>): Promise<boolean> {
    this.state.isBusy = true;
    this.state.refusal = '';
    try {
      const changed = await action();
      if (changed) this.#take(changed);
      return true;
    } catch (error) {
      this.state.refusal = failureText(error);
      const isStale = ['revision_conflict', 'state_forbidden', 'broadcast_unknown'].includes(
        codeOf(error),
      );
      if (isStale) await this.refresh();
      return false;
    } finally {
      this.state.isBusy = false;
    }
  }

  /** An answer that was overtaken by a newer one is not taken. */
  #take(broadcast: Broadcast): void {
    if (broadcast.revision < (this.state.broadcast?.revision ?? 0)) return;
    this.state.broadcast = broadcast;
  }
}

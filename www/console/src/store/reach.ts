// How far a broadcast reached, and how far its wave is.
import { reactive } from 'vue';

import { failureText } from '../api/failure.ts';
import type { OperatorApi } from '../api/operator-api.ts';
import type { Progress, Reach, ReachHour } from '../api/types.ts';

const HOUR_US = 3_600_000_000;

export class ReachStore {
  readonly state = reactive({
    reach: undefined as Reach | undefined,
    progress: undefined as Progress | undefined,
    failure: '',
  });
  readonly #api: OperatorApi;
  readonly #id: number;

  constructor(api: OperatorApi, id: number) {
    this.#api = api;
    this.#id = id;
  }

  async refreshReach(): Promise<void> {
    await this.#ask(async () => {
      this.state.reach = await this.#api.reach(this.#id);
    });
  }

  async refreshProgress(): Promise<void> {
    await this.#ask(async () => {
      this.state.progress = await this.#api.progress(this.#id);
    });
  }

  async #ask(question: () => Promise<void>): Promise<void> {
    try {
      await question();
      this.state.failure = '';
    } catch (error) {
      // The numbers that were known stay in view.
      this.state.failure = failureText(error);
    }
  }
}

/** One bar of the chart. */
export interface HourBar {
  hour_us: number;
  handed: number;
  opened: number;
}

/**
 * Bars by hour, of one host or of all together, from the first hour to the last without a gap;
 * only the newest `max`. A user whom two hosts reached in an hour is counted by each.
 */
export function hourBars(hours: ReachHour[], host: string | undefined, max: number): HourBar[] {
  const chosen = hours.filter((hour) => host === undefined || hour.host === host);
  if (chosen.length === 0) return [];
  const last_us = Math.max(...chosen.map(({ hour_us }) => hour_us));
  const first_us = Math.min(...chosen.map(({ hour_us }) => hour_us));
  const count = Math.min(Math.round((last_us - first_us) / HOUR_US) + 1, max);
  return Array.from({ length: count }, (_, i) => {
    const hour_us = last_us - (count - 1 - i) * HOUR_US;
    const rows = chosen.filter((hour) => hour.hour_us === hour_us);
    return {
      hour_us,
      handed: rows.reduce((sum, { handed }) => sum + handed, 0),
      opened: rows.reduce((sum, { opened }) => sum + opened, 0),
    };
  });
}

export const hostsOf = (hours: ReachHour[]): string[] =>
  [...new Set(hours.map(({ host }) => host))].sort();

// The allow-list: users who see what is being tried out.
import { USER_ID_LENGTH_MAX, userIdProblem } from '@seqline/shared/user-ids.ts';
import { reactive } from 'vue';

import { failureText } from '../api/failure.ts';
import type { OperatorApi } from '../api/operator-api.ts';

export class AllowListStore {
  readonly state = reactive({
    users: undefined as string[] | undefined,
    failure: '',
    isBusy: false,
  });
  readonly #api: OperatorApi;
  /** A list that was asked for before a change is not shown after it. */
  #changes = 0;

  constructor(api: OperatorApi) {
    this.#api = api;
  }

  async refresh(): Promise<void> {
    const before = this.#changes;
    try {
      const users = await this.#api.allowList();
      if (this.#changes === before) Object.assign(this.state, { users, failure: '' });
    } catch (error) {
      this.state.failure = failureText(error);
    }
  }

  /** @returns whether it was done; if not, why stands in `failure` */
  async change(how: 'replace' | 'add' | 'remove', users: string[]): Promise<boolean> {
    this.#changes += 1;
    this.state.isBusy = true;
    try {
      this.state.users = await this.#api.changeAllowList(how, users);
      this.state.failure = '';
      return true;
    } catch (error) {
      this.state.failure = failureText(error);
      return false;
    } finally {
      this.state.isBusy = false;
    }
  }
}

/** Users of a pasted text, each once: by lines, commas, semicolons or spaces. */
export function usersIn(text: string): { users: string[]; problem: string | undefined } {
  const users = [...new Set(text.split(/[\s,;，；]+/).filter((user) => user !== ''))];
  const wrong = users.find((user) => userIdProblem(user) !== undefined);
  if (wrong === undefined) return { users, problem: undefined };
  const shown = wrong.length > USER_ID_LENGTH_MAX ? `${wrong.slice(0, 20)}…` : wrong;
  return { users, problem: `“${shown}”: ${userIdProblem(wrong) ?? ''}` };
}

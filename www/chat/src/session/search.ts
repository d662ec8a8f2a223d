// Searches the user's messages: as it is typed, one question at a time.
import type { Client, Message } from 'seqline';
import { reactive } from 'vue';

import { failureText } from './failures.ts';

/** Typing is over after this long without a key. */
const PAUSE_MS = 250;
/** Messages asked for at once. */
const PAGE_MESSAGES = 20;

export interface SearchState {
  text: string;
  isLoading: boolean;
  /** Newest first; none before the first answer. */
  found?: Message[];
  /** Asks for more, if there is more. */
  next?: number;
  failure?: string;
}

export class Search {
  readonly state: SearchState = reactive<object>({ text: '', isLoading: false }) as SearchState;
  private readonly client: Client;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts questions: an answer to an older one is of no use. */
  private asked = 0;

  constructor(client: Client) {
    this.client = client;
  }

  /** The user has typed. */
  type(text: string): void {
    clearTimeout(this.timer);
    this.state.text = text;
    this.asked += 1;
    if (text.trim() === '') {
      this.forget();
      return;
    }
    this.state.isLoading = true;
    this.timer = setTimeout(() => {
      void this.ask(undefined);
    }, PAUSE_MS);
  }

  clear(): void {
    this.type('');
  }

  /** Loads older ones. */
  async more(): Promise<void> {
    const { next, isLoading } = this.state;
    if (next !== undefined && !isLoading) await this.ask(next);
  }

  /** Asks again after a failure. */
  retry(): void {
    void this.ask(undefined);
  }

  private async ask(before: number | undefined): Promise<void> {
    const { state } = this;
    this.asked += 1;
    const question = this.asked;
    state.isLoading = true;
    delete state.failure;
    try {
      const page = await this.client.messages.search(state.text.trim(), {
        limit: PAGE_MESSAGES,
        ...(before === undefined ? {} : { before }),
      });
      if (question !== this.asked) return;
      state.found =
        before === undefined ? page.messages : [...(state.found ?? []), ...page.messages];
      if (page.next === undefined) delete state.next;
      else state.next = page.next;
    } catch (error) {
      if (question === this.asked) state.failure = failureText(error);
    } finally {
      if (question === this.asked) state.isLoading = false;
    }
  }

  private forget(): void {
    this.state.isLoading = false;
    delete this.state.found;
    delete this.state.next;
    delete this.state.failure;
  }
}

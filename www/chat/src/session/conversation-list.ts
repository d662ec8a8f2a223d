// Loads the list of conversations: its first page after each connect, further ones on demand.
import type { Client } from 'seqline';
import { reactive } from 'vue';

import { receiveConversations, type Chat } from '../store/chat.ts';
import { failureText, isConnectionFailure } from './failures.ts';

export interface ListState {
  isLoading: boolean;
  failure?: string;
  /** Asks for the next page, if there is one. */
  next?: string;
}

export class ConversationList {
  readonly state: ListState = reactive({ isLoading: false });
  private readonly client: Client;
  private readonly chat: Chat;
  private mustReload = false;

  constructor(client: Client, chat: Chat) {
    this.client = client;
    this.chat = chat;
  }

  /** Loads the most recently active ones, now or after what is under way. */
  async reload(): Promise<void> {
    this.mustReload = true;
    while (this.mustReload && !this.state.isLoading) {
      this.mustReload = false;
      const isFirst = !this.chat.isListed;
      await this.load(undefined, isFirst);
    }
  }

  /** Loads the list if it did not come when it was asked for. */
  async retry(): Promise<void> {
    if (this.mustReload || !this.chat.isListed) await this.reload();
  }

  /** Loads the next page. */
  async more(): Promise<void> {
    if (this.state.next !== undefined && !this.state.isLoading)
      await this.load(this.state.next, true);
  }

  /** @param continues whether the page after this one is the next that the user has not seen */
  private async load(page: string | undefined, continues: boolean): Promise<void> {
    this.state.isLoading = true;
    delete this.state.failure;
    try {
      const { conversations, next } = await this.client.conversations(
        page === undefined ? {} : { page },
      );
      receiveConversations(this.chat, conversations);
      if (!continues) return;
      if (next === undefined) delete this.state.next;
      else this.state.next = next;
    } catch (error) {
      if (!isConnectionFailure(error)) this.state.failure = failureText(error);
    } finally {
      this.state.isLoading = false;
    }
  }
}

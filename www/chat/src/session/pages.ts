// Loads history: one request at a time for each conversation.
import type { Client } from 'seqline';
import { reactive } from 'vue';

import { receivePage, type Chat } from '../store/chat.ts';
import {
  hasNewer,
  hasOlder,
  mustCatchUp,
  pageRequest,
  type PageRequest,
} from '../store/message-window.ts';
import { codeOf, failureText, isConnectionFailure } from './failures.ts';

export interface PageState {
  loading?: PageRequest['kind'];
  /** Why the last request failed, if another connection alone will not heal it. */
  failure?: string;
}

export class Pages {
  /** By conversation. */
  readonly states = reactive(new Map<string, PageState>());
  private readonly client: Client;
  private readonly chat: Chat;

  constructor(client: Client, chat: Chat) {
    this.client = client;
    this.chat = chat;
  }

  /** Loads what is missing between the open conversation and its newest message. */
  async catchUp(): Promise<void> {
    for (let kind = this.missing(); kind; kind = this.missing()) {
      if (!this.chat.open || !(await this.load(this.chat.open, kind))) return;
    }
  }

  /** Loads the page above or below what is shown, if there is one. */
  async more(kind: 'older' | 'newer'): Promise<void> {
    const { open } = this.chat;
    const window = open === undefined ? undefined : this.chat.windows.get(open);
    if (open === undefined || !window) return;
    if (kind === 'older' ? hasOlder(window) : hasNewer(window)) await this.load(open, kind);
    await this.catchUp();
  }

  /** Goes back from older messages to the newest ones. */
  async newest(): Promise<void> {
    const { open } = this.chat;
    if (open === undefined || !this.chat.windows.get(open)?.detached) return;
    await this.load(open, 'newest');
    await this.catchUp();
  }

  private missing(): PageRequest['kind'] | undefined {
    const { open, windows } = this.chat;
    const window = open === undefined ? undefined : windows.get(open);
    if (!window) return undefined;
    if (!window.loaded) return 'newest';
    return mustCatchUp(window) ? 'newer' : undefined;
  }

  /** @returns whether a page came, and going on makes sense */
  private async load(conv: string, kind: PageRequest['kind']): Promise<boolean> {
    const window = this.chat.windows.get(conv);
    if (!window || this.states.get(conv)?.loading || this.client.state.state !== 'connected') {
      return false;
    }
    const request = pageRequest(window, kind);
    this.states.set(conv, { loading: kind });
    try {
      const page = await this.client.history(conv, request.query);
      this.states.delete(conv);
      receivePage(this.chat, conv, request, page);
      return true;
    } catch (error) {
      this.states.delete(conv);
      // A conversation that nobody has written in yet is unknown to the relay.
      if (codeOf(error) === 'conversation_unknown')
        receivePage(this.chat, conv, request, noMessages);
      else if (!isConnectionFailure(error)) this.states.set(conv, { failure: failureText(error) });
      return false;
    }
  }
}

const noMessages = { messages: [], more: false };

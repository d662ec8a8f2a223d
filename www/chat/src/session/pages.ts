// Loads history: one request at a time for each conversation.
import type { Client } from 'seqline';
import { reactive } from 'vue';

import { receivePage, type Chat } from '../store/chat.ts';
import { unreadOf } from '../store/conversation-rows.ts';
import {
  hasNewer,
  hasOlder,
  mustCatchUp,
  pageRequest,
  type PageKind,
} from '../store/message-window.ts';
import { codeOf, failureText, isConnectionFailure } from './failures.ts';

/** Messages loaded before one that is jumped to. */
const BEFORE_TARGET = 20;

/** With more unread messages, a conversation opens at the first of them, not at the newest. */
const UNREAD_ON_NEWEST_PAGE_MAX = 40;

export interface PageState {
  loading?: PageKind;
  /** Why the last request failed, if another connection alone will not heal it. */
  failure?: string;
}

export class Pages {
  /** By conversation. */
  readonly states = reactive(new Map<string, PageState>());
  private readonly client: Client;
  private readonly chat: Chat;

  private readonly changed: () => void;

  /** @param changed is called when a page has come, before it is drawn */
  constructor(client: Client, chat: Chat, changed: () => void) {
    this.client = client;
    this.chat = chat;
    this.changed = changed;
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

  private missing(): PageKind | undefined {
    const { open, windows } = this.chat;
    const window = open === undefined ? undefined : windows.get(open);
    if (!window) return undefined;
    if (!window.loaded) {
      if (this.chat.target !== undefined) return 'unread';
      return this.unreadInOpen() > UNREAD_ON_NEWEST_PAGE_MAX ? 'unread' : 'newest';
    }
    return mustCatchUp(window) ? 'newer' : undefined;
  }

  private unreadInOpen(): number {
    const row = this.chat.rows.get(this.chat.open ?? '');
    return row ? unreadOf(row) : 0;
  }

  /** @returns whether a page came, and going on makes sense */
  private async load(conv: string, kind: PageKind): Promise<boolean> {
    const window = this.chat.windows.get(conv);
    if (!window || this.states.get(conv)?.loading || this.client.state.state !== 'connected') {
      return false;
    }
    const { target } = this.chat;
    const read = target === undefined ? this.chat.rows.get(conv)?.read : target - BEFORE_TARGET;
    const request = pageRequest(window, kind, Math.max(read ?? 0, 0));
    this.states.set(conv, { loading: kind });
    try {
      const page = await this.client.history(conv, request.query);
      this.states.delete(conv);
      receivePage(this.chat, conv, request, page);
      this.changed();
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

// Tells the relay what was read: only what the user can have seen.
import type { Client } from 'seqline';

import { receiveRead, type Chat } from '../store/chat.ts';
import { unreadOf } from '../store/conversation-rows.ts';
import { hasNewer } from '../store/message-window.ts';
import { updateDivider } from '../store/unread-divider.ts';
import { isRetryable } from './failures.ts';

export class ReadMarks {
  private readonly client: Client;
  private readonly chat: Chat;
  /** Marks that the relay has not confirmed, by conversation. */
  private readonly unconfirmed = new Map<string, number>();
  /** Those of them that it did not take, for now. */
  private readonly failed = new Set<string>();
  private isPageVisible = true;

  constructor(client: Client, chat: Chat) {
    this.client = client;
    this.chat = chat;
  }

  setPageVisible(isVisible: boolean): void {
    this.isPageVisible = isVisible;
    this.update();
  }

  /** Marks the open conversation as read, if its end is in view. Call it after every change. */
  update(): void {
    const { chat } = this;
    const { open } = chat;
    const window = open === undefined ? undefined : chat.windows.get(open);
    const row = open === undefined ? undefined : chat.rows.get(open);
    // Before the list came, it is not known what is unread.
    if (open === undefined || !window?.loaded || !row || !chat.isListed) return;
    const isInView = this.isPageVisible && chat.following && !hasNewer(window);
    updateDivider(chat, isInView);
    if (!isInView || unreadOf(row) === 0) return;
    receiveRead(chat, { conv: open, convSeq: window.high });
    this.send(open, window.high);
  }

  /** Sends again what was lost with the connection. */
  resend(): void {
    for (const [conv, convSeq] of this.unconfirmed) this.send(conv, convSeq);
  }

  /** Sends again what the relay did not take. */
  retry(): void {
    for (const conv of this.failed) this.send(conv, this.unconfirmed.get(conv) ?? 0);
  }

  private send(conv: string, convSeq: number): void {
    this.unconfirmed.set(conv, convSeq);
    this.failed.delete(conv);
    if (this.client.state.state !== 'connected') return;
    const isNewest = () => this.unconfirmed.get(conv) === convSeq;
    this.client.markRead(conv, convSeq).then(
      () => {
        if (isNewest()) this.unconfirmed.delete(conv);
      },
      (error: unknown) => {
        // A later mark says it, too.
        if (isNewest() && isRetryable(error)) this.failed.add(conv);
      },
    );
  }
}
